"""Small float ONNX networks for the tests of quantize.py."""
import numpy as np
from onnx import TensorProto, helper, numpy_helper, save


class Net:
    """Builds a network node by node; node() returns the name of its first output."""

    def __init__(self, **inputs):
        """inputs: {name: shape with None for a free axis}"""
        self.inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape))
                       for name, shape in inputs.items()]
        self.nodes, self.tensors = [], []

    def tensor(self, values, dtype=np.float32):
        name = f"tensor_{len(self.tensors)}"
        self.tensors.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def node(self, op, *inputs, outputs=1, name=None, **attrs):
        """inputs: names, or arrays that become initializers."""
        named = [x if isinstance(x, str) else self.tensor(x, np.asarray(x).dtype if np.asarray(x).dtype.kind == "i" else
                                                          np.float32) for x in inputs]
        made = [f"value_{len(self.nodes)}_{k}" for k in range(outputs)]
        self.nodes.append(helper.make_node(op, named, made, name or f"{op.lower()}_{len(self.nodes)}", **attrs))
        return made[0] if outputs == 1 else made

    def model(self, *outputs):
        graph = helper.make_graph(self.nodes, "net", self.inputs,
                                  [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
                                  self.tensors)
        document = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
        document.ir_version = 7
        return document

    def save(self, path, *outputs):
        save(self.model(*outputs), path)
        return path


def mlp(path, random, sizes=(12, 20, 16, 5)):
    net, value = Net(x=[None, sizes[0]]), "x"
    for count, (rows, columns) in enumerate(zip(sizes, sizes[1:])):
        value = net.node("Gemm", value, random.normal(size=(rows, columns)) / rows**0.5,
                         random.normal(size=columns) / 4)
        value = value if count + 2 == len(sizes) else net.node("Relu", value)
    return net.save(path, value)


def depthwise(path, random, spread):
    """Convolution, depthwise convolution, pointwise convolution; the channels of the first differ by up to `spread`
    times, and the depthwise layer takes that back, as trained networks do."""
    channels = 16
    factor = spread ** np.linspace(-0.5, 0.5, channels)
    random.shuffle(factor)
    net = Net(x=[None, 3, 10, 10])
    first = random.normal(size=(channels, 3, 3, 3)) / 5
    value = net.node("Conv", "x", first * factor[:, None, None, None], random.normal(size=channels) / 8 * factor,
                     pads=[1, 1, 1, 1])
    value = net.node("Relu", value)
    middle = random.normal(size=(channels, 1, 3, 3)) / 3
    value = net.node("Conv", value, middle / factor[:, None, None, None], random.normal(size=channels) / 8,
                     pads=[1, 1, 1, 1], group=channels)
    value = net.node("Relu", value)
    value = net.node("Conv", value, random.normal(size=(6, channels, 1, 1)) / 4, random.normal(size=6) / 8)
    return net.save(path, value)


def tdnn(path, random):
    """Two causal convolutions in time, padded with zeros before."""
    net = Net(x=[None, 8, None])
    value = net.node("Pad", "x", np.array([0, 0, 4, 0, 0, 0]))
    value = net.node("Conv", value, random.normal(size=(12, 8, 3)) / 5, random.normal(size=12) / 4, dilations=[2])
    value = net.node("Relu", value)
    value = net.node("Conv", value, random.normal(size=(6, 12, 2)) / 5, random.normal(size=6) / 4, pads=[1, 0])
    return net.save(path, value)


def recurrent(path, random, op, reset_after=1, channels=6, units=10):
    """One GRU or LSTM over [batch, time, channels] and a dense layer on its last state."""
    gates = {"GRU": 3, "LSTM": 4}[op]
    net = Net(x=[None, None, channels])
    value = net.node("Transpose", "x", perm=[1, 0, 2])
    extra = {"linear_before_reset": reset_after} if op == "GRU" else {}
    outputs = net.node(op, value, random.normal(size=(1, gates * units, channels)) / 2,
                       random.normal(size=(1, gates * units, units)) / 3,
                       random.normal(size=(1, 2 * gates * units)) / 4,
                       outputs=2, hidden_size=units, **extra)
    last = net.node("Squeeze", outputs[1], np.array([0]))
    return net.save(path, net.node("Gemm", last, random.normal(size=(units, 4)), random.normal(size=4)))
