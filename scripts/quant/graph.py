"""The float network between the ONNX file and the package: layers in execution order, one output each.

A value is named like the layer (or input) that makes it. Its shape is that of one frame: no batch axis and, in a
streaming graph, no time axis. Operators and parameters, float64, layouts as in packages:

    linear             weight [K, N], bias [N]
    conv2d             weight [O, I/groups, kH, kW], bias [O]; strides, pads, dilations, groups
    conv_transpose2d   weight [I, O/groups, kH, kW], bias [O]; strides, pads, output_padding, dilations, groups
    tdnn               weight [len(time_offsets) * C, N], bias [N]; time_offsets
    gru                wx [X, 3H], wh [H, 3H] columns z r n, bx, bh [3H]; reset_after (PyTorch's kind) or not
    lstm               wx [X, 4H], wh [H, 4H] columns i f o c, b [4H]
    affine             gain [C] or [1], offset likewise: y = gain x + offset along axis 0
    relu, unary        unary: attrs["function"], a Function of one value
    rescale            nothing, but the codes may have another scale
    prelu              slope [C]
    add, mul           two inputs of one shape
    concat (axis), reshape (shape), permute (axes), slice (starts, ends, axes, steps), pad (pads)
    max_pool, avg_pool (kernel, strides, pads, count_pad), global_avg_pool
"""
from dataclasses import dataclass, field

ARRAY = ("linear", "conv2d", "conv_transpose2d", "tdnn")
RECURRENT = ("gru", "lstm")
SAME_CODES = ("relu", "max_pool", "reshape", "permute", "slice", "concat")    # outputs are codes of an input


class QuantError(ValueError):
    """A network, data or option that cannot be quantised; one line."""


class Function:
    """A function of one float. affine: (a, b) where it is a x + b, else None. name: of the node it ends with."""

    def __init__(self, text, call, affine=None):
        self.text, self.call, self.affine, self.name = text, call, affine, None

    def __call__(self, x):
        return self.call(x)

    @property
    def is_identity(self):
        return self.affine == (1.0, 0.0)

    def then(self, text, call, affine=None):
        """`call` after this function; text with {} for the argument."""
        combined = None
        if affine and self.affine:
            combined = affine[0] * self.affine[0], affine[0] * self.affine[1] + affine[1]
        return Function(text.format(self.text), lambda x: call(self.call(x)), combined)


IDENTITY = Function("x", lambda x: x, (1.0, 0.0))


@dataclass
class Layer:
    name: str
    op: str
    inputs: list
    shape: tuple
    params: dict = field(default_factory=dict)
    attrs: dict = field(default_factory=dict)


class Graph:
    def __init__(self, name, streaming=False):
        self.name, self.streaming = name, streaming
        self.inputs, self.layers, self.outputs = {}, [], []    # inputs: {name: shape of a frame}
        self.warm_up = {}          # streaming: frames of a value that stand for nothing, {name: frames}
        self.notes = []            # what was left out or assumed, for the report

    def find(self, name):
        return next((layer for layer in self.layers if layer.name == name), None)

    def shape(self, name):
        return self.inputs[name] if name in self.inputs else self.find(name).shape

    def users(self, name):
        return [layer for layer in self.layers if name in layer.inputs]

    def only_user(self, name):
        """The one layer that reads `name`; None if there are others or the network puts it out."""
        users = self.users(name)
        return users[0] if len(users) == 1 and name not in self.outputs and users[0].inputs.count(name) == 1 else None

    def remove(self, layer):
        """Takes out a layer with one input; its readers read that input."""
        self.layers.remove(layer)
        self.rename(layer.name, layer.inputs[0])

    def rename(self, old, new):
        for layer in self.layers:
            layer.inputs = [new if name == old else name for name in layer.inputs]
        self.outputs = [new if name == old else name for name in self.outputs]

    def prune(self):
        """Drops layers nothing reads."""
        for layer in reversed(list(self.layers)):
            if not self.users(layer.name) and layer.name not in self.outputs:
                self.layers.remove(layer)
