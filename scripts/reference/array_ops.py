"""linear, conv2d, conv_transpose2d, tdnn: a sum of products by exact linear algebra, then the profile's output rule.

Streaming: the frames of a run are the columns W of one map; the operator is the plain one over that map, and of its
columns the first `frames` exist.
"""
import numpy as np

import witin_nn_array as array_reference
from rules import I64, OutputRule, clip, dot, signed, unsigned


def _x_range(node):
    bits = node.get("x_bits", 8)
    if node.get("neg_in", "none") == "pn":
        return -unsigned(bits)[1], unsigned(bits)[1]
    return signed(bits) if node.get("x_signed", False) else unsigned(bits)


def _check_codes(node, x):
    low, high = _x_range(node)
    wrong = (x < low) | (x > high)
    if wrong.any():
        index = np.argwhere(wrong)[0]
        node.refuse(f"input code {x[tuple(index)]} at index {index.tolist()} is outside {low}..{high}")


def convert(node, x, products, columns, driven=None, codes_axis=1):
    """Fields of an array node. products(codes, weights): the sums of products. columns(vector): a bias shaped to be
    added to them. driven(codes): the part of the codes that npu_x shows. codes_axis: the axis of x that the weights sum
    over."""
    _check_codes(node, x)
    rule = OutputRule(node)
    weight = node.tensor("weight")
    zero = np.zeros(1, I64)
    bias, bias_d = (columns(node.tensor(role, zero)) for role in ("bias", "bias_d"))
    pn = node.get("neg_in", "none") == "pn"

    def both(codes, used=1):
        if not pn:
            return products(codes, weight * used)
        negative = node.tensor("weight_neg", -weight)
        return products(np.maximum(codes, 0), weight * used) + products(np.maximum(-codes, 0), negative * used)

    mode = node.get("mode", "array")
    wanted = node.get("split", node.op == "linear") and mode != "digital" or mode == "mix"
    split = wanted and node.get("x_bits", 8) > 8
    low, high = array_reference.split(x) if split else (x, None)
    acc, y, v = _converted(node, rule, both, low, bias)
    shown = low if driven is None else driven(low)
    fields = {"npu_x": np.concatenate([np.maximum(shown, 0), np.maximum(-shown, 0)], axis=codes_axis) if pn else shown,
              "npu_acc": acc}
    if v is not None:
        fields["npu_v"] = v
    if split:
        fields["npu_y_d"] = rule.digital_half(both(high) + bias_d)
        y = clip(y + fields["npu_y_d"], signed(rule.y_bits))
    fields["npu_y"] = clip(y, rule.limit)
    return fields, rule.limit


def _converted(node, rule, both, low, bias):
    """(acc, y, v) of the low codes. With k_split, row counts of the parts of a matrix taller than the array, each part
    is converted on its own, the bias in the first, and the sum is saturated; acc and v then have an axis of parts."""
    parts = node.get("k_split")
    if not parts:
        acc = both(low) + bias
        return acc, rule(acc), rule.v(acc)
    ends = np.cumsum(parts)
    row = _array_rows(node.op, node.tensor("weight").shape)
    accs = [both(low, (row >= end - count) & (row < end)) for count, end in zip(parts, ends)]
    accs[0] = accs[0] + bias
    acc = np.stack([np.broadcast_to(a, accs[0].shape) for a in accs], axis=1)
    return acc, clip(sum(rule(a) for a in accs), signed(rule.y_bits)), rule.v(acc)


def _array_rows(op, shape):
    """The array row of every weight: linear in order; convolutions kW outermost, then kH, then channel, the kernel of a
    transposed one flipped."""
    if op in ("linear", "tdnn"):
        return np.arange(shape[0])[:, None]
    channels, heights, widths = shape[0 if op == "conv_transpose2d" else 1], shape[2], shape[3]
    kh, kw = np.arange(heights)[:, None], np.arange(widths)[None]
    if op == "conv_transpose2d":
        kh, kw = heights - 1 - kh, widths - 1 - kw
    place = (kw * heights + kh) * channels
    channel = np.arange(channels).reshape((-1, 1, 1, 1) if op == "conv_transpose2d" else (1, -1, 1, 1))
    return place[None, None] + channel


def linear(node):
    weight = node.tensor("weight")
    if node.x.ndim < 2 or node.x.shape[-1] != weight.shape[0]:
        node.refuse(f"input {node.x.shape[1:]} and weight {weight.shape} do not fit")
    return convert(node, node.x, dot, lambda bias: bias, codes_axis=-1)


def _to_map(node):
    """Frames as convolutions see them: streaming frames [C, H, 1] become the columns of one map."""
    if not node.get("streaming", False):
        return node.x
    if node.x.ndim != 4 or node.x.shape[3] != 1 or node.get("strides", [1, 1])[1] != 1:
        node.refuse("a streaming convolution takes frames [C, H, 1] and stride 1 in W")
    return node.x[..., 0].transpose(1, 2, 0)[None]


def _from_map(node, fields):
    if not node.get("streaming", False):
        return fields
    frames = len(node.x)
    for name, values in fields.items():
        if values.shape[3] < frames:
            node.refuse(f"the stream has {values.shape[3]} columns for {frames} frames")
        fields[name] = values[0, :, :, :frames].transpose(2, 0, 1)[..., None]
    return fields


def conv2d(node):
    top, left, bottom, right = node.get("pads", [0, 0, 0, 0])
    strides, dilations, groups = node.get("strides", [1, 1]), node.get("dilations", [1, 1]), node.get("groups", 1)
    pad = node.get("shift", 0) if node.get("neg_in", "none") == "shift" else 0
    if node.get("streaming", False) and left == right == 0:
        left = dilations[1] * (node.tensor("weight").shape[3] - 1)
    x = _to_map(node)
    height, width = x.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=pad)
    fields, limits = convert(
        node, padded, lambda codes, weights: array_reference.conv2d_int(codes, weights, strides, 0, dilations, groups),
        lambda bias: bias.reshape(1, -1, 1, 1), lambda codes: codes[:, :, top:top + height, left:left + width])
    return _from_map(node, fields), limits


def conv_transpose2d(node):
    top, left, bottom, right = node.get("pads", [0, 0, 0, 0])
    strides, dilations, groups = node.get("strides", [1, 1]), node.get("dilations", [1, 1]), node.get("groups", 1)
    below, beyond = node.get("output_padding", [0, 0])

    def products(codes, weights):
        whole = array_reference.conv_transpose2d_int(codes, weights, strides, 0, 0, dilations, groups)
        height, width = whole.shape[2] - top - bottom + below, whole.shape[3] - left - right + beyond
        whole = np.pad(whole, ((0, 0), (0, 0), (0, below), (0, beyond)))
        return whole[:, :, top:top + height, left:left + width]

    fields, limits = convert(node, _to_map(node), products, lambda bias: bias.reshape(1, -1, 1, 1))
    return _from_map(node, fields), limits


def tdnn(node):
    offsets = node.need("time_offsets")
    last, frames = offsets[-1], len(node.x)
    past = np.concatenate([np.zeros((last - offsets[0],) + node.x.shape[1:], I64), node.x])
    context = np.concatenate([past[o - offsets[0]:o - offsets[0] + frames] for o in offsets], axis=1)
    return convert(node, context, dot, lambda bias: bias)


OPERATORS = {"linear": linear, "conv2d": conv2d, "conv_transpose2d": conv_transpose2d, "tdnn": tdnn}
