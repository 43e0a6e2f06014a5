"""linear, conv2d, conv_transpose2d and tdnn with noise: the codes every pass of the array is driven with, row by row.

A pass is one output pixel of one part in one frame: ((frame * parts + part) * groups + group) * pixels + pixel. Rows
are numbered group by group, kernel columns outermost, then kernel rows, then channels.
"""
import numpy as np

import array_ops
import witin_nn_array as array_reference
from noise import Matrix, NoisyRule
from rules import I64, OutputRule, clip


class Patches:
    """codes [groups, frames, pixels, rows], `driven` [pixels, rows] where a tap of an output is; `places` of native
    ones."""

    def __init__(self, codes, driven=None, groups=1, places=None):
        self.codes, self.groups, self.places = codes, groups, places
        self.driven = np.ones(codes.shape[2:], bool) if driven is None else driven


def _unfold(planes, kernel, strides, dilations):
    """[F, C, H, W] -> [F, Ho, Wo, kw, kh, C]"""
    (kh, kw), (sh, sw), (dh, dw) = kernel, strides, dilations
    ho, wo = ((planes.shape[2 + i] - d * (k - 1) - 1) // s + 1
              for i, (k, s, d) in enumerate(((kh, sh, dh), (kw, sw, dw))))
    taps = [[planes[:, :, i * dh:i * dh + (ho - 1) * sh + 1:sh, j * dw:j * dw + (wo - 1) * sw + 1:sw]
             for i in range(kh)] for j in range(kw)]
    return np.array(taps).transpose(2, 4, 5, 0, 1, 3)


def _flat(values, node, groups):
    """[F, Ho, Wo, kw, kh, C] -> [groups, frames, pixels, rows]; the columns of a stream are its frames."""
    if node.get("streaming", False):
        values = values[0].transpose(1, 0, 2, 3, 4)[:len(node.x)]
    else:
        values = values.reshape(len(values), -1, *values.shape[3:])
    frames, pixels, kw, kh, channels = values.shape
    return values.reshape(frames, pixels, kw * kh, groups, -1).transpose(3, 0, 1, 2, 4).reshape(
        groups, frames, pixels, -1)


def _convolution(node):
    weight, groups = node.tensor("weight"), node.get("groups", 1)
    kernel, strides, dilations = weight.shape[2:], node.get("strides", [1, 1]), node.get("dilations", [1, 1])
    top, left, bottom, right = node.get("pads", [0, 0, 0, 0])
    x = array_ops._to_map(node)
    pad = node.get("shift", 0) if node.get("neg_in", "none") == "shift" else 0
    height, width = x.shape[2:]
    transposed = node.op == "conv_transpose2d"
    if transposed:  # the map with its codes apart, `strides` places each, under the flipped kernel
        below, beyond = node.get("output_padding", [0, 0])
        (sh, sw), reach = strides, [d * (k - 1) for k, d in zip(kernel, dilations)]
        before = reach[0] - top, reach[1] - left
        after = reach[0] - bottom + below, reach[1] - right + beyond
        wide = np.zeros(x.shape[:2] + ((height - 1) * sh + 1, (width - 1) * sw + 1), I64)
        wide[:, :, ::sh, ::sw] = x
        x, strides = wide, [1, 1]
        h, w = (np.arange(-b, n + a) for b, n, a in zip(before, wide.shape[2:], after))
        mask = (h % sh == 0)[:, None] & (w % sw == 0)
        h, w = h // sh, w // sw
        x = np.pad(x, ((0, 0), (0, 0)) + tuple((max(b, 0), max(a, 0)) for b, a in zip(before, after)))
        x = x[:, :, max(-before[0], 0):, max(-before[1], 0):][:, :, :len(mask), :mask.shape[1]]
    else:
        if node.get("streaming", False) and left == right == 0:
            left = dilations[1] * (kernel[1] - 1)
        x = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=pad)
        mask = np.ones(x.shape[2:], bool)
        h, w = np.arange(x.shape[2]) - top, np.arange(x.shape[3]) - left
    unfold = lambda planes: _flat(_unfold(planes, kernel, strides, dilations), node, groups)
    shape = (1, x.shape[1]) + mask.shape
    driven = unfold(np.broadcast_to(mask, shape))[0, 0]
    channel, row, column = (unfold(np.broadcast_to(np.reshape(v, s), shape))[:, 0] for v, s in (
        (np.arange(x.shape[1]), (1, -1, 1, 1)), (h, (1, 1, -1, 1)), (w, (1, 1, 1, -1))))
    if transposed:  # [I, O / groups, kh, kw]
        matrices = lambda t: t[..., ::-1, ::-1].transpose(0, 4, 3, 1, 2)
    else:  # [O, I / groups, kh, kw]
        matrices = lambda t: t.transpose(0, 4, 3, 2, 1)

    def as_rows(tensor):
        by_tap = matrices(tensor.reshape(groups, -1, *tensor.shape[1:]))
        return by_tap.reshape(groups, -1, by_tap.shape[-1])

    return Patches(unfold(x), driven, groups, (channel, row, column, (height, width), transposed)), as_rows


def _patches(node):
    """(Patches, weight tensor -> [groups, rows, columns])"""
    if node.op.startswith("conv"):
        return _convolution(node)
    x = node.x
    if node.op == "tdnn":
        offsets, frames = node.need("time_offsets"), len(node.x)
        past = np.concatenate([np.zeros((offsets[-1] - offsets[0],) + x.shape[1:], I64), x])
        x = np.concatenate([past[o - offsets[0]:o - offsets[0] + frames] for o in offsets], axis=1)
    return Patches(x.reshape(1, len(x), -1, x.shape[-1])), lambda weight: weight[None]


class _NativeInput:
    """Input noise of a convolution that is no matrix: one draw for each place of the padded map and each polarity."""

    def __init__(self, noise, patches, channels, polarities):
        channel, row, column, (height, width), transposed = patches.places
        first = [0, 0] if transposed else [min(0, row.min()), min(0, column.min())]
        extent = [height, width] if transposed else [max(height - 1, row.max()) - first[0] + 1,
                                                     max(width - 1, column.max()) - first[1] + 1]
        h, w = row - first[0], column - first[1]
        self._inside = (h >= 0) & (h < extent[0]) & (w >= 0) & (w < extent[1])
        self._place = (channel * extent[0] + h) * extent[1] + w
        self._plane, self._noise, self._polarities = channels * extent[0] * extent[1], noise, polarities

    def __call__(self, group, frames, pixels, rows):
        place = self._place[group][pixels][:, rows]
        each = [np.where(self._inside[group][pixels][:, rows], self._noise.normals(
            "input", (np.arange(frames)[:, None, None] * 2 + polarity) * self._plane + np.maximum(place, 0)), 0.0)
            for polarity in range(self._polarities)]
        return np.concatenate(each, axis=-1).reshape(frames * len(pixels), -1)


def _codes(node):
    """(codes the array is driven with, the largest one, whether the rest is digital)"""
    attribute = array_ops._x_range(node)
    low, high = max(attribute[0], node.range[0]), min(attribute[1], node.range[1])
    shift = node.get("shift", 0) if node.get("neg_in", "none") == "shift" else 0
    low, high = min(low, shift), max(high, shift)
    wanted = node.get("split", node.op == "linear") or node.get("mode", "array") == "mix"
    if wanted and node.get("x_bits", 8) > 8:
        return True, 255
    return False, max(high, -low)


def noisy(node, fields, limit):
    """Fields of a noise-free run with what noise makes of them."""
    noise, rule = node.noise, NoisyRule(OutputRule(node))
    patches, as_rows = _patches(node)
    split, largest = _codes(node)
    pn = node.get("neg_in", "none") == "pn"
    convolution = node.op.startswith("conv")
    native = (convolution and node.profile == "witin_nn" and not node.get("split", False)
              and not node.get("streaming", False))
    if native and noise.model.mbs:
        node.refuse("mbs has no law for a convolution that is not run as a matrix")
    weight = node.tensor("weight")
    positive, negative = as_rows(weight), as_rows(node.tensor("weight_neg", -weight))
    groups, rows, columns = positive.shape
    frames, pixels = patches.codes.shape[1:3]
    bias = np.broadcast_to(node.tensor("bias", np.zeros(1, I64)), groups * columns)
    codes = array_reference.split(patches.codes)[0] if split else patches.codes
    counts = node.get("k_split") or [rows]
    ends = np.cumsum(counts)
    parts = len(counts)
    acc = np.zeros((frames, parts, pixels, groups * columns), I64)
    v, y = acc.copy(), acc.copy()
    driven, kind = np.unique(patches.driven, axis=0, return_inverse=True)
    common = "row" if not native else "channel" if node.op == "conv_transpose2d" else "column"
    channels = weight.shape[0] // groups if common == "channel" else 1
    drawn = (_NativeInput(noise, patches, array_ops._to_map(node).shape[1], 1 + pn)
             if native and noise.model.input else None)
    for group in range(groups):
        out = slice(group * columns, (group + 1) * columns)
        for part in range(parts):
            own = (np.arange(rows) >= ends[part] - counts[part]) & (np.arange(rows) < ends[part])
            for which, taps in enumerate(driven):
                used, where = own & taps, np.flatnonzero(kind.ravel() == which)
                cells = [positive[group][used], negative[group][used]][:1 + pn]
                matrix = Matrix(noise, np.concatenate(cells), bias[out] if part == 0 else np.zeros(columns, I64),
                                np.flatnonzero(used) + group * rows, groups * rows, groups * columns, group * columns,
                                node.get("bias_rows", 8) if part == 0 else 0, common=common,
                                channels=channels, groups=groups, largest=largest)
                x = codes[group][:, where][..., used].reshape(frames * len(where), -1)
                if pn:
                    x = np.concatenate([np.maximum(x, 0), np.maximum(-x, 0)], axis=1)
                passes = ((np.arange(frames)[:, None] * parts + part) * groups + group) * pixels + where
                z = drawn(group, frames, where, used) if drawn else None
                sums = matrix.accumulate(x, passes.ravel(), rule.g, 2 if native and pn else 1, z)
                for target, values in zip((acc, v, y), rule(*sums)):
                    if values is not None:
                        target[:, part, where, out] = values.reshape(frames, len(where), columns)
    y = clip(y.sum(axis=1), (-(1 << (rule.y_bits - 1)), (1 << (rule.y_bits - 1)) - 1))
    shape, axis = fields["npu_y"].shape, 1 if convolution else -1

    def placed(values):
        """[frames, pixels, columns] as the node's output lies."""
        if axis == -1:
            return values.reshape(shape)
        return values.transpose(0, 2, 1).reshape(shape)

    result = dict(fields)
    for name, values in (("npu_acc", acc), ("npu_v", v)):
        if name in fields:
            each = [placed(values[:, part]) for part in range(parts)]
            result[name] = np.stack(each, axis=1) if node.get("k_split") else each[0]
    y = placed(y)
    if split:
        y = y + fields["npu_y_d"]
    result["npu_y"] = clip(y, limit)
    return result
