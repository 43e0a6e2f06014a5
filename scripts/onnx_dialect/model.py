"""An ONNX file as plain data: constants, inputs, nodes in execution order. Nothing outside the file is read."""
from dataclasses import dataclass, field

import numpy as np


class ImportRefused(ValueError):
    """What cannot be mapped and why; one line that names the node."""


@dataclass
class OnnxNode:
    op: str
    name: str  # the node's name, or its first output's where it has none
    inputs: list
    outputs: list
    attributes: dict
    users: dict = field(repr=False, default_factory=dict)

    def get(self, name, default=None):
        return self.attributes.get(name, default)

    def refuse(self, reason):
        raise ImportRefused(f"{self.op} {self.name}: {reason}")


@dataclass
class Model:
    inputs: list     # (name, shape); unknown extents are None
    outputs: list    # names
    nodes: list
    constants: dict  # name -> array
    users: dict      # value -> nodes that read it


def _attribute(onnx, attribute):
    value = onnx.helper.get_attribute_value(attribute)
    if isinstance(value, onnx.TensorProto):
        return _array(onnx, value)
    if isinstance(value, list) and value and isinstance(value[0], onnx.TensorProto):
        return [_array(onnx, tensor) for tensor in value]
    if isinstance(value, (onnx.GraphProto, onnx.SparseTensorProto)):
        raise ImportRefused(f"attribute {attribute.name}: sub-graphs and sparse tensors are not part of the dialect")
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, list) and value and isinstance(value[0], bytes):
        return [item.decode("utf-8", "replace") for item in value]
    return value


def _array(onnx, tensor):
    if tensor.data_location == onnx.TensorProto.EXTERNAL:
        raise ImportRefused(f"tensor {tensor.name}: data outside the ONNX file is not read")
    return onnx.numpy_helper.to_array(tensor)


def load(path):
    import onnx
    import onnx.numpy_helper
    try:
        proto = onnx.load(path, load_external_data=False)
    except OSError as error:
        raise ImportRefused(f"{path}: {error.strerror}") from None
    except Exception:
        raise ImportRefused(f"{path}: not an ONNX file") from None
    graph = proto.graph
    if not graph.node:
        raise ImportRefused(f"{path}: not an ONNX model with nodes")
    constants = {tensor.name: _array(onnx, tensor) for tensor in graph.initializer}
    inputs = [(value.name, _extents(value)) for value in graph.input if value.name not in constants]
    nodes, users = [], {}
    known = set(constants) | {name for name, _ in inputs}
    for proto_node in graph.node:
        outputs = [name for name in proto_node.output if name]
        if not outputs:
            raise ImportRefused(f"{proto_node.op_type} {proto_node.name}: has no output")
        node = OnnxNode(proto_node.op_type, proto_node.name or outputs[0], list(proto_node.input), outputs,
                        {a.name: _attribute(onnx, a) for a in proto_node.attribute})
        while node.inputs and not node.inputs[-1]:
            node.inputs.pop()
        for name in node.inputs:
            if name and name not in known:
                node.refuse(f"input {name} is not produced earlier")
            users.setdefault(name, []).append(node)
        known.update(outputs)
        if node.op == "Constant":
            kinds = ("value", "value_float", "value_int", "value_floats", "value_ints")
            given = [node.get(kind) for kind in kinds if node.get(kind) is not None]
            if not given:
                node.refuse("holds no numbers")
            constants[outputs[0]] = np.asarray(given[0])
        else:
            nodes.append(node)
    outputs = [value.name for value in graph.output]
    for name in outputs:
        if name not in known:
            raise ImportRefused(f"output {name}: no node produces it")
    return Model(inputs, outputs, nodes, constants, users)


def _extents(value):
    """Unknown extents become None; they matter only where they are neither the batch nor time."""
    return [extent.dim_value if extent.dim_value > 0 else None for extent in value.type.tensor_type.shape.dim]
