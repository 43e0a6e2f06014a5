"""ONNX networks whose samples are independent: the first axis of every tensor is the batch, the rest is the frame.

Maps of one spatial axis [C, L] become [C, 1, L]. Shapes are changed lazily: Reshape, Flatten, Squeeze and Unsqueeze
only note the new shape; a layer appears where an operator needs it.
"""
from dataclasses import replace

import numpy as np

from . import constants
from .graph import IDENTITY, QuantError
from .importer import Importer, Ref


def window_pads(node, size, kernel, strides, dilations):
    """[begin..., end...] of a windowed operator, auto_pad resolved."""
    mode = node.attrs.get("auto_pad", b"NOTSET").decode()
    if mode in ("NOTSET", ""):
        return [int(p) for p in node.attrs.get("pads", [0] * (2 * len(size)))]
    if mode == "VALID":
        return [0] * (2 * len(size))
    total = [max((-(-n // s) - 1) * s + (k - 1) * d + 1 - n, 0) for n, k, s, d in zip(size, kernel, strides, dilations)]
    small, large = [t // 2 for t in total], [t - t // 2 for t in total]
    return small + large if mode == "SAME_UPPER" else large + small


class MapImporter(Importer):
    def __init__(self, model, name, shapes):
        super().__init__(model, name)
        self.shapes = shapes        # {input: shape of the calibration array}

    def read_inputs(self):
        for value in self.model.graph.input:
            if value.name in self.env:
                continue
            batch = value.type.tensor_type.shape.dim
            count = batch[0].dim_value if batch and batch[0].dim_value > 0 else 1
            frame = tuple(self.shapes[value.name][1:])
            name = self.unique(value.name)
            self.graph.inputs[name] = frame
            self.env[value.name] = Ref(name, (count,) + frame, "N" + "F" * len(frame))

    def as_map(self, node, ref):
        """(layer of shape [C, H, W], 1-D or not)"""
        if len(ref.frame) not in (2, 3):
            node.refuse(f"takes maps; here a frame has shape {list(ref.frame)}")
        flat = len(ref.frame) == 2
        return self.shaped(ref, (ref.frame[0], 1, ref.frame[1]) if flat else ref.frame), flat

    def result(self, ref, layer, flat):
        """The Ref of a layer that made a map; a 1-D one drops its axis of one again."""
        shape = self.graph.shape(layer)
        frame = (shape[0], shape[2]) if flat else shape
        return replace(ref, source=layer, dims=(ref.dims[0],) + frame, axes="N" + "F" * len(frame), function=IDENTITY)

    def window(self, node, size, kernel, dilations=True):
        """(kernel, strides, pads, dilations) in two dimensions."""
        rank = len(size)
        ones = [1] * rank
        kernel = [int(k) for k in kernel]
        strides = [int(s) for s in node.attrs.get("strides", ones)]
        spread = [int(d) for d in node.attrs.get("dilations", ones)] if dilations else ones
        pads = window_pads(node, size, kernel, strides, spread)
        if rank == 1:
            return [1] + kernel, [1] + strides, [0, pads[0], 0, pads[1]], [1] + spread
        return kernel, strides, pads, spread

    @staticmethod
    def size(node, n, kernel, stride, before, after, dilation=1):
        span = n + before + after - (kernel - 1) * dilation - 1
        if span < 0:
            node.refuse(f"a window of {(kernel - 1) * dilation + 1} does not fit {n + before + after} values")
        return span // stride + 1

    # ------------------------------------------------------------------------------------------------ convolutions
    def weights(self, node, inputs):
        weight, bias = self.constant(node, inputs, 1, "the weight"), self.constant(node, inputs, 2, "the bias")
        if weight.ndim not in (3, 4) or weight.ndim - 1 != len(inputs[0].frame):
            node.refuse(f"a kernel of shape {list(weight.shape)} over frames of shape {list(inputs[0].frame)}")
        return (weight[:, :, None] if weight.ndim == 3 else weight), bias

    def op_Conv(self, node, inputs):
        weight, bias = self.weights(node, inputs)
        ref, groups = inputs[0], int(node.attrs.get("group", 1))
        name, flat = self.as_map(node, ref)
        channels, height, width = self.graph.shape(name)
        if weight.shape[1] * groups != channels or weight.shape[0] % groups:
            node.refuse(f"a kernel of shape {list(weight.shape)} with {groups} groups over {channels} channels")
        kernel, strides, pads, dilations = self.window(node, ref.frame[1:],
                                                       weight.shape[3:] if flat else weight.shape[2:])
        shape = [weight.shape[0]] + [self.size(node, n, kernel[a], strides[a], pads[a], pads[a + 2], dilations[a])
                                     for a, n in enumerate((height, width))]
        layer = self.add(node.name, "conv2d", [name], shape,
                         {"weight": weight, "bias": np.zeros(shape[0]) if bias is None else bias},
                         {"strides": strides, "pads": pads, "dilations": dilations, "groups": groups})
        return self.result(ref, layer, flat)

    def op_ConvTranspose(self, node, inputs):
        weight, bias = self.weights(node, inputs)
        ref, groups = inputs[0], int(node.attrs.get("group", 1))
        name, flat = self.as_map(node, ref)
        if "output_shape" in node.attrs or node.attrs.get("auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID"):
            node.refuse("output_shape and automatic padding are not supported; export explicit pads")
        kernel, strides, pads, dilations = self.window(node, ref.frame[1:],
                                                       weight.shape[3:] if flat else weight.shape[2:])
        extra = [int(n) for n in node.attrs.get("output_padding", [0] * len(ref.frame[1:]))]
        extra = [0] + extra if flat else extra
        size = self.graph.shape(name)[1:]
        shape = [weight.shape[1] * groups] + [(n - 1) * strides[a] + dilations[a] * (kernel[a] - 1) + 1 + extra[a]
                                              - pads[a]
                                              - pads[a + 2] for a, n in enumerate(size)]
        layer = self.add(node.name, "conv_transpose2d", [name], shape,
                         {"weight": weight, "bias": np.zeros(shape[0]) if bias is None else bias},
                         {"strides": strides, "pads": pads, "dilations": dilations, "groups": groups,
                          "output_padding": extra})
        return self.result(ref, layer, flat)

    # ------------------------------------------------------------------------------------------------ pools
    def pool(self, node, ref, op, kernel, **attrs):
        name, flat = self.as_map(node, ref)
        channels, height, width = self.graph.shape(name)
        if any(d != 1 for d in node.attrs.get("dilations", [1])):
            node.refuse("dilated pooling is not supported")
        kernel, strides, pads, _ = self.window(node, ref.frame[1:], kernel, dilations=False)
        shape = [channels]
        for axis, n in enumerate((height, width)):
            shape.append(self.size(node, n, kernel[axis], strides[axis], pads[axis], pads[axis + 2]))
            if node.attrs.get("ceil_mode", 0) and (n + pads[axis] + pads[axis + 2] - kernel[axis]) % strides[axis]:
                node.refuse("ceil_mode with windows that reach over the edge is not supported")
        layer = self.add(node.name, op, [name], shape,
                         attrs={"kernel": kernel, "strides": strides, "pads": pads, **attrs})
        return self.result(ref, layer, flat)

    def op_MaxPool(self, node, inputs):
        return self.pool(node, inputs[0], "max_pool", node.attrs["kernel_shape"])

    def op_AveragePool(self, node, inputs):
        return self.pool(node, inputs[0], "avg_pool", node.attrs["kernel_shape"],
                         count_pad=bool(node.attrs.get("count_include_pad", 0)))

    def op_GlobalAveragePool(self, node, inputs):
        name, flat = self.as_map(node, inputs[0])
        layer = self.add(node.name, "global_avg_pool", [name], (self.graph.shape(name)[0], 1, 1))
        return self.result(inputs[0], layer, flat)

    def op_GlobalMaxPool(self, node, inputs):
        return self.pool(node, inputs[0], "max_pool", inputs[0].frame[1:])

    def op_ReduceMean(self, node, inputs):
        ref = inputs[0]
        axes = self.constant(node, inputs, 1, "axes")
        axes = node.attrs.get("axes", range(1, len(ref.dims))) if axes is None else np.ravel(axes)
        axes = sorted(int(a) % len(ref.dims) for a in axes)
        if axes != list(range(2, len(ref.dims))):
            node.refuse("only means over all spatial axes of a map are supported")
        made = self.op_GlobalAveragePool(node, inputs)
        return made if node.attrs.get("keepdims", 1) else self.with_frame(made, made.frame[:1])

    # ------------------------------------------------------------------------------------------------ shapes
    @staticmethod
    def with_frame(ref, frame):
        return replace(ref, dims=(ref.dims[0],) + tuple(int(n) for n in frame), axes="N" + "F" * len(frame))

    def reshaped(self, node, ref, dims):
        """`ref` as an ONNX shape, which must keep the batch axis."""
        dims = [int(n) for n in dims]
        total = int(np.prod(ref.dims))
        dims = [ref.dims[k] if n == 0 else n for k, n in enumerate(dims)]
        if -1 in dims:
            rest = -int(np.prod(dims))
            if rest <= 0 or total % rest:
                node.refuse(f"shape {dims} does not fit {list(ref.dims)}")
            dims[dims.index(-1)] = total // rest
        if not dims or dims[0] != ref.dims[0] or int(np.prod(dims)) != total:
            node.refuse(f"shape {dims} from {list(ref.dims)} does not keep the batch axis")
        return self.with_frame(ref, dims[1:])

    def op_Reshape(self, node, inputs):
        return self.reshaped(node, inputs[0], np.ravel(self.constant(node, inputs, 1, "the shape")))

    def op_Flatten(self, node, inputs):
        if int(node.attrs.get("axis", 1)) != 1:
            node.refuse("only axis 1 is supported")
        return self.with_frame(inputs[0], [int(np.prod(inputs[0].frame))])

    def op_Squeeze(self, node, inputs):
        axes = self.constant(node, inputs, 1, "axes")
        axes = node.attrs.get("axes") if axes is None else np.ravel(axes)
        rank = len(inputs[0].dims)
        axes = [a for a in range(1, rank) if inputs[0].dims[a] == 1] if axes is None else [int(a) % rank for a in axes]
        return self.reshaped(node, inputs[0], [n for a, n in enumerate(inputs[0].dims) if a not in axes])

    def op_Unsqueeze(self, node, inputs):
        axes = self.constant(node, inputs, 1, "axes")
        axes = [int(a) for a in np.ravel(node.attrs["axes"] if axes is None else axes)]
        rank = len(inputs[0].dims) + len(axes)
        axes, rest = [a % rank for a in axes], iter(inputs[0].dims)
        return self.reshaped(node, inputs[0], [1 if a in axes else next(rest) for a in range(rank)])

    def op_Transpose(self, node, inputs):
        ref = inputs[0]
        order = [int(p) for p in node.attrs.get("perm", range(len(ref.dims))[::-1])]
        if order[0] != 0:
            node.refuse("moves the batch axis")
        if order == sorted(order):
            return ref
        frame = [ref.dims[p] for p in order[1:]]
        layer = self.add(node.name, "permute", [self.exact(ref)], frame, attrs={"axes": [p - 1 for p in order[1:]]})
        return self.with_frame(replace(ref, source=layer, function=IDENTITY), frame)

    def op_Concat(self, node, inputs):
        if not all(isinstance(x, Ref) for x in inputs):
            node.refuse("with constants is not supported")
        axis = int(node.attrs["axis"]) % len(inputs[0].dims)
        if axis == 0:
            node.refuse("along the batch is not supported")
        frame = list(inputs[0].frame)
        frame[axis - 1] = sum(x.frame[axis - 1] for x in inputs)
        layer = self.add(node.name, "concat", [self.exact(x) for x in inputs], frame, attrs={"axis": axis - 1})
        return self.with_frame(replace(inputs[0], source=layer, function=IDENTITY), frame)

    def cut(self, node, ref, wanted, axes, starts, ends, steps):
        frame = list(ref.frame)
        for axis, start, end, step in zip(axes, starts, ends, steps):
            if axis == 0 or step < 1:
                node.refuse("of the batch, or backwards, is not supported")
            start, end, _ = slice(start, end).indices(frame[axis - 1])
            if start >= end:
                node.refuse("leaves nothing")
            frame[axis - 1] = -(-(end - start) // step)
        bounds = [slice(s, e).indices(ref.dims[a])[:2] for a, s, e in zip(axes, starts, ends)]
        layer = self.add(wanted, "slice", [self.exact(ref)], frame,
                         attrs={"axes": [a - 1 for a in axes], "starts": [b[0] for b in bounds],
                                "ends": [b[1] for b in bounds], "steps": list(steps)})
        return self.with_frame(replace(ref, source=layer, function=IDENTITY), frame)

    def op_Slice(self, node, inputs):
        ref = inputs[0]
        for position in range(1, len(inputs)):
            self.constant(node, inputs, position, "a bound")
        starts, ends, axes, steps = constants.slice_arguments(node.attrs, inputs, len(ref.dims))
        return self.cut(node, ref, node.name, axes, starts, ends, steps)

    def op_Split(self, node, inputs):
        ref, axis = inputs[0], int(node.attrs.get("axis", 0)) % len(inputs[0].dims)
        parts = self.constant(node, inputs, 1, "the split")
        parts = node.attrs.get("split") if parts is None else np.ravel(parts)
        if parts is None:
            parts = [ref.dims[axis] // len(node.outputs)] * len(node.outputs)
        ends = np.cumsum([int(p) for p in parts])
        return tuple(self.cut(node, ref, f"{node.name}.{k}", [axis], [int(e - p)], [int(e)], [1])
                     for k, (p, e) in enumerate(zip(parts, ends)))

    def op_Gather(self, node, inputs):
        ref, index = inputs[0], self.constant(node, inputs, 1, "the index")
        axis = int(node.attrs.get("axis", 0)) % len(ref.dims)
        if np.size(index) != 1:
            node.refuse("of more than one index is not supported")
        start = int(np.ravel(index)[0]) % ref.dims[axis]
        part = self.cut(node, ref, node.name, [axis], [start], [start + 1], [1])
        if np.ndim(index):
            return part
        return self.with_frame(part, [n for a, n in enumerate(part.dims) if a not in (0, axis)])

    def op_Pad(self, node, inputs):
        ref = inputs[0]
        pads, value = self.constant(node, inputs, 1, "pads"), self.constant(node, inputs, 2, "the value")
        pads = [int(p) for p in (node.attrs["pads"] if pads is None else np.ravel(pads))]
        value = node.attrs.get("value", 0.0) if value is None or not np.size(value) else float(np.ravel(value)[0])
        if node.attrs.get("mode", b"constant") != b"constant" or value != 0 or min(pads) < 0:
            node.refuse("only zeros can be padded")
        rank = len(ref.dims)
        begin, end = pads[:rank], pads[rank:]
        if not any(pads):
            return ref
        if any(begin[:2] + end[:2]) or rank < 3:
            node.refuse("only spatial axes can be padded")
        name, flat = self.as_map(node, ref)
        spatial = [0, begin[2], 0, end[2]] if flat else begin[2:] + end[2:]
        channels, height, width = self.graph.shape(name)
        layer = self.add(node.name, "pad", [name], (channels, height + spatial[0] + spatial[2],
                                                    width + spatial[1] + spatial[3]), attrs={"pads": spatial})
        return self.result(ref, layer, flat)


def check_shapes(model, shapes):
    """The calibration arrays against the model's inputs; the batch axis is free, so is every axis without a size."""
    known = {entry.name for entry in model.graph.initializer}
    wanted = [value for value in model.graph.input if value.name not in known]
    for name in shapes:
        if name not in {value.name for value in wanted}:
            raise QuantError(f"calibration data for {name}: the model has no such input; its inputs are "
                             f"{', '.join(value.name for value in wanted)}")
    for value in wanted:
        dims = [d.dim_value if d.dim_value > 0 else None for d in value.type.tensor_type.shape.dim]
        text = "[" + ", ".join(["N"] + ["?" if d is None else str(d) for d in dims[1:]]) + "]"
        if value.name not in shapes:
            raise QuantError(f"input {value.name}: no calibration data; expected an array {text}")
        shape = shapes[value.name]
        if len(shape) != len(dims) or any(d not in (None, n) for d, n in zip(dims[1:], shape[1:])) or 0 in shape:
            raise QuantError(f"calibration data for {value.name}: shape {list(shape)}, expected {text}")
