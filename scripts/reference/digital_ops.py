"""Operators beside the array: tables, element-wise, means and norms, pools, data movement.

The arithmetic is that of witin_nn_digital.py on profile witin_nn and of wtm2101.py on the chip's. Axes count without
the frame axis.
"""
import numpy as np

import witin_nn_digital as library
import wtm2101 as chip
from rules import F32, I64, OutputRule, clip, shifted, signed, unsigned

INT8 = signed(8)


# ------------------------------------------------------------------------------------------------ code to code
def mapped(node, function):
    """y = function(x) for every code alone; the range is what the codes of the input's range become."""
    every = function(np.arange(node.range[0], node.range[1] + 1))
    return {"npu_y": function(node.x)}, (int(every.min()), int(every.max()))


def relu(node):
    return mapped(node, chip.relu)


def lut(node):
    table = node.tensor("table")
    if node.get("index", "code") == "half_lsb":
        return mapped(node, lambda x: chip.gate(x, table))
    return mapped(node, lambda x: table[x % len(table)])


def requantize(node):
    bits, neg_in = node.get("bits", 8), node.get("neg_in", "none")
    limits = signed(bits) if node.get("signed", False) and neg_in == "none" else unsigned(bits)
    limits = (-limits[1], limits[1]) if neg_in == "pn" else limits

    def function(x):
        value = x.astype(F32) / F32(node.need("scale_from")) * F32(node.need("scale_to"))
        return clip(np.rint(value + F32(node.get("shift", 0))), limits).astype(I64)

    return mapped(node, function)


def scale(node):
    value, rounding = node.need("value"), node.get("rounding", "half_up")
    if abs(value) >= 1 or value == 0:
        return mapped(node, lambda x: chip.clip8(x * int(value)))
    bits = int(np.log2(abs(value)))
    return mapped(node, lambda x: chip.clip8(shifted(x if value > 0 else -x, bits, rounding)))


def shift_(node):
    return mapped(node, lambda x: chip.clip8(shifted(x, node.need("bits"), node.get("rounding", "half_up"))))


def scalar(node):
    value, bits, multiplies = int(node.need("value")), node.get("bits", 0), node.need("kind") == "mul"
    rounding = node.get("rounding", "half_up" if multiplies else "floor")
    return mapped(node, lambda x: chip.clip8(shifted(x * value if multiplies else x + value, bits, rounding)))


def clear_low_bits(node):
    bits = node.need("bits")
    return mapped(node, lambda x: shifted(x, -bits, node.get("rounding", "half_away")) << bits)


def float_scale(node):
    return mapped(node, lambda x: chip.float_scale(x, node.need("value"), node.need("bits")))


def _root(function):
    def run(node):
        def apply(x):
            return function(np.maximum(x, 0), node.need("scale_x"), node.need("scale_y"), node.get("y_bits", 8),
                            node.get("left_shift", 8), node.get("clip_value"))
        return {"npu_y": apply(node.x)}, unsigned(node.get("y_bits", 8))
    return run


# ------------------------------------------------------------------------------------------------ profile witin_nn
def _signed_result(node, y):
    return {"npu_y": y}, signed(node.get("y_bits", 8))


def _library(node, function, *scales, **extra):
    """function(x, [second x], *scales, y_bits, **extra)"""
    y = function(*_sides(node), *(node.need(name) for name in scales), node.get("y_bits", 8), **extra)
    return _signed_result(node, y)


def _sides(node):
    """The inputs, or the input and the constant tensor `right`, with as many axes: frames first, then aligned at the
    last axis."""
    right = node.tensor("right")
    sides = node.xs if right is None else [node.x, right[None]]
    rank = max(side.ndim for side in sides)
    return [side.reshape(side.shape[:1] + (1,) * (rank - side.ndim) + side.shape[1:]) for side in sides]


def prelu(node):
    scale_weight = node.need("scale_weight")
    weight = node.tensor("weight").astype(np.float64) / scale_weight
    y = library.prelu(node.x, weight, node.need("scale_x"), scale_weight, node.need("scale_y"), node.get("y_bits", 8),
                      wb=32, output_fp_clip=node.get("clip_value"))
    return _signed_result(node, y)


def _chip_shift(node, function, rounding):
    limits = INT8 if node.get("signed", True) else unsigned(8)
    values = shifted(function(*_sides(node)), node.get("shift", 0), node.get("rounding", rounding))
    return {"npu_y": clip(values, limits)}, limits


def _clipped(node, fields, limits):
    """clip_value on add and mul: the value is limited before it is multiplied by scale_y, which limits the code."""
    clip_value = node.get("clip_value")
    if clip_value:
        limit = int(np.rint(F32(clip_value) * F32(node.need("scale_y"))))
        limits = max(limits[0], -limit), min(limits[1], limit)
        fields = {"npu_y": clip(fields["npu_y"], limits)}
    return fields, limits


def add(node):
    if node.profile == "witin_nn":
        return _clipped(node, *_library(node, library.add, "scale_left", "scale_right", "scale_y"))
    return _chip_shift(node, np.add, "floor")


def mul(node):
    if node.profile == "witin_nn":
        return _clipped(node, *_library(node, library.mul, "scale_left", "scale_right", "scale_y"))
    return _chip_shift(node, np.multiply, "half_up")


def div(node):
    return _library(node, library.div, "scale_left", "scale_right", "scale_y", output_fp_clip=node.get("clip_value"))


def cat(node):
    axis = _axis(node, node.get("axis", 0)) + 1
    return _library(node, library.cat, "scale_left", "scale_right", "scale_y", dim=axis,
                    output_fp_clip=node.get("clip_value"))


def hypot(node):
    fields, _ = _library(node, library.hypot, "scale_left", "scale_y", ls=node.get("left_shift", 8),
                         output_fp_clip=node.get("clip_value"))
    return fields, unsigned(node.get("y_bits", 8))


def matmul(node):
    if node.get("g") is not None:
        rule = OutputRule(node)
        return {"npu_y": rule(np.matmul(*node.xs))}, rule.limit
    return _library(node, library.matmul, "scale_left", "scale_right", "scale_y")


def _reduced(node, keepdims):
    """(values of the axes as one last axis, shape of the result) for attribute axis, a number, or axes, a list."""
    rank = node.x.ndim - 1
    axes = node.get("axes", range(rank) if node.get("axis") is None else [node.get("axis")])
    axes = sorted(_axis(node, a) + 1 for a in axes)
    moved = np.moveaxis(node.x, axes, range(-len(axes), 0))
    shape = [1 if i in axes else n for i, n in enumerate(node.x.shape) if keepdims or i not in axes]
    return moved.reshape(moved.shape[:node.x.ndim - len(axes)] + (-1,)), shape


def mean(node):
    values, shape = _reduced(node, node.get("keepdims", False))
    return {"npu_y": library.mean(values, -1, False, node.get("sum_bits", 55)).reshape(shape)}, node.range


def batch_norm(node):
    if node.profile != "witin_nn":
        return batch_norm_event(node)
    scale_x, scale_y, bits = node.need("scale_x"), node.need("scale_y"), node.get("y_bits", 8)
    if node.tensor("weight") is not None:
        y = library.batchnorm2d(_as_map(node.x), node.tensor("weight"), node.tensor("bias"), scale_x,
                                node.need("scale_weight"), scale_y, bits)
    else:
        mean_, deviation = (t.astype(np.float64) / scale_x for t in (node.tensor("mean"), node.tensor("std")))
        y = library.batchnorm2d_noaffine(_as_map(node.x), mean_, deviation**2, node.need("eps"), scale_x, scale_y, bits,
                                         xb=32)
    return _signed_result(node, y.reshape(node.x.shape))


def batch_norm_event(node):
    """y = sat8(round(((x * scale_in) * alpha + beta) / scale_out)) in double, alpha and beta one a channel."""
    channel = (slice(None),) + (None,) * (node.x.ndim - 2)
    alpha, beta = (node.tensor(role).astype(np.float64)[channel] for role in ("alpha", "beta"))
    y = (node.x.astype(np.float64) * node.get("scale_in", 1) * alpha + beta) / node.get("scale_out", 1)
    return {"npu_y": chip.clip8(_rounded(y, node.get("rounding", "half_up"))).astype(I64)}, INT8


def _rounded(values, rounding):
    """Doubles to whole doubles."""
    rules = {"half_up": lambda v: np.floor(v + 0.5), "floor": np.floor, "half_even": np.rint, "trunc": np.trunc,
             "half_away": lambda v: np.copysign(np.floor(np.abs(v) + 0.5), v)}
    return rules[rounding](values)


def _as_map(x):
    return x.reshape(x.shape[:2] + (1, -1))


def cln_bn(node):
    y = library.clnbn2d(node.x, node.need("scale_y"), node.get("y_bits", 8), node.get("left_shift", 8),
                        node.get("sum_bits", 55), node.get("simple", False), node.get("clip_value"))
    return _signed_result(node, y)


# ------------------------------------------------------------------------------------------------ the chip's events
def _windows(x, kernel, strides):
    """[..., H, W, kH, kW] of [..., H, W]"""
    windows = np.lib.stride_tricks.sliding_window_view(x, kernel, (-2, -1))
    return windows[..., ::strides[0], ::strides[1], :, :]


def _pool(kind):
    def run(node):
        x = node.x
        kernel = node.get("kernel") or list(x.shape[2:])
        strides = node.get("strides", [1, 1])
        scales = node.get("scale_in", 1.0), node.get("scale_out", 1.0)
        pads = node.get("pads", [0, 0, 0, 0])
        if kind == "avg" and not node.get("count_include_pad", True):
            # The truncated average of the codes inside, then the one rescaling of a window of one code.
            inside = np.pad(np.ones_like(x[:1]), ((0, 0), (0, 0), (pads[0], pads[2]), (pads[1], pads[3])))
            windows = [_windows(values, kernel, strides) for values in
                       (np.pad(x, ((0, 0), (0, 0), (pads[0], pads[2]), (pads[1], pads[3]))), inside)]
            total, count = (values.sum((-2, -1)) for values in windows)
            x, kernel, strides, pads = np.sign(total) * (np.abs(total) // count), (1, 1), (1, 1), (0, 0, 0, 0)
        y = chip.pool(x, *kernel, *strides, pads, kind, *scales)
        return {"npu_y": y}, node.range if kind == "max" and scales[0] == scales[1] else INT8
    return run


def softmax(node):
    """The exponential is the tensor exp_table, index max - x."""
    axis = _axis(node, node.get("axis", 0)) + 1
    x = np.moveaxis(node.x, axis, -1)
    e = node.tensor("exp_table")[x.max(-1, keepdims=True) - x]
    y = np.trunc(e * ((F32(1) / F32(node.get("scale_out", 1))) / chip._sequential_sum(e)))
    limits = signed(8) if node.get("signed", False) else unsigned(8)
    return {"npu_y": np.moveaxis(clip(y, limits).astype(I64), -1, axis)}, limits


def sum_norm(node):
    is_signed = node.get("signed", False)
    scales = node.get("scale_in", 1), node.get("scale_out", 1)
    y = chip.softmax(node.x, _axis(node, node.get("axis", 0)) + 1, *scales, True, is_signed)
    return {"npu_y": y}, signed(8) if is_signed else unsigned(8)


def group_norm(node):
    y = chip.group_norm(node.x, node.tensor("alpha"), node.tensor("beta"), node.need("groups"),
                        node.get("scale_out", 1))
    return {"npu_y": y}, INT8


def reduce_mean(node):
    """y = clip8(round(sum * scale_in / (n * scale_out))) in double; the rounding is a guess of the specification."""
    values, shape = _reduced(node, node.get("keepdims", True))
    scaled = values.sum(-1).astype(np.float64) * node.get("scale_in", 1)
    limits = INT8 if node.get("signed", True) else unsigned(8)
    y = _rounded(scaled / (values.shape[-1] * float(node.get("scale_out", 1))), node.get("rounding", "half_up"))
    return {"npu_y": clip(y, limits).astype(I64).reshape(shape)}, limits


# ------------------------------------------------------------------------------------------------ data movement
def _axis(node, axis):
    rank = node.x.ndim - 1
    if not -rank <= axis < rank:
        node.refuse(f"axis {axis} of a frame with {rank} axes")
    return axis % rank


def slice_(node):
    starts, ends = node.need("starts"), node.need("ends")
    window = [slice(None)] * node.x.ndim
    for axis, start, end, step in zip(node.get("axes", range(len(starts))), starts, ends,
                                      node.get("steps", [1] * len(starts))):
        window[_axis(node, axis) + 1] = slice(start, end, step)
    return {"npu_y": node.x[tuple(window)]}, node.range


def _memory_order(x):
    """[frames, C, H, W] as the chip stores it: W, H, C with C fastest. Vectors stay as they are."""
    return np.swapaxes(x, -1, -3) if x.ndim >= 4 else x


def reshape(node):
    frames, shape = len(node.x), node.need("shape")
    if node.get("order", "chw") == "chw":
        return {"npu_y": node.x.reshape([frames] + shape)}, node.range
    flat = _memory_order(node.x).reshape(frames, -1)
    stored = shape[:-3] + shape[-3:][::-1] if len(shape) >= 3 else shape
    return {"npu_y": _memory_order(flat.reshape([frames] + stored))}, node.range


def permute(node):
    return {"npu_y": node.x.transpose([0] + [_axis(node, a) + 1 for a in node.need("axes")])}, node.range


def concat(node):
    y = np.concatenate(node.xs, axis=_axis(node, node.get("axis", 0)) + 1)
    return {"npu_y": y}, (min(r[0] for r in node.ranges), max(r[1] for r in node.ranges))


OPERATORS = {
    "relu": relu, "lut": lut, "requantize": requantize, "scale": scale, "shift": shift_, "scalar": scalar,
    "clear_low_bits": clear_low_bits, "float_scale": float_scale, "sqrt": _root(library.sqrt),
    "inv_sqrt": _root(library.invsqrt), "prelu": prelu, "add": add, "mul": mul, "div": div, "cat": cat, "hypot": hypot,
    "matmul": matmul, "mean": mean, "batch_norm": batch_norm, "cln_bn": cln_bn, "avg_pool": _pool("avg"),
    "max_pool": _pool("max"), "global_avg_pool": _pool("avg"), "softmax": softmax, "sum_norm": sum_norm,
    "group_norm": group_norm, "reduce_mean": reduce_mean, "slice": slice_, "reshape": reshape, "permute": permute,
    "concat": concat,
}
