"""Scale, Scalar, FloatScale, ClearLowBits, Relu, ActLut, Add, Mul, pools, norms: operations beside the array.

Scale directly after an array operation is that operation's divisor; anywhere else it multiplies codes.
"""
import numpy as np

from onnx_dialect import array
from onnx_dialect.graph import INT8, UINT8, Pending, refuse_attributes


def _signed_bits(limits):
    """The width of two's complement codes that holds both limits."""
    return 1 + max(int(limits[1]).bit_length(), int(~limits[0] if limits[0] < 0 else limits[0]).bit_length())


def _power_of_two(number):
    return number > 0 and float(np.frexp(number)[0]) == 0.5


def scale(graph, node):
    pending = graph.values.get(node.inputs[0])
    if isinstance(pending, Pending):
        array.scale_of_array(graph, node, pending)
        return
    value, factor = graph.input(node), float(node.get("scale", 0))
    if abs(factor) >= 1 and (factor != int(factor) or not -128 <= factor <= 127):
        node.refuse(f"scale {factor:g}: the chip multiplies by integers in [-128, 127]")
    if abs(factor) < 1 and not _power_of_two(abs(factor)):
        node.refuse(f"scale {factor:g}: below 1 the chip has powers of two")
    graph.add(node, "scale", [value], value.shape, INT8, attributes={"value": factor})


def scalar(graph, node):
    value, kind = graph.input(node), node.get("op_types", "mul")
    if kind not in ("mul", "add"):
        node.refuse(f"op_types {kind}, expected mul or add")
    operand = graph.whole(node, "scale", np.asarray(node.get("scale", 1)))
    graph.add(node, "scalar", [value], value.shape, INT8,
              attributes={"kind": kind, "value": int(operand), "bits": node.get("shift_bit", 0)})


def float_scale(graph, node):
    value, bits = graph.input(node), node.get("clip_bits")
    if node.get("scale") is None or bits is None:
        node.refuse("attributes scale and clip_bits are needed")
    graph.add(node, "float_scale", [value], value.shape, (-(1 << bits), (1 << bits) - 1),
              attributes={"value": float(node.get("scale")), "bits": bits})


def clear_low_bits(graph, node):
    value, bits = graph.input(node), node.get("bits")
    if bits is None or bits < 1:
        node.refuse(f"attribute bits = {bits}, expected 1 or more")
    step = 1 << bits
    limits = [int(np.sign(code)) * ((abs(code) + step // 2) // step * step) for code in value.range]
    graph.add(node, "clear_low_bits", [value], value.shape, limits, attributes={"bits": bits})


def relu(graph, node):
    value = graph.input(node)
    graph.add(node, "relu", [value], value.shape, [max(code, 0) for code in value.range])


def act_lut(graph, node):
    value = graph.input(node)
    if node.get("table_params") is None:
        node.refuse("attribute table_params is missing")
    table = graph.whole(node, "table_params", node.get("table_params")).reshape(-1)
    if table.size != 256:
        node.refuse(f"table_params has {table.size} entries, expected 256")
    limits = int(table.min()), int(table.max())
    bits = max(8, _signed_bits(limits) - (limits[0] >= 0))
    graph.add(node, "lut", [value], value.shape, limits, {"table": table}, {"y_bits": bits if bits > 8 else None})


# ------------------------------------------------------------------------------------------------ two operands
def add(graph, node):
    _binary(graph, node, "add")


def mul(graph, node):
    _binary(graph, node, "mul")


def _binary(graph, node, op):
    if len(node.inputs) != 2:
        node.refuse(f"has {len(node.inputs)} inputs, expected 2")
    bits = node.get("shift_bit", 0)
    constants = [i for i in (0, 1) if graph.is_constant(node, i)]
    if len(constants) == 2:
        node.refuse("both inputs are constants")
    if not constants:
        left, right = graph.input(node, 0), graph.input(node, 1)
        if len(left.shape) != len(right.shape) or left.time != right.time:
            node.refuse(f"inputs {left.shape} and {right.shape} do not fit each other")
        graph.add(node, op, [left, right], _broadcast(node, left.shape, right.shape), INT8,
                  attributes={"shift": bits or None})
        return
    value, operand = graph.input(node, 1 - constants[0]), graph.integers(node, constants[0])
    if operand.size == 1:
        graph.add(node, "scalar", [value], value.shape, INT8,
                  attributes={"kind": op, "value": int(operand.flat[0]), "bits": bits})
        return
    if operand.ndim > len(value.shape):
        if operand.ndim > len(value.shape) + 1 or operand.shape[0] != 1:
            node.refuse(f"constant of shape {list(operand.shape)} has more axes than the frames {value.shape}")
        operand = operand[0]
    shape = _broadcast(node, value.shape, list(operand.shape))
    if value.time and shape[-1] != 1:
        node.refuse("W is time, one column a frame, and the constant has several")
    graph.add(node, op, [value], shape, INT8, {"right": operand}, {"shift": bits or None})


def _broadcast(node, left, right):
    try:
        return list(np.broadcast_shapes(tuple(left), tuple(right)))
    except ValueError:
        node.refuse(f"shapes {left} and {right} do not fit each other")


# ------------------------------------------------------------------------------------------------ pools
def _pool(op):
    def run(graph, node):
        value = graph.input(node)
        refuse_attributes(node, ceil_mode=0, auto_pad="NOTSET", dilations=[1, 1], storage_order=0)
        kernel = list(node.get("kernel_shape", value.shape[1:]))
        strides, pads = list(node.get("strides", [1, 1])), list(node.get("pads", [0, 0, 0, 0]))
        if len(value.shape) != 3 or len(kernel) != 2 or len(strides) != 2 or len(pads) != 4:
            node.refuse(f"input {value.shape}, kernel {kernel}: only two-dimensional pools are mapped")
        if value.time and (kernel[1], strides[1], pads[1], pads[3]) != (1, 1, 0, 0):
            node.refuse("W is time, which cannot be pooled")
        if min(kernel) < 1 or min(strides) < 1 or min(pads) < 0 or len(node.outputs) > 1 or \
                any(pad >= k for pad, k in zip(pads, kernel * 2)):
            node.refuse(f"kernel {kernel}, strides {strides}, pads {pads}, {len(node.outputs)} outputs are not mapped")
        size = [(n + a + b - k) // s + 1 for n, a, b, k, s in zip(value.shape[1:], pads[:2], pads[2:], kernel, strides)]
        if min(size) < 1:
            node.refuse(f"kernel {kernel} is larger than the padded input {value.shape}")
        scales = float(node.get("scale_in", 1.0)), float(node.get("scale_out", 1.0))
        limits = value.range if op == "max_pool" and scales[0] == scales[1] else INT8
        graph.add(node, op, [value], [value.shape[0]] + size, limits,
                  attributes={"kernel": kernel, "strides": strides, "pads": pads, "scale_in": scales[0],
                              "scale_out": scales[1]})
    return run


def global_average_pool(graph, node):
    value = graph.input(node)
    if len(value.shape) != 3:
        node.refuse(f"input {value.shape} is not a map [C, H, W]")
    if value.time:
        node.refuse("W is time, which cannot be pooled")
    graph.add(node, "global_avg_pool", [value], [value.shape[0], 1, 1], INT8,
              attributes=_scales(node, scale_in=1.0, scale_out=1.0))


# ------------------------------------------------------------------------------------------------ norms
def _scales(node, **defaults):
    scales = {name: float(node.get(name, default)) for name, default in defaults.items()}
    for name, number in scales.items():
        if not (np.isfinite(number) and number > 0):
            node.refuse(f"attribute {name} = {number:g} is not a positive number")
    return scales


def batch_normalization(graph, node):
    """The chip folds gamma, beta, mean and variance into one factor and one term a channel."""
    value = graph.input(node)
    gamma, beta, mean, variance = (graph.constant(node, i) for i in (1, 2, 3, 4))
    if any(t is None or t.size != value.shape[0] or not np.isfinite(t).all() for t in (gamma, beta, mean, variance)):
        node.refuse(f"gamma, beta, mean and variance have to be {value.shape[0]} finite numbers each")
    gamma, beta, mean, variance = (t.astype(np.float64).reshape(-1) for t in (gamma, beta, mean, variance))
    spread = variance + node.get("epsilon", 1e-5)
    if (spread <= 0).any():
        node.refuse("variance + epsilon is not positive")
    alpha = gamma / np.sqrt(spread)
    graph.add(node, "batch_norm", [value], value.shape, INT8, {"alpha": alpha, "beta": beta - mean * alpha},
              _scales(node, scale_in=1.0, scale_out=1.0))


def softmax(graph, node):
    value = graph.input(node)
    if value.range[1] - value.range[0] > 255:
        node.refuse(f"input codes {value.range[0]}..{value.range[1]} are more than 256")
    scales = _scales(node, scale_in=1.0, scale_out=1.0)
    distance = np.arange(256, dtype=np.float32) * np.float32(-scales["scale_in"])
    graph.add(node, "softmax", [value], value.shape, UINT8,
              {"exp_table": np.exp(distance.astype(np.float64)).astype(np.float32)},
              {"axis": graph.axis(node, node.get("axis", 1), value), **scales})


def sum_norm(graph, node):
    value = graph.input(node)
    graph.add(node, "sum_norm", [value], value.shape, UINT8,
              attributes={"axis": graph.axis(node, node.get("axis", 1), value),
                          **_scales(node, scale_in=1.0, scale_out=1.0)})


def group_norm(graph, node):
    value, groups = graph.input(node), node.get("num_groups")
    if value.time:
        node.refuse("W is time, which cannot be averaged")
    if groups is None or len(value.shape) != 3 or groups < 1 or value.shape[0] % groups:
        node.refuse(f"num_groups {groups} does not divide the channels of {value.shape}")
    alpha, beta = graph.constant(node, 1), graph.constant(node, 2)
    if any(t is None or t.size != value.shape[0] for t in (alpha, beta)):
        node.refuse(f"alpha and beta have to be {value.shape[0]} numbers each")
    graph.add(node, "group_norm", [value], value.shape, INT8,
              {"alpha": alpha.astype(np.float32).reshape(-1), "beta": beta.astype(np.float32).reshape(-1)},
              {"groups": groups, **_scales(node, scale_out=1.0)})


def reduce_mean(graph, node):
    value = graph.input(node)
    axes = graph.integers(node, 1) if len(node.inputs) > 1 else node.get("axes")
    if axes is None or not len(axes):
        node.refuse("axes are not given")
    axes, keep = sorted(graph.axis(node, int(a), value) for a in axes), bool(node.get("keepdims", 1))
    shape = [1 if i in axes else n for i, n in enumerate(value.shape) if keep or i not in axes]
    graph.add(node, "reduce_mean", [value], shape, INT8, attributes={"axes": axes, "keepdims": keep},
              time=value.time and keep)


OPERATORS = {
    "Scale": scale, "Scalar": scalar, "FloatScale": float_scale, "ClearLowBits": clear_low_bits, "Relu": relu,
    "ActLut": act_lut, "Add": add, "Added": add, "Mul": mul, "Multi": mul, "AveragePool": _pool("avg_pool"),
    "MaxPool": _pool("max_pool"), "GlobalAveragePool": global_average_pool, "BatchNormalization": batch_normalization,
    "Softmax": softmax, "SumNorm": sum_norm, "GroupNorm": group_norm, "ReduceMean": reduce_mean,
}
