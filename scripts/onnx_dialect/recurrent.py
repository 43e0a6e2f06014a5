"""Lstm, Gru (five and seven inputs), Gru2Array. Rows of the matrices: x first, then h; Gru with five inputs h first."""
import numpy as np

from onnx_dialect.array import BIAS_UNIT, check_g, weights
from onnx_dialect.graph import INT8, refuse_attributes


CELL_CODES = -128, 255


def _tables(graph, node, count):
    tables = node.get("activate_table")
    if tables is None:
        node.refuse("attribute activate_table is missing")
    tables = [graph.whole(node, f"activate_table {i}", table).reshape(-1) for i, table in enumerate(tables)]
    if len(tables) != count or any(table.size not in (256, 1024) for table in tables):
        node.refuse(f"activate_table has tables of {[t.size for t in tables]} entries, expected {count} of 256 or 1024")
    return tables


def _vectors(graph, node, indices):
    """Biases; one that is no multiple of 128 cannot lie on the array."""
    result = []
    for index in indices:
        bias = graph.integers(node, index)
        bias = None if bias is None else bias.reshape(-1)
        if bias is not None and (bias % BIAS_UNIT).any():
            at = int(np.flatnonzero(bias % BIAS_UNIT)[0])
            node.refuse(f"{node.inputs[index]}: bias {bias[at]} at index [{at}] is no multiple of {BIAS_UNIT}")
        result.append(bias)
    return result


def _shifts(node, default, lengths):
    shifts = list(node.get("shift_bits", default))
    if len(shifts) not in lengths:
        node.refuse(f"shift_bits {shifts}, expected {' or '.join(map(str, lengths))} of them")
    return shifts


def _g(graph, node, name):
    if node.get(name) is None:
        node.refuse(f"attribute {name} is missing")
    return check_g(graph, node, float(node.get(name)))


def _input(graph, node):
    value = graph.input(node)
    if len(value.shape) != 1:
        node.refuse(f"input {value.shape} is not a vector a frame; reshape maps to [T, ...] first")
    if not value.within(CELL_CODES):
        node.refuse(f"input codes {value.range[0]}..{value.range[1]} do not fit a cell, which takes -128..255")
    return value


def _check(node, **shapes):
    """Each argument: (found, expected) shapes of a tensor; None expects nothing of an absent bias."""
    for name, (found, expected) in shapes.items():
        if found is not None and list(found.shape) != expected:
            node.refuse(f"{name} has shape {list(found.shape)}, expected {expected}")


def lstm(graph, node):
    x = _input(graph, node)
    ifo, candidate = weights(graph, node, 1), weights(graph, node, 2)
    bias_ifo, bias_c = _vectors(graph, node, (3, 4))
    units = candidate.shape[-1]
    rows = x.shape[0] + units
    _check(node, weight_ifo=(ifo, [rows, 3 * units]), weight_c=(candidate, [rows, units]),
           bias_ifo=(bias_ifo, [3 * units]), bias_c=(bias_c, [units]))
    gate, cell, output = _tables(graph, node, 3)
    shifts = _shifts(node, [-7, -7], (2, 4))
    shifts = [0, 0] + shifts if len(shifts) == 2 else shifts
    graph.add(node, "lstm", [x], [units], INT8,
              {"weight_ifo": ifo, "weight_c": candidate, "bias_ifo": bias_ifo, "bias_c": bias_c, "table_gate": gate,
               "table_cell": cell, "table_output": output},
              {"g_ifo": _g(graph, node, "scale_ioft"), "g_c": _g(graph, node, "scale_ct"),
               "shifts": shifts, "reset_every": node.get("clean_ctht") or None})


def gru(graph, node):
    if len(node.inputs) not in (5, 7):
        node.refuse(f"has {len(node.inputs)} inputs, expected 5 or 7")
    x = _input(graph, node)
    sigmoid, tanh = _tables(graph, node, 2)
    common = {"shifts": _shifts(node, [-7, -7], (2,)), "ones": node.get("scale_ones", 127),
              "reset_every": node.get("clean_ht") or None}
    tables = {"table_sigmoid": sigmoid, "table_tanh": tanh}
    width = x.shape[0]
    if len(node.inputs) == 7:
        zr, hn, inn = (weights(graph, node, i) for i in (1, 2, 3))
        bias_zr, bias_hn, bias_in = _vectors(graph, node, (4, 5, 6))
        units = hn.shape[-1]
        _check(node, weight_zr=(zr, [width + units, 2 * units]), weight_hn=(hn, [units, units]),
               weight_in=(inn, [width, units]), bias_zr=(bias_zr, [2 * units]), bias_hn=(bias_hn, [units]),
               bias_in=(bias_in, [units]))
        graph.add(node, "gru", [x], [units], INT8,
                  {"weight_zr": zr, "weight_hn": hn, "weight_in": inn, "bias_zr": bias_zr, "bias_hn": bias_hn,
                   "bias_in": bias_in, **tables},
                  {"g_zr": _g(graph, node, "scale_zr"), "g_hn": _g(graph, node, "scale_ht"),
                   "g_in": _g(graph, node, "scale_in"), **common})
        return
    zr, candidate = weights(graph, node, 1), weights(graph, node, 2)
    bias_zr, bias_h = _vectors(graph, node, (3, 4))
    units = candidate.shape[-1]
    _check(node, weight_zr=(zr, [width + units, 2 * units]), weight_h=(candidate, [width + units, units]),
           bias_zr=(bias_zr, [2 * units]), bias_h=(bias_h, [units]))
    graph.add(node, "gru_single", [x], [units], INT8,
              {"weight_zr": zr, "weight_h": candidate, "bias_zr": bias_zr, "bias_h": bias_h, **tables},
              {"g_zr": _g(graph, node, "scale_zr"), "g_h": _g(graph, node, "scale_ht"), **common})


def gru2array(graph, node):
    refuse_attributes(node, input_offset=0)
    x = _input(graph, node)
    from_x, from_h = weights(graph, node, 1), weights(graph, node, 2)
    bias_x, bias_h = _vectors(graph, node, (3, 4))
    units = from_h.shape[0]
    _check(node, weight_x=(from_x, [x.shape[0], 3 * units]), weight_h=(from_h, [units, 3 * units]),
           bias_x=(bias_x, [3 * units]), bias_h=(bias_h, [3 * units]))
    sigmoid, tanh = _tables(graph, node, 2)
    graph.add(node, "gru2array", [x], [units], (graph.state_min, 127),
              {"weight_x": from_x, "weight_h": from_h, "bias_x": bias_x, "bias_h": bias_h, "table_sigmoid": sigmoid,
               "table_tanh": tanh},
              {"g_x": _g(graph, node, "scale_input"), "g_h": _g(graph, node, "scale_hidden"),
               "hidden_shift": node.get("hidden_shift_bit", 0),
               "shifts": (_shifts(node, [-7] * 4, (2, 4)) + [0, 0])[:4],
               "ones": node.get("scale_ones", 127), "state_min": graph.state_min,
               "reset_every": node.get("clean_ht") or None})


OPERATORS = {"Lstm": lstm, "Gru": gru, "Gru2Array": gru2array}
