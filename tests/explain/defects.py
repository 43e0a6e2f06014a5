"""Networks with a defect in one node, computed in NumPy by the oracle of the golden cases: what `diff --explain` must
name. Nothing here is shared with the program: a defect is an edit of the oracle's node, or arithmetic written out
below.

    bench = Bench(folder)                              # a golden case
    values = bench.defective("conv_2", kernel(1))      # {node: {field: array}}, later nodes computed from it
"""
import json
import os
import sys

import numpy as np

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
GOLDEN = os.path.join(ROOT, "golden")
sys.path[:0] = [os.path.join(ROOT, "scripts"), os.path.join(ROOT, "scripts", "reference")]
import run_package  # noqa: E402
import wpkg  # noqa: E402
from rules import Node, RunError, clip, signed  # noqa: E402

OPERATORS = run_package.OPERATORS


class Edited:
    """A node of the oracle with other tensors, attributes or inputs."""

    def __init__(self, node, tensors=None, attributes=None, xs=None):
        self._node, self._tensors, self._attributes = node, tensors or {}, attributes or {}
        self.name, self.op, self.profile, self.ranges = node.name, node.op, node.profile, node.ranges
        self.xs = xs or node.xs
        self.x, self.range = self.xs[0], node.range
        self.refuse, self.noise = node.refuse, node.noise

    def get(self, name, default=None):
        return self._attributes[name] if name in self._attributes else self._node.get(name, default)

    def need(self, name):
        return self._attributes[name] if name in self._attributes else self._node.need(name)

    def tensor(self, role, default=None):
        if role in self._tensors:
            return default if self._tensors[role] is None else self._tensors[role]
        return self._node.tensor(role, default)


def fields(node):
    return OPERATORS[node.op](node)[0]


def output(node):
    return fields(node)["npu_y"]


class Bench:
    """A golden case, run by the oracle."""

    def __init__(self, folder):
        self.folder = os.path.join(GOLDEN, folder)
        with open(os.path.join(self.folder, "case.json"), encoding="utf-8") as stream:
            case = json.load(stream)
        self.model = os.path.join(self.folder, "model.wpkg")
        self.package = wpkg.Package.read(self.model)
        self.files = {name: os.path.join(self.folder, file) for name, file in case["inputs"].items()}
        self.given = {e["name"]: run_package.frames_of(self.package, e, np.load(self.files[e["name"]]))
                      for e in self.package.inputs}
        self.results = run_package.run(self.package, self.given)

    def defective(self, name, defect):
        """{node: npu_y}. defect(node) gives the node's output; later nodes are computed from it, those that cannot keep
        their right values."""
        codes = dict(self.given)
        ranges = {e["name"]: self.package.input_range(e) for e in self.package.inputs} | self.results.ranges
        out = {}
        for entry in self.package.nodes:
            node = Node(self.package, entry, [codes[i] for i in entry["inputs"]],
                        [ranges[i] for i in entry["inputs"]], entry.get("arithmetic", self.package.arithmetic))
            try:
                y = defect(node) if entry["name"] == name else output(node)
            except RunError:
                if entry["name"] == name:
                    raise
                y = self.results[entry["name"]]["npu_y"]
            codes[entry["name"]] = out[entry["name"]] = np.asarray(y)
        return out

    def right(self):
        return {name: fields["npu_y"] for name, fields in self.results.items()}

    def write(self, path, values):
        header = {"package": {"name": self.package.name, "sha256": wpkg.file_sha256(self.model)},
                  "arithmetic": self.package.arithmetic, "noise": None, "seed": None, "simulator": "a test",
                  "level": "nodes", "nodes": [{"name": e["name"], "op": e["op"]} for e in self.package.nodes]}
        wpkg.write_trace(path, header, {n: {"npu_y": wpkg.codes(y, n)} for n, y in values.items()})


# ----------------------------------------------------------------------------------------------- defects: node -> npu_y
def rounded(rule):
    """Array output with another rounding of acc / g, power-of-two g."""
    def defect(node):
        value = fields(node)["npu_acc"] / float(node.need("g"))
        y = {"half_even": np.rint, "half_up": lambda a: np.floor(a + 0.5), "floor": np.floor, "trunc": np.trunc,
             "half_away": lambda a: np.sign(a) * np.floor(np.abs(a) + 0.5),
             "chip": lambda a: np.floor((np.trunc(4 * a) + 2) / 4)}[rule](value)
        return clip(y.astype(np.int64), signed(node.get("y_bits", 8)))
    return defect


def divided(factor):
    return lambda node: output(Edited(node, attributes={"g": node.need("g") * factor}))


def attribute(name, value):
    return lambda node: output(Edited(node, attributes={name: value}))


def biased(change):
    """change(bias in units of 128, rows) -> units."""
    def defect(node):
        units = node.tensor("bias") // 128
        return output(Edited(node, {"bias": 128 * change(units, node.get("bias_rows", 8))}))
    return defect


def row_of(units, rows, last):
    each = (np.sign(units) * ((2 * np.abs(units) + rows) // (2 * rows))).astype(np.int64)
    return units - each * (rows - 1) if last else each


def bias_row(last, factor):
    """One row of the mapper's split lost (-1) or doubled (+1)."""
    return biased(lambda units, rows: units + factor * row_of(units, rows, last))


def bias_rounded(units, rows):
    """Every row holds the same rounded share."""
    return rows * row_of(units, rows, False)


def bias_of(column, factor):
    def change(units, rows):
        units = units.copy()
        units[column] *= factor
        return units
    return biased(change)


def weights(change, *roles):
    def defect(node):
        return output(Edited(node, {role: change(node.tensor(role)) for role in roles or ("weight",)
                                    if node.tensor(role) is not None}))
    return defect


def kernel(*axes):
    return weights(lambda w: np.flip(w, [a + 2 for a in axes]), "weight", "weight_neg")


def negated(limit):
    return lambda node: output(Edited(node, {"weight_neg": np.minimum(-node.tensor("weight"), limit)}))


def inputs(change, **attributes):
    return lambda node: output(Edited(node, attributes=attributes, xs=[change(x) for x in node.xs]))


def as_signed(bits=8):
    return inputs(lambda x: np.where(x >= 1 << (bits - 1), x - (1 << bits), x), x_signed=True)


def as_unsigned(bits=8):
    return inputs(lambda x: np.where(x < 0, x + (1 << bits), x), x_signed=False)


def low_part(x):
    return np.sign(x) * (np.abs(x) & 255)


def padded(value):
    def defect(node):
        top, left, bottom, right = node.get("pads")
        x = np.pad(node.x, ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=value)
        return output(Edited(node, attributes={"pads": [0, 0, 0, 0]}, xs=[x]))
    return defect


def after(change):
    """change(right output)."""
    return lambda node: change(output(node))


def late(x):
    return np.concatenate([np.zeros_like(x[:1]), x[:-1]])


def early(x):
    return np.roll(x, -1, axis=0)


def channels_last(x):
    """[C, H, W] written as [H, W, C], read as [C, H, W]."""
    return x.transpose(0, 2, 3, 1).reshape(x.shape)


def swapped(x):
    return x.transpose(0, 1, 3, 2).reshape(x.shape)


def offset(column, by):
    def change(y):
        y = y.copy()
        where = (slice(None), column) if y.ndim != 3 else (Ellipsis, column)
        y[where] = np.clip(y[where] + by, -128, 127)
        return y
    return change


def stuck(columns, value):
    def change(y):
        y = y.copy()
        y[:, columns] = value
        return y
    return change


def both(first, change):
    """A defect, then change(its output)."""
    return lambda node: change(first(node))


def edited(*edits):
    """Several edits of one node: each edit(node) -> Edited."""
    def defect(node):
        for edit in edits:
            node = edit(node)
        return output(node)
    return defect
