"""A Plan to a package: every layer a node of the layer's name; its output is value * scale of the node."""
import numpy as np

from wpkg import Package

from .fit import copies_of
from .float_ops import sigmoid
from .graph import ARRAY

TABLE = 128.0       # codes of sigmoid and tanh for 1


def emit(plan, producer, description=""):
    graph, options = plan.graph, plan.options
    package = Package(graph.name, options.arithmetic, description, producer)
    for name, shape in graph.inputs.items():
        code = plan.codes[name]
        extra = {"neg_in": code.kind} if code.kind in ("pn", "shift") else {}
        if code.shift:
            extra["shift"] = code.shift
        package.input(name, shape, bits=code.bits, signed=code.kind == "signed", scale=code.scale, **extra)
    for layer in graph.layers:
        if layer.op in ARRAY:
            emit_array(package, plan, layer)
        else:
            op, tensors, attributes = EMITTERS[layer.op](plan, layer)
            package.node(layer.name, op, layer.inputs, tensors, attributes, scale=plan.codes[layer.name].scale)
    for name in graph.outputs:
        package.output(name)
    return package


def emit_array(package, plan, layer):
    part = plan.arrays[layer.name][""]
    source = layer.inputs[0]
    if part.shifted:
        scale = plan.codes[source].scale
        source = package.node(f"{layer.name}.shift", "requantize", [source], None,
                              {"scale_from": scale, "scale_to": scale, "shift": part.shifted, "neg_in": "shift"})
    if part.copies > 1:
        scale = None if part.attributes.get("neg_in") == "shift" else plan.codes[layer.inputs[0]].scale
        source = repeat(package, layer, source, part.copies, plan.graph.shape(layer.inputs[0]), scale)
    tensors = {"weight": repeated(layer, part)}
    if part.bias.any() or part.bias_d.any():
        tensors["bias"] = part.bias
        if part.attributes.get("split"):
            tensors["bias_d"] = part.bias_d
    geometry = {key: value for key, value in layer.attrs.items() if key != "zero_history"}
    package.node(layer.name, layer.op, [source], tensors, {**geometry, **part.attributes},
                 scale=plan.codes[layer.name].scale)


def repeat(package, layer, source, copies, shape, scale):
    """A value `copies` times along its channels; within every group where the layer has groups."""
    name, groups = layer.name, layer.attrs.get("groups", 1)
    source = package.node(f"{name}.copies", "concat", [source] * copies, None, {"axis": 0}, scale=scale)
    if groups == 1:
        return source
    package.node(f"{name}.copies.split", "reshape", [source], None,
                 {"shape": [copies, groups, int(np.prod(shape)) // groups]}, scale=scale)
    package.node(f"{name}.copies.turn", "permute", [f"{name}.copies.split"], None, {"axes": [1, 0, 2]},
                 scale=scale)
    return package.node(f"{name}.copies.join", "reshape", [f"{name}.copies.turn"], None,
                        {"shape": [copies * shape[0], *shape[1:]]}, scale=scale)


def repeated(layer, part):
    """The weights of all copies of the rows, as the layer reads its repeated input."""
    weight, parts = part.weights[0], copies_of(part.weights[0], part.copies)
    if part.copies == 1:
        return weight
    if layer.op == "conv2d":
        return np.concatenate(parts, 1)
    blocks = layer.attrs.get("groups", len(layer.attrs.get("time_offsets", [0])))
    stacked = np.stack([w.reshape((blocks, -1) + weight.shape[1:]) for w in parts], 1)
    return stacked.reshape((-1,) + weight.shape[1:])


def table(function, entries, low=-128, high=127):
    """int8 table of `function`(code); 256 entries for codes, 1024 for half codes, in two's complement order."""
    index = np.arange(entries)
    signed = index - entries * (index >= entries // 2)
    with np.errstate(all="ignore"):
        values = function(signed / 2 if entries == 1024 else signed)
    return np.clip(np.rint(np.nan_to_num(values, nan=0.0, posinf=high, neginf=low)), low, high)


def emit_unary(plan, layer):
    x, y, function = plan.codes[layer.inputs[0]], plan.codes[layer.name], layer.attrs["function"]
    restored = (lambda code: code) if x.low < 0 else (lambda code: np.where(code < 0, code + 256, code))
    return "lut", {"table": table(lambda code: y.scale * function(restored(code) / x.scale), 256)}, None


def emit_prelu(plan, layer):
    x, y, slope = plan.codes[layer.inputs[0]], plan.codes[layer.name], layer.params["slope"]
    largest = max(np.abs(slope).max(), 2.0**-20)
    scale = 2.0 ** np.floor(np.log2(127 / largest))
    return "prelu", {"weight": np.rint(slope * scale)}, {"scale_x": x.scale, "scale_weight": scale, "scale_y": y.scale}


def emit_join(plan, layer):
    left, right = (plan.codes[name] for name in layer.inputs)
    y = plan.codes[layer.name]
    if plan.options.arithmetic == "witin_nn":
        return layer.op, None, {"scale_left": left.scale, "scale_right": right.scale, "scale_y": y.scale}
    shift = 0 if layer.op == "add" else int(np.log2(y.scale / (left.scale * right.scale)))
    return layer.op, None, {"shift": shift}


def emit_rescale(plan, layer):
    x, y = plan.codes[layer.inputs[0]], plan.codes[layer.name]
    if plan.options.arithmetic == "wtm2101" and y.scale <= 64 * x.scale:
        return "scale", None, {"value": y.scale / x.scale}
    return "requantize", None, {"scale_from": x.scale, "scale_to": y.scale, "signed": True}


def emit_lstm(plan, layer):
    parts, scales, units = plan.arrays[layer.name], plan.gates[layer.name], layer.shape[0]
    cell = scales["cell"]
    tensors = {"weight_ifo": np.concatenate(parts["ifo"].weights), "weight_c": np.concatenate(parts["c"].weights),
               "bias_ifo": parts["ifo"].bias, "bias_c": parts["c"].bias,
               "table_gate": table(lambda code: TABLE * sigmoid(code / scales["ifo"]), 256),
               "table_cell": table(lambda code: cell * np.tanh(code / scales["g"]), 256),
               "table_output": table(lambda code: TABLE * np.tanh(code / cell), 256)}
    return "lstm", tensors, {"g_ifo": parts["ifo"].g, "g_c": parts["c"].g, **reset(plan)}


def emit_gru(plan, layer):
    parts, gates = plan.arrays[layer.name], plan.gates[layer.name]["gates"]
    after = layer.attrs["reset_after"]
    entries = 1024 if after else 256            # the first kind adds two gate sums: nine bits
    tensors = {"table_sigmoid": table(lambda code: TABLE * sigmoid(code / gates), entries),
               "table_tanh": table(lambda code: TABLE * np.tanh(code / gates), entries)}
    keys = ("x", "h") if after else ("zr", "h")
    for key in keys:
        tensors[f"weight_{key}"], tensors[f"bias_{key}"] = np.concatenate(parts[key].weights), parts[key].bias
    return "gru2array" if after else "gru_single", tensors, {**{f"g_{key}": parts[key].g for key in keys},
                                                             **reset(plan)}


def reset(plan):
    return {"reset_every": plan.options.reset_every} if plan.options.reset_every else {}


def moved(*keys):
    return lambda plan, layer: (layer.op, None, {key: layer.attrs[key] for key in keys})


EMITTERS = {
    "relu": moved(), "reshape": moved("shape"), "permute": moved("axes"), "concat": moved("axis"),
    "slice": moved("starts", "ends", "axes", "steps"), "max_pool": moved("kernel", "strides", "pads"),
    "avg_pool": moved("kernel", "strides", "pads"), "global_avg_pool": moved(), "unary": emit_unary,
    "prelu": emit_prelu, "add": emit_join, "mul": emit_join, "rescale": emit_rescale, "lstm": emit_lstm,
    "gru": emit_gru,
}
