"""torch operations between the library's layers that are exact on codes: they move or select values.

Each is a Move: out = the shape without the batch axis, on_codes() writes the node. Dimensions in a network file are
torch's, so 0 is the batch.
"""
import math

import numpy as np

from witin_checkpoint.errors import CheckpointError
from witin_checkpoint.graph import Tensor


class Move:
    """`zero` of on_codes is the code of 0.0: the codes of a shifted network input have it above 0."""

    def __init__(self, layer, shape):
        self.name, self.layer, self.input_shape = layer.name, layer, shape
        self.op, self.attributes, self.shape = self.plan(layer.arguments, shape)

    def refuse(self, message):
        raise CheckpointError(f"layer {self.name} ({self.layer.kind}): {message}")

    def axis(self, dim):
        """A torch dimension as an axis of the frame."""
        return frame_axis(dim, len(self.input_shape), self.refuse)

    def on_codes(self, graph, tensor, zero, name):
        node = graph.node(name, self.op, [tensor.node], None, self.attributes, scale=None if zero else tensor.scale)
        return Tensor(node, self.shape, tensor.scale, tensor.low, tensor.high)


def frame_axis(dim, rank, refuse):
    if not -(rank + 1) <= dim <= rank:
        refuse(f"dimension {dim} of a tensor with {rank + 1} dimensions, the batch included")
    axis = dim - 1 if dim >= 0 else dim + rank
    if axis < 0:
        refuse("dimension 0 is the batch: frames cannot be mixed")
    return axis


class Relu(Move):
    def plan(self, arguments, shape):
        return "relu", None, shape

    def on_codes(self, graph, tensor, zero, name):
        scale, low, high = tensor.scale, max(tensor.low, zero), max(tensor.high, zero)
        if zero == 0:
            node = graph.node(name, "relu", [tensor.node], scale=scale)
        else:
            node = graph.table(name, tensor, np.maximum(np.arange(tensor.low, tensor.high + 1), zero), None)
        return Tensor(node, self.shape, scale, low, high)


class Reshape(Move):
    """`shape` without the batch axis, or as torch writes it with a leading -1 for the batch; one extent may be -1."""

    def plan(self, arguments, shape):
        wanted, count = list(arguments["shape"]), math.prod(shape)
        if wanted[0] == -1 and len(wanted) > 1 and -1 not in wanted[1:] and math.prod(wanted[1:]) == count:
            wanted = wanted[1:]
        if wanted.count(-1) > 1 or any(n == 0 or n < -1 for n in wanted):
            self.refuse(f"shape {wanted} has no meaning")
        known = math.prod(n for n in wanted if n != -1)
        if count % known or (-1 not in wanted and known != count):
            self.refuse(f"{list(shape)} has {count} elements, which shape {wanted} cannot hold")
        out = tuple(count // known if n == -1 else n for n in wanted)
        return "reshape", {"shape": list(out)}, out


class Flatten(Move):
    def plan(self, arguments, shape):
        first, last = self.axis(arguments["start_dim"]), self.axis(arguments["end_dim"])
        if first > last:
            self.refuse(f"start_dim {arguments['start_dim']} is behind end_dim {arguments['end_dim']}")
        out = shape[:first] + (math.prod(shape[first:last + 1]),) + shape[last + 1:]
        return "reshape", {"shape": list(out)}, out


class Permute(Move):
    """`dims` as torch has them (the batch first and left alone), or of the frame alone."""

    def plan(self, arguments, shape):
        dims, rank = arguments["dims"], len(shape)
        axes = [self.axis(d) for d in dims[1:]] if len(dims) == rank + 1 and dims[0] in (0, -rank - 1) else \
            [d % rank for d in dims if -rank <= d < rank]
        if sorted(axes) != list(range(rank)):
            self.refuse(f"dims {dims} are no permutation of a tensor with {rank + 1} dimensions that leaves the batch "
                        f"first")
        return "permute", {"axes": axes}, tuple(shape[a] for a in axes)


class Slice(Move):
    def plan(self, arguments, shape):
        axis, step = self.axis(arguments["dim"]), arguments["step"]
        start, end, _ = slice(arguments["start"], arguments["end"], step).indices(shape[axis])
        if end <= start:
            self.refuse(f"{start}:{end} of {shape[axis]} takes nothing")
        out = shape[:axis] + (len(range(start, end, step)),) + shape[axis + 1:]
        return "slice", {"starts": [start], "ends": [end], "axes": [axis], "steps": [step]}, out


class MaxPool2d(Move):
    def plan(self, arguments, shape):
        if len(shape) != 3:
            self.refuse(f"a frame is [C, H, W], found {list(shape)}")
        if pair(arguments["dilation"]) != (1, 1) or arguments["ceil_mode"]:
            self.refuse("dilation and ceil_mode have no counterpart in a package")
        kernel, padding = pair(arguments["kernel_size"]), pair(arguments["padding"])
        strides = kernel if arguments["stride"] is None else pair(arguments["stride"])
        extents = tuple((n + 2 * p - k) // s + 1 for n, p, k, s in zip(shape[1:], padding, kernel, strides))
        if any(2 * p > k for p, k in zip(padding, kernel)) or min(extents) < 1:
            self.refuse(f"kernel {list(kernel)} with padding {list(padding)} does not fit a map {list(shape[1:])}")
        return ("max_pool", {"kernel": list(kernel), "strides": list(strides), "pads": list(padding) * 2},
                shape[:1] + extents)


def pair(value):
    return tuple(value) if isinstance(value, list) else (value, value)


MOVES = {"relu": Relu, "reshape": Reshape, "flatten": Flatten, "permute": Permute, "slice": Slice,
         "max_pool2d": MaxPool2d}
