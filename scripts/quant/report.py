"""What quantisation did, layer by layer: one document, shown as text, JSON or HTML (report_html.py).

    document                  {"format": "witin.quantisation", "version": 1, network, arithmetic, options, producer,
                               frames, layers: [...], array: {...}, output_sqnr_db, bits, notes, accuracy}
    layers[k]                 {"name", "op", "low", "high": of the float values, "scale", "bits", "sqnr_db",
                               "saturated": share of the codes at a bound that cuts values off, "histogram",
                               and for array layers "scale_x", "scale_weight", "g", "x_bits", "neg_in",
                               "weight_sqnr_db", "notes",
                               "array": [{"matrix", "rows", "columns", "bias_rows", "cells", "share"}]}

SQNR is signal to quantisation noise in dB against the float network on the same data; null where nothing differs.
"""
import json
import os

import numpy as np

from . import budget, evaluate
from .graph import ARRAY, RECURRENT
from .plan import ROWS, rows_of

COLUMNS = 1024
BARS = 64


def decibels(value):
    return None if not np.isfinite(value) else round(float(value), 2)


def document(result, accuracy=None):
    graph, plan = result.graph, result.plan
    layers = [row_of(result, layer) for layer in graph.layers]
    inputs = [{"name": name, "op": "input", **value_facts(result, name)} for name in graph.inputs]
    parts = [part for row in layers for part in row.get("array", [])]
    wanted, got = (np.concatenate([np.ravel(v) for v in values]) for values in zip(*(
        (result.floats[name], result.codes[name]["npu_y"] / plan.codes[name].scale) for name in graph.outputs)))
    options = plan.options
    return {"format": "witin.quantisation", "version": 1, "producer": result.package.producer, "network": graph.name,
            "arithmetic": options.arithmetic, "frames": len(next(iter(result.frames.values()))),
            "time_layout": result.layout, "options": {
                "range": options.method, "percentile": options.percentile, "weight_range": options.weight_method,
                "bias_rows": options.bias_rows, "neg_in": options.neg_in, "equalised_pairs": result.pairs,
                "bias_correction": options.bias_correction, "bits_budget": options.bits_budget,
                "average": options.average, "copies": options.copies},
            "inputs": inputs, "layers": layers, "outputs": graph.outputs,
            "output_sqnr_db": decibels(evaluate.sqnr(wanted, got)),
            "array": {"cells": sum(p["cells"] for p in parts), "share": sum(p["share"] for p in parts)},
            "bits": {"mean": budget.mean_width(graph, plan.widths), "steps": [
                {"value": name, "bits": bits, "output_sqnr_db": decibels(db), "mean": mean}
                for name, bits, db, mean in result.choices]},
            "notes": list(graph.notes), "accuracy": accuracy}


def value_facts(result, name):
    code, histogram = result.plan.codes[name], result.stats[name]
    return {"low": float(histogram.low), "high": float(histogram.high), "scale": code.scale, "bits": code.bits,
            "codes": code.kind, "shift": code.shift, "histogram": bars(histogram),
            "shown": [(code.low - code.shift) / code.scale, (code.high - code.shift) / code.scale]}


def bars(histogram):
    """Counts in BARS bins over +-limit."""
    return {"limit": histogram.limit, "counts": histogram.counts.reshape(BARS, -1).sum(1).tolist()}


def saturated(result, name, codes):
    """Share of the codes at a bound where the float values go beyond what the bound shows. What a ReLU cuts off anyway
    does not count."""
    code, values = result.plan.codes[name], result.floats[name]
    users = result.graph.users(name)
    below = (codes == code.low) & (values < (code.low - 0.5) / code.scale)
    if users and name not in result.graph.outputs and all(u.op == "relu" for u in users):
        below = np.zeros_like(below)
    return float((below | (codes == code.high) & (values > (code.high + 0.5) / code.scale)).mean())


def row_of(result, layer):
    plan, codes = result.plan, result.codes[layer.name]["npu_y"]
    code, values = plan.codes[layer.name], result.floats[layer.name]
    row = {"name": layer.name, "op": result.package.find(layer.name)["op"], **value_facts(result, layer.name),
           "saturated": saturated(result, layer.name, codes), "notes": []}
    users = result.graph.users(layer.name)
    if users and layer.name not in result.graph.outputs and all(u.op == "relu" for u in users):
        values, codes = np.maximum(values, 0), np.maximum(codes, 0)      # a ReLU is all that sees the layer
    row["sqnr_db"] = decibels(evaluate.sqnr(values, codes / code.scale))
    if layer.op in ARRAY + RECURRENT:
        row.update(matrix_facts(result, layer))
    return row


def matrix_facts(result, layer):
    plan, x = result.plan, result.plan.codes[layer.inputs[0]]
    parts = plan.arrays[layer.name]
    first = next(iter(parts.values()))
    facts = {"scale_x": x.scale, "scale_weight": first.scale_weight, "g": {k: p.g for k, p in parts.items()} if
             layer.op in RECURRENT else first.g, "x_bits": first.attributes.get("x_bits", 8),
             "neg_in": first.attributes.get("neg_in", "signed" if x.low < 0 else "none"),
             "notes": [note for part in parts.values() for note in part.notes], "array": []}
    for key, part in parts.items():
        rows, columns = array_size(layer, part, key, facts["neg_in"] in ("pn", "signed"))
        facts["array"].append({"matrix": key, "rows": rows, "columns": columns, "bias_rows": plan.options.bias_rows,
                               "cells": rows * columns, "share": rows * columns / (ROWS * COLUMNS)})
        if rows > ROWS or columns > COLUMNS:
            facts["notes"].append(f"{rows} rows and {columns} columns: more than one array holds")
    if layer.op in ARRAY:
        exact, held = layer.params["weight"], part.weights[0] / part.scale_weight
        facts["weight_sqnr_db"] = decibels(evaluate.sqnr(exact, held))
    return facts


def array_size(layer, part, key, signed):
    """(weight rows, columns) of a matrix. Signed codes take two rows each, as a recurrent state always does; groups lie
    in blocks along the diagonal."""
    twice = 2 if signed else 1
    if layer.op in RECURRENT:
        columns, units = part.weights[0].shape[1], layer.shape[0]
        if layer.op == "gru" and layer.attrs["reset_after"]:
            return len(part.weights[0]) * (2 if key == "h" else twice), columns
        return 2 * units + twice * (sum(map(len, part.weights)) - units), columns
    return part.copies * twice * rows_of(layer) * layer.attrs.get("groups", 1), layer.shape[0]


# ------------------------------------------------------------------------------------------------ text and JSON
def number(value):
    return "" if value is None else f"{value:g}"


def decibel_text(value):
    return "exact" if value is None else f"{value:.1f}"


def lines(doc):
    head = ("layer", "op", "float range", "scale", "bits", "g", "neg_in", "SQNR dB", "sat %", "rows x cols", "array %")
    rows = [head]
    for entry in doc["inputs"] + doc["layers"]:
        parts = entry.get("array", [])
        g = entry.get("g")
        rows.append((entry["name"], entry["op"], f"{entry['low']:.4g} .. {entry['high']:.4g}", number(entry["scale"]),
                     str(entry.get("x_bits", entry["bits"])),
                     " ".join(number(v) for v in g.values()) if isinstance(g, dict) else number(g),
                     entry.get("neg_in", entry["codes"] if entry["op"] == "input" else ""),
                     "" if entry["op"] == "input" else decibel_text(entry["sqnr_db"]),
                     f"{100 * entry['saturated']:.2f}" if "saturated" in entry else "",
                     " ".join(f"{p['rows']}x{p['columns']}" for p in parts),
                     f"{100 * sum(p['share'] for p in parts):.2f}" if parts else ""))
    widths = [max(len(row[k]) for row in rows) for k in range(len(head))]
    right = {3, 4, 7, 8, 10}
    align = lambda column, cell: (cell.rjust if column in right else cell.ljust)(widths[column])
    shown = ["  ".join(align(k, cell) for k, cell in enumerate(row)).rstrip() for row in rows]
    shown.append("")
    shown.append(f"output SQNR {decibel_text(doc['output_sqnr_db'])} dB over {doc['frames']} frames, "
                 f"{100 * doc['array']['share']:.2f} % of one array, mean width of array inputs "
                 f"{doc['bits']['mean']:.2f} bits, {doc['options']['equalised_pairs']} pairs equalised")
    for step in doc["bits"]["steps"]:
        shown.append(f"{step['value']} gets {step['bits']} bits: output SQNR {step['output_sqnr_db']} dB")
    for entry in doc["layers"]:
        shown += [f"{entry['name']}: {note}" for note in entry["notes"]]
    shown += doc["notes"]
    if doc["accuracy"]:
        shown.append(f"accuracy: float {100 * doc['accuracy']['float']:.2f} %, quantised "
                     f"{100 * doc['accuracy']['quantised']:.2f} % of {doc['accuracy']['samples']} samples")
    return shown


def write(path, text):
    """Written beside and renamed."""
    partial = f"{path}.{os.getpid()}.part"
    try:
        with open(partial, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.replace(partial, path)
    except BaseException:
        if os.path.exists(partial):
            os.unlink(partial)
        raise


def json_text(doc):
    return json.dumps(doc, indent=1, allow_nan=False) + "\n"
