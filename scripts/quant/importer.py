"""ONNX nodes to layers: what is the same for maps and for streams. map_import.py and stream_import.py add the operators
that depend on what the axes of a tensor mean.

A tensor is a constant (an array) or a Ref: a layer's values seen through a function of one float and a shape. Functions
compose, so that a chain such as Div, Erf, Add, Mul, Mul (GELU) becomes one table.
"""
import re
from dataclasses import dataclass, replace

import numpy as np

from . import constants, functions
from .graph import IDENTITY, Function, Graph, Layer, QuantError

PASSED = ("Identity", "Dropout", "Cast")
ENDINGS = ("Softmax", "LogSoftmax", "ArgMax")


@dataclass(frozen=True)
class Ref:
    source: str                 # layer or input
    dims: tuple                 # of the ONNX tensor, with a concrete batch
    axes: str                   # what each dimension is: N batch, T time, 1 nothing, F of the frame
    function: Function = IDENTITY
    last: bool = False          # streams: only the last time step
    warm_up: int = 0            # streams: leading frames that stand for nothing
    padded: tuple = (0, 0)      # streams: zeros before and after, not yet taken by a convolution

    @property
    def frame(self):
        return tuple(n for n, axis in zip(self.dims, self.axes) if axis == "F")


@dataclass
class Node:
    op: str
    name: str
    inputs: list
    outputs: list
    attrs: dict

    def refuse(self, reason):
        raise QuantError(f"node {self.name} ({self.op}): {reason}")


class Importer:
    streaming = False

    def __init__(self, model, name):
        self.model = model
        self.graph = Graph(name, self.streaming)
        self.env = {"": None}
        self.made = {}              # (source, function) or (source, shape): layer
        self.names = set()
        self.dead_ends = {}         # outputs of Softmax and the like: the Ref before it

    # ------------------------------------------------------------------------------------------------ walking the model
    def run(self):
        from onnx import TensorProto, helper, numpy_helper
        self.env.update(constants.initializers(self.model))
        self.read_inputs()
        for index, proto in enumerate(self.model.graph.node):
            attrs = {a.name: helper.get_attribute_value(a) for a in proto.attribute}
            attrs = {k: numpy_helper.to_array(v) if isinstance(v, TensorProto) else v for k, v in attrs.items()}
            node = Node(proto.op_type, proto.name or f"{proto.op_type.lower()}_{index}", list(proto.input),
                        list(proto.output), attrs)
            if proto.domain not in ("", "ai.onnx"):
                node.refuse(f"operators of domain {proto.domain} are not supported")
            self.step(node)
        for value in self.model.graph.output:
            self.put_out(value.name)
        self.graph.prune()
        return self.graph

    def step(self, node):
        for name in node.inputs:
            if name in self.dead_ends:
                node.refuse(f"reads the result of {self.dead_ends[name][0]}, which is supported only at the "
                            "network's end")
            if name not in self.env:
                node.refuse(f"input {name} is not defined")
        inputs = [self.env[name] for name in node.inputs]
        if node.op in ENDINGS and any(isinstance(x, Ref) for x in inputs):
            self.dead_ends[node.outputs[0]] = node.op, inputs[0]
            return
        try:
            outputs = self.value(node, inputs)
        except QuantError:
            raise
        except (ArithmeticError, AttributeError, LookupError, MemoryError, TypeError, ValueError) as error:
            node.refuse(f"is not formed as ONNX says ({type(error).__name__}: {error})".replace("\n", " "))
        for name, value in zip(node.outputs, outputs if isinstance(outputs, tuple) else (outputs,)):
            if name:
                self.env[name] = value

    def value(self, node, inputs):
        if node.op == "Shape" and isinstance(inputs[0], Ref):
            return np.asarray(inputs[0].dims, np.int64)
        if any(isinstance(x, Ref) for x in inputs):
            return inputs[0] if node.op in PASSED else self.computed(node, inputs)
        constant = constants.evaluate(node.op, node.attrs, inputs)
        if constant is None:
            node.refuse("is not supported between constants")
        return constant

    def computed(self, node, inputs):
        """What a node makes of at least one Ref: a Ref or a tuple of them."""
        made = self.elementwise(node, inputs)
        if made is not None:
            if made.function.name is None and not made.function.is_identity:
                made.function.name = node.name
            return made
        handler = getattr(self, "op_" + node.op, None)
        if handler is None:
            node.refuse("this operator is not supported")
        if not isinstance(inputs[0], Ref):
            node.refuse("its first input is a constant")
        return handler(node, inputs)

    def put_out(self, name):
        if name in self.dead_ends:
            op, ref = self.dead_ends[name]
            self.graph.notes.append(f"the final {op} is left to the host: it does not change which score is the "
                                    "largest")
        else:
            ref = self.env.get(name)
        if not isinstance(ref, Ref):
            raise QuantError(f"output {name} does not depend on the inputs")
        layer = self.exact(ref)
        if layer in self.graph.inputs:
            raise QuantError(f"output {name} is an input")
        if layer not in self.graph.outputs:
            self.graph.outputs.append(layer)
        if ref.last:
            self.graph.notes.append(f"output {layer}: a value for every frame; the sequence's result is its last "
                                    "frame's")
        if ref.warm_up:
            self.graph.notes.append(f"output {layer}: the first {ref.warm_up} frames come before the first full "
                                    "context")

    # ------------------------------------------------------------------------------------------------ making layers
    def unique(self, wanted):
        base = re.sub(r"[^A-Za-z0-9_./:-]", "_", wanted)[:150] or "layer"
        name, count = base, 1
        while name.lower() in self.names:
            count += 1
            name = f"{base}.{count}"
        self.names.add(name.lower())
        return name

    def add(self, wanted, op, inputs, shape, params=None, attrs=None):
        layer = Layer(self.unique(wanted), op, list(inputs), tuple(int(n) for n in shape), params or {}, attrs or {})
        self.graph.layers.append(layer)
        return layer.name

    def plain(self, ref):
        """The layer that holds ref's values, whatever the shape."""
        if ref.function.is_identity:
            return ref.source
        key = ref.source, ref.function
        if key not in self.made:
            shape, name = self.graph.shape(ref.source), ref.function.name or f"{ref.source}.lut"
            if functions.is_relu(ref.function):
                self.made[key] = self.add(name, "relu", [ref.source], shape)
            elif ref.function.affine:
                gain, offset = (np.asarray([v]) for v in ref.function.affine)
                self.made[key] = self.add(name, "affine", [ref.source], shape, {"gain": gain, "offset": offset})
            else:
                self.made[key] = self.add(name, "unary", [ref.source], shape, attrs={"function": ref.function})
        return self.made[key]

    def shaped(self, ref, shape):
        """The layer that holds ref's values as `shape`."""
        name, shape = self.plain(ref), tuple(int(n) for n in shape)
        if self.graph.shape(name) == shape:
            return name
        key = name, shape
        if key not in self.made:
            self.made[key] = self.add(f"{name}.reshape", "reshape", [name], shape, attrs={"shape": list(shape)})
        return self.made[key]

    def exact(self, ref):
        return self.shaped(ref, ref.frame)

    def constant(self, node, inputs, position, what):
        if len(inputs) <= position or inputs[position] is None:
            return None
        if isinstance(inputs[position], Ref):
            node.refuse(f"{what} must be a constant")
        return inputs[position]

    # ------------------------------------------------------------------------------------------------ elementwise
    def elementwise(self, node, inputs):
        """A Ref, or None where the operator is not elementwise."""
        if node.op == "Clip":
            low, high = (self.constant(node, inputs, k, n) for k, n in ((1, "min"), (2, "max")))
            low = node.attrs.get("min", -np.inf) if low is None else float(low)
            high = node.attrs.get("max", np.inf) if high is None else float(high)
            return replace(inputs[0], function=functions.clip(inputs[0].function, low, high))
        if node.op == "PRelu":
            slope = np.asarray(self.constant(node, inputs, 1, "the slope"))
            if slope.size == 1:
                return replace(inputs[0], function=functions.unary("LeakyRelu", {"alpha": float(slope.reshape(()))},
                                                                   inputs[0].function))
            return self.per_channel(node, inputs[0], "prelu", {"slope": slope})
        if len(inputs) == 1:
            function = functions.unary(node.op, node.attrs, inputs[0].function)
            return None if function is None else replace(inputs[0], function=function)
        if len(inputs) == 2 and node.op in ("Add", "Sub", "Mul", "Div", "Pow", "Min", "Max"):
            return self.binary(node, inputs)
        return None

    def binary(self, node, inputs):
        left, right = inputs
        if not (isinstance(left, Ref) and isinstance(right, Ref)):
            ref, constant = (left, right) if isinstance(left, Ref) else (right, left)
            if np.size(constant) == 1:
                function = functions.with_constant(node.op, np.ravel(constant)[0], ref.function, constant is left)
                if function is None:
                    node.refuse(f"with the constant {np.ravel(constant)[0]:g} is not supported")
                return replace(ref, function=function)
            gains = {"Add": (1, constant), "Sub": (-1, constant) if constant is left else (1, -constant),
                     "Mul": (constant, 0), "Div": None if constant is left else (1 / np.asarray(constant, float), 0)}
            if not gains.get(node.op):
                node.refuse("with a constant that is not a single number is not supported")
            gain, offset = gains[node.op]
            return self.per_channel(node, ref, "affine", {"gain": gain, "offset": offset})
        if left.axes != right.axes or left.dims != right.dims or left.last != right.last:
            node.refuse(f"operands of different shapes, {list(left.dims)} and {list(right.dims)}, are not supported")
        if left.source == right.source:
            function = functions.of_two(node.op, left.function, right.function)
            if function is not None:
                return replace(left, function=function)
        if left.warm_up != right.warm_up or left.padded != right.padded:
            node.refuse(f"joins values that lag {left.warm_up} and {right.warm_up} frames behind the input")
        if node.op == "Sub":
            right = replace(right, function=functions.unary("Neg", {}, right.function))
        elif node.op not in ("Add", "Mul"):
            node.refuse("of two computed values is not supported")
        op = "mul" if node.op == "Mul" else "add"
        layer = self.add(node.name, op, [self.exact(left), self.exact(right)], left.frame)
        return replace(left, source=layer, function=IDENTITY)

    def per_channel(self, node, ref, op, params):
        """A layer with one constant a channel; the constants are broadcast as ONNX does."""
        vectors = {}
        for name, values in params.items():
            try:
                whole = np.broadcast_to(np.asarray(values, np.float64), ref.dims)
            except ValueError:
                node.refuse(f"a constant of shape {list(np.shape(values))} does not fit {list(ref.dims)}")
            frame = whole[tuple(slice(None) if axis == "F" else 0 for axis in ref.axes)]
            rows = frame.reshape(frame.shape[0], -1)
            if (rows != rows[:, :1]).any():
                node.refuse("a constant that changes within a channel is not supported")
            vectors[name] = rows[:, 0].copy()
        layer = self.add(node.name, op, [self.exact(ref)], ref.frame, vectors)
        return replace(ref, source=layer, function=IDENTITY)

    # ------------------------------------------------------------------------------------------------ dense
    def dense(self, node, ref, weight, bias):
        if ref.axes[-1] != "F" or len(ref.frame) != 1:
            node.refuse(f"takes vectors; here a frame has shape {list(ref.frame)}")
        if weight.ndim != 2 or weight.shape[0] != ref.frame[0]:
            node.refuse(f"a matrix of shape {list(weight.shape)} does not fit vectors of {ref.frame[0]}")
        bias = np.zeros(weight.shape[1]) if bias is None else np.broadcast_to(np.asarray(bias, float).ravel(),
                                                                              weight.shape[1:])
        layer = self.add(node.name, "linear", [self.exact(ref)], weight.shape[1:],
                         {"weight": weight, "bias": bias.copy()})
        return replace(ref, source=layer, dims=ref.dims[:-1] + (weight.shape[1],), function=IDENTITY)

    def op_Gemm(self, node, inputs):
        weight, bias = self.constant(node, inputs, 1, "B"), self.constant(node, inputs, 2, "C")
        if node.attrs.get("transA", 0):
            node.refuse("a transposed A is not supported")
        weight = weight.T if node.attrs.get("transB", 0) else weight
        return self.dense(node, inputs[0], weight * node.attrs.get("alpha", 1.0),
                          None if bias is None else bias * node.attrs.get("beta", 1.0))

    def op_MatMul(self, node, inputs):
        return self.dense(node, inputs[0], np.asarray(self.constant(node, inputs, 1, "the right side")), None)

    def op_BatchNormalization(self, node, inputs):
        scale, offset, mean, variance = (self.constant(node, inputs, k, "a parameter") for k in range(1, 5))
        ref = inputs[0]
        if len(ref.dims) < 2 or ref.axes[1] != "F":
            node.refuse("channels must be the second axis")
        gain = scale / np.sqrt(variance + node.attrs.get("epsilon", 1e-5))
        column = lambda v: v.reshape([1, -1] + [1] * (len(ref.dims) - 2))
        return self.per_channel(node, ref, "affine", {"gain": column(gain), "offset": column(offset - mean * gain)})
