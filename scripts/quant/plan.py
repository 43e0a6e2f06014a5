"""Decides the codes of every value: widths, ranges, power-of-two scales, and how negative inputs reach the array.

A value's code is clip(rne(value * scale + shift), low, high). Values whose codes are the same numbers (relu, pools,
data movement; on the chip profile also both operands and the result of an addition) share one scale: the coarsest that
any of them needs. An array layer reads codes of scale_x and writes codes of scale_y with
g = scale_x scale_weight / scale_y. The chip offers g = 256 .. 8192: a layer that would need a larger one gets coarser
weights; a smaller one, weights of up to 254, then its rows several times, and where that does not do a coarser scale_y.
"""
from dataclasses import dataclass, field, replace

import numpy as np

from .fit import WEIGHT_LIMIT, WIDE_LIMIT, Block, fit
from .graph import ARRAY, RECURRENT, SAME_CODES, QuantError
from .ranges import DEFAULT_PERCENTILE, choose_scale, mean_squared_error

G_RANGE = {"wtm2101": (256, 8192), "witin_nn": (2.0**-40, 2.0**40)}
STATE_SCALE = 128.0         # of recurrent states and gates: codes -128..127 for -1..1
ROWS = 2048                 # of the array
COPIES_ROWS = 896           # of the array that repeated rows may take
FALLS = 64                  # how far below what the data ask for a shared scale may get


@dataclass(frozen=True)
class Options:
    arithmetic: str = "wtm2101"
    method: str = "mse"
    percentile: float = DEFAULT_PERCENTILE
    weight_method: str = "mse"
    bias_rows: int = 8
    neg_in: str = "auto"        # auto, pn, shift
    equalise: bool = True
    bias_correction: bool = False
    bits_budget: float = 8.0
    average: str = "array"      # average pools on the array or by the digital operator
    copies: int = 8             # of a layer's rows at most, where g would be too small
    reset_every: int = 0


@dataclass(frozen=True)
class Code:
    scale: float
    low: int
    high: int
    bits: int = 8
    kind: str = "signed"        # signed, unsigned, pn, shift
    shift: int = 0

    def quantise(self, values):
        return np.clip(np.rint(np.asarray(values, np.float32) * np.float32(self.scale) + np.float32(self.shift)),
                       self.low, self.high).astype(np.int64)


@dataclass
class ArrayPlan:
    g: float
    weights: list
    bias: np.ndarray
    bias_d: np.ndarray
    scale_weight: float
    attributes: dict
    shifted: int = 0            # a requantize node adds this to the input's codes first
    copies: int = 1             # of every row; the weights are those of all copies together
    notes: list = field(default_factory=list)
    held_bias: np.ndarray = None    # what the rounded bias is worth, in values


def full_range(kind, bits):
    if kind == "signed":
        return -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    return -((1 << bits) - 1) if kind == "pn" else 0, (1 << bits) - 1


class Tied(Exception):
    """A group of values whose shared scale keeps falling: an array layer reads and writes it, and g cannot follow."""

    def __init__(self, members):
        super().__init__()
        self.members = members


class Plan:
    """codes: {value: Code}; arrays: {layer: {matrix: ArrayPlan}}; an array layer's only matrix is called ""."""

    def __init__(self, graph, stats, options, widths=None, corrections=None):
        self.graph, self.stats, self.options = graph, stats, options
        self.widths, self.corrections = widths or {}, corrections or {}
        self.codes, self.arrays, self.gates = {}, {}, {}
        self.group = self.groups()
        self.input_kinds = {name: self.input_kind(name) for name in graph.inputs}
        self.scales = self.natural_scales()
        self.wanted = dict(self.scales)
        while not self.assign():
            pass

    # ------------------------------------------------------------------------------------------------ scales
    def groups(self):
        """{value: representative of the values that share its scale}"""
        parent = {name: name for name in list(self.graph.inputs) + [layer.name for layer in self.graph.layers]}

        def root(name):
            while parent[name] != name:
                name = parent[name]
            return name

        for layer in self.graph.layers:
            tied = layer.op in SAME_CODES + ("avg_pool", "global_avg_pool")
            if tied or layer.op == "add" and self.options.arithmetic == "wtm2101":
                for name in layer.inputs:
                    parent[root(name)] = root(layer.name)
        return {name: root(name) for name in parent}

    def only_arrays_read(self, name):
        """Do the value's codes go to the array alone, moved about at most?"""
        users = self.graph.users(name)
        return bool(users) and name not in self.graph.outputs and all(
            u.op in ARRAY or u.op in ("reshape", "permute", "slice") and self.only_arrays_read(u.name) for u in users)

    def reaches_tdnn(self, name):
        return any(u.op == "tdnn" or u.op in ("reshape", "permute", "slice") and self.reaches_tdnn(u.name)
                   for u in self.graph.users(name))

    def input_kind(self, name):
        """How the codes of a network input carry negative values: unsigned, signed, pn or shift."""
        histogram = self.stats[name]
        if histogram.low >= 0:
            return "unsigned"
        if not self.only_arrays_read(name):
            return "signed"
        if self.reaches_tdnn(name):         # its history starts at code zero, which a shift would make a value
            return "pn"
        if self.options.neg_in != "auto":
            return self.options.neg_in
        return "shift" if self.shift_is_as_good(name, self.widths.get(name, 8)) else "pn"

    def shift_is_as_good(self, name, bits):
        """A shift takes half of PN's rows: worth it where its unsigned codes are as fine as PN's and the biases can
        hold -shift times the weights."""
        error, scale, shift = self.shift_error(name, bits)
        if error > 1.02 * self.pn_error(name, bits):
            return False
        for layer in self.graph.users(name):
            if layer.op not in ARRAY:
                return False
            counts = WEIGHT_LIMIT * scale / max(np.abs(layer.params["weight"]).max(), 1e-30)
            held = layer.params["bias"] - shift / scale * column_sums(layer)(layer.params["weight"])
            if np.abs(held).max() * counts > 128 * 127 * self.options.bias_rows:
                return False
        return True

    def pn_error(self, name, bits):
        low, high = full_range("pn", bits)
        scale = self.choose(self.stats[name], low, high)
        return self.error(self.stats[name], scale, low, high, 0)

    def shift_error(self, name, bits):
        """(error, scale, shift) of the best window of unsigned codes over a range with negative values."""
        histogram, top = self.stats[name], (1 << bits) - 1
        low, high = histogram.low, histogram.high
        if self.options.method == "percentile":
            low, high = histogram.percentile(self.options.percentile)
        widest = 2.0 ** np.floor(np.log2((top + 1) / (high - low)))
        finer = range(1 if self.options.method in ("minmax", "percentile") else 8)
        tries = []
        for scale in (widest * 2.0**k for k in finer):
            for shift in {int(np.rint(-low * scale)), int(top - np.rint(high * scale)), 1 << (bits - 1)}:
                if 0 <= shift <= min(top, 128 if self.options.arithmetic == "witin_nn" else top):
                    tries.append((self.error(histogram, scale, -shift, top - shift, 0), scale, shift))
        return min(tries) if tries else (np.inf, widest, 1 << (bits - 1))

    @staticmethod
    def error(histogram, scale, low, high, shift):
        used = np.flatnonzero(histogram.counts)
        return mean_squared_error(histogram.centres()[used] + shift / scale, histogram.counts[used], scale, low, high)

    def choose(self, histogram, low, high, through=None):
        return choose_scale(histogram, self.options.method, low, high, self.options.percentile, through)

    def natural_scales(self):
        """{group: scale} from the data alone."""
        scales, fixed = {}, set()
        for name in self.graph.inputs:
            self.lower(scales, name, self.input_scale(name))
        for layer in self.graph.layers:
            if layer.op in RECURRENT:
                fixed.add(self.group[layer.name])
            elif layer.op not in SAME_CODES and layer.op not in ("avg_pool", "global_avg_pool"):
                self.lower(scales, layer.name, self.output_scale(layer))
        return {**scales, **{group: STATE_SCALE for group in fixed}}

    def lower(self, scales, name, scale):
        group = self.group[name]
        scales[group] = min(scales.get(group, np.inf), scale)

    def input_scale(self, name):
        kind, bits = self.input_kinds[name], self.widths.get(name, 8)
        if kind == "shift":
            return self.shift_error(name, bits)[1]
        return self.choose(self.stats[name], *full_range(kind, bits))

    def output_scale(self, layer):
        """The scale of a layer's own codes; what only a ReLU reads need not show negative values."""
        users = self.graph.users(layer.name)
        low, high = full_range("signed", self.widths.get(layer.name, 8))
        histogram, through = self.stats[layer.name], None
        if layer.name not in self.graph.outputs and users:
            if all(u.op == "relu" for u in users):
                histogram, low = self.stats[users[0].name], 0
            elif len(users) == 1 and users[0].op == "unary":
                through = users[0].attrs["function"]
        return self.choose(histogram, low, high, through)

    # ------------------------------------------------------------------------------------------------ assignment
    def assign(self):
        """Codes and matrices for the present scales. False where a scale had to be lowered."""
        self.codes = {}
        for name in self.graph.inputs:
            kind, bits = self.input_kinds[name], self.widths.get(name, 8)
            scale = self.scales[self.group[name]]
            shift = min(int(np.rint(-self.shift_low(name) * scale)), (1 << bits) - 1) if kind == "shift" else 0
            self.codes[name] = Code(scale, *full_range(kind, bits), bits, kind, shift)
        for layer in self.graph.layers:
            self.codes[layer.name] = self.code_of(layer)
            if layer.op in ARRAY and not self.plan_array(layer):
                return False
            if layer.op in RECURRENT:
                self.plan_recurrent(layer)
        return True

    def shift_low(self, name):
        _, scale, shift = self.shift_error(name, self.widths.get(name, 8))
        return -shift / scale

    def code_of(self, layer):
        scale, xs = self.scales[self.group[layer.name]], [self.codes[name] for name in layer.inputs]
        bits = self.widths.get(layer.name, 8)
        if layer.op == "relu":
            return replace(xs[0], low=max(xs[0].low, 0), kind="unsigned")
        if layer.op in ("reshape", "permute", "slice", "max_pool", "avg_pool", "global_avg_pool"):
            return xs[0]
        if layer.op == "concat":
            low, high = min(x.low for x in xs), max(x.high for x in xs)
            return Code(scale, low, high, max(x.bits for x in xs), "signed" if low < 0 else "unsigned")
        if layer.op == "unary":
            positive = self.stats[layer.name].low >= 0
            return Code(scale, 0 if positive else -128, 127, 8, "unsigned" if positive else "signed")
        return Code(scale, *full_range("signed", bits), bits)

    def plan_array(self, layer):
        x, y = self.codes[layer.inputs[0]], self.codes[layer.name]
        attributes, shifted = self.input_attributes(layer, x)
        digital = attributes.get("split", False)
        shift = attributes.get("shift", 0)
        power = self.stats[layer.inputs[0]].mean_square() * x.scale**2
        lowest, highest = G_RANGE[self.options.arithmetic]
        bias = layer.params["bias"] + self.corrections.get(layer.name, 0)
        block = Block(layer.params["weight"], x.scale, power, shift)
        for limit, copies in self.limits(layer, attributes):
            result = fit([block], bias, self.options.bias_rows, self.options.weight_method, self.options.percentile,
                         highest * y.scale, digital, column_sums(layer), limit)
            if result.a >= lowest * y.scale:
                break
        else:
            return self.coarser(layer, result.a / lowest)
        notes = [f"{result.lost} biases do not fit {self.options.bias_rows} bias rows"] if result.lost else []
        if copies > 1:
            notes.append(f"every row is on the array {copies} times, so that g reaches {lowest}")
        attributes = {"g": result.a / y.scale, **attributes, "bias_rows": self.options.bias_rows}
        if y.bits > 8:
            attributes["y_bits"] = y.bits
        self.arrays[layer.name] = {"": ArrayPlan(result.a / y.scale, result.weights, result.bias, result.bias_d,
                                                 result.a / x.scale, attributes, shifted, copies, notes,
                                                 result.held_bias([block], column_sums(layer)))}
        return True

    def limits(self, layer, attributes):
        """(bound of the weight codes, copies of every row) in the order they are tried."""
        found = [(WEIGHT_LIMIT, 1)]
        if self.options.arithmetic == "wtm2101":
            rows = rows_of(layer) * layer.attrs.get("groups", 1) * (2 if attributes.get("neg_in") == "pn" else 1)
            found += [(WIDE_LIMIT * n, n) for n in (1, 2, 4, 8, 16)
                      if n == 1 or n <= self.options.copies and n * rows <= COPIES_ROWS]
        return found

    def coarser(self, layer, scale):
        """Lowers the scale of the layer's output; False so that all is planned again."""
        group = self.group[layer.name]
        if scale * FALLS < self.wanted[group]:
            raise Tied({name for name, root in self.group.items() if root == group})
        self.scales[group] = scale
        return False

    def input_attributes(self, layer, x):
        """(attributes that say how the layer takes codes of x, shift that has to be added first)"""
        if layer.op == "conv2d" and self.options.arithmetic == "witin_nn" and x.kind == "unsigned" and x.bits <= 8:
            # the library's convolutions know signed codes and PN, not unsigned ones
            return ({"x_signed": True} if x.high <= 127 else {"neg_in": "pn"}), 0
        attributes = {}
        if max(x.high, -x.low) > 255:
            bits = next(b for b in range(9, 13) if max(x.high, -x.low) < 1 << b)
            attributes.update(x_bits=bits, split=True)
            if layer.op != "linear" and self.options.arithmetic == "witin_nn":
                attributes["y_limit_bits"] = 8
        if x.kind == "shift":
            return {**attributes, "neg_in": "shift", "shift": x.shift}, 0
        if x.low >= 0:
            return attributes, 0
        cannot_shift = layer.op == "tdnn" or layer.op == "conv_transpose2d" and self.options.arithmetic == "witin_nn"
        wanted = self.options.neg_in
        if wanted == "auto":
            wanted = "pn" if 2 * rows_of(layer) <= ROWS or x.kind == "pn" else "shift"
        if wanted == "shift" and x.kind == "signed" and x.bits == 8 and not cannot_shift:
            return {**attributes, "neg_in": "shift", "shift": 128}, 128
        return {**attributes, "neg_in": "pn"}, 0

    # ------------------------------------------------------------------------------------------------ recurrent layers
    def plan_recurrent(self, layer):
        if self.options.arithmetic != "wtm2101":
            raise QuantError(f"node {layer.name} ({layer.op.upper()}): the training library has no recurrent layers; "
                             "use --arithmetic wtm2101")
        x, name, p = self.codes[layer.inputs[0]], layer.name, layer.params
        units = layer.shape[0]
        if x.bits > 8:
            raise QuantError(f"node {name}: recurrent layers take 8-bit codes")
        from_x = lambda w: Block(w, x.scale, self.stats[layer.inputs[0]].mean_square() * x.scale**2)
        from_h = lambda w: Block(w, STATE_SCALE, self.stats[name].mean_square() * STATE_SCALE**2)
        half_tanh = lambda v: np.tanh(v / 2)
        gate_scale = lambda key, through: self.choose(self.stats[f"{name}/{key}"], -128, 127, through)
        if layer.op == "lstm":
            ifo, cell = slice(0, 3 * units), slice(3 * units, None)
            matrices = {"ifo": ([from_x(p["wx"][:, ifo]), from_h(p["wh"][:, ifo])], p["b"][ifo], "ifo"),
                        "c": ([from_x(p["wx"][:, cell]), from_h(p["wh"][:, cell])], p["b"][cell], "g")}
            scales = {"ifo": gate_scale("ifo", half_tanh), "g": gate_scale("g", np.tanh),
                      "cell": min(self.choose(self.stats[f"{name}/c"], -128, 127), STATE_SCALE)}
        elif layer.attrs["reset_after"]:
            matrices = {"x": ([from_x(p["wx"])], p["bx"], "gates"), "h": ([from_h(p["wh"])], p["bh"], "gates")}
            scales = {"gates": min(gate_scale("x", half_tanh), gate_scale("h", half_tanh))}
        else:
            z, zr, n = slice(0, units), slice(0, 2 * units), slice(2 * units, None)
            wx, wh, b = p["wx"].copy(), p["wh"].copy(), p["bx"] + p["bh"]
            for array in (wx, wh):          # gru_single's z weighs the new state, ONNX's the old one
                array[:, z] *= -1
            b[z] *= -1
            matrices = {"zr": ([from_h(wh[:, zr]), from_x(wx[:, zr])], b[zr], "gates"),
                        "h": ([from_h(wh[:, n]), from_x(wx[:, n])], b[n], "gates")}
            scales = {"gates": min(gate_scale("x", half_tanh), gate_scale("h", half_tanh))}
        self.fit_gates(layer, matrices, scales)

    def fit_gates(self, layer, matrices, scales):
        """Fits every matrix; a gate scale is lowered where g would fall below what the chip has."""
        lowest, highest = G_RANGE["wtm2101"]
        done = False
        while not done:
            done, plans = True, {}
            for key, (blocks, bias, gate) in matrices.items():
                scale = scales[gate]
                for limit in (WEIGHT_LIMIT, WIDE_LIMIT):
                    result = fit(blocks, bias, self.options.bias_rows, self.options.weight_method,
                                 self.options.percentile, highest * scale, limit=limit)
                    if result.a >= lowest * scale:
                        break
                else:
                    scales[gate], done = result.a / lowest, False
                    break
                notes = [f"{result.lost} biases of {key} do not fit"] if result.lost else []
                plans[key] = ArrayPlan(result.a / scale, result.weights, result.bias, result.bias_d,
                                       result.a / blocks[0].scale, {}, notes=notes)
        self.arrays[layer.name], self.gates[layer.name] = plans, scales


def rows_of(layer):
    """Weight rows one output column needs."""
    weight = layer.params["weight"]
    if layer.op == "conv2d":
        return int(np.prod(weight.shape[1:]))
    if layer.op == "conv_transpose2d":
        return weight.shape[0] // layer.attrs["groups"] * weight.shape[2] * weight.shape[3]
    return weight.shape[0]


def column_sums(layer):
    """Function of weight codes: the sum of those that feed each output channel."""
    if layer.op == "conv2d":
        return lambda codes: codes.sum((1, 2, 3))
    if layer.op == "conv_transpose2d":
        groups = layer.attrs["groups"]
        return lambda codes: codes.reshape((groups, -1) + codes.shape[1:]).sum((1, 3, 4)).ravel()
    return lambda codes: codes.sum(0)
