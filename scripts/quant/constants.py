"""The part of an ONNX graph that depends on no data: initializers, and what exporters compute from shapes."""
import numpy as np

from .graph import QuantError


def initializers(model):
    """{name: array}; floats finite."""
    from onnx import numpy_helper
    found = {}
    for entry in model.graph.initializer:
        array = numpy_helper.to_array(entry)
        if array.dtype.kind == "f":
            wrong = ~np.isfinite(array)
            if wrong.any():
                index = np.argwhere(wrong)[0].tolist()
                raise QuantError(f"initializer {entry.name}: value {array[tuple(index)]} at index {index} is not "
                                 "finite")
            array = array.astype(np.float64)
        found[entry.name] = array
    return found


def _axes(attrs, inputs, position):
    axes = inputs[position] if len(inputs) > position and inputs[position] is not None else attrs.get("axes")
    return None if axes is None else tuple(int(a) for a in np.ravel(axes))


def _squeeze(attrs, inputs):
    return np.squeeze(inputs[0], _axes(attrs, inputs, 1))


def _unsqueeze(attrs, inputs):
    return np.expand_dims(inputs[0], _axes(attrs, inputs, 1))


def slice_arguments(attrs, inputs, rank):
    """(starts, ends, axes, steps) of a Slice; opset 1 has them as attributes."""
    given = lambda position, name: inputs[position] if len(inputs) > position and inputs[position] is not None \
        else attrs.get(name)
    starts, ends = ([int(v) for v in np.ravel(given(k, n))] for k, n in ((1, "starts"), (2, "ends")))
    axes = given(3, "axes")
    axes = list(range(len(starts))) if axes is None else [int(v) % rank for v in np.ravel(axes)]
    steps = given(4, "steps")
    return starts, ends, axes, [1] * len(starts) if steps is None else [int(v) for v in np.ravel(steps)]


def _slice(attrs, inputs):
    window = [slice(None)] * inputs[0].ndim
    for start, end, axis, step in zip(*slice_arguments(attrs, inputs, inputs[0].ndim)):
        window[axis] = slice(start, end if not (step < 0 and end < -inputs[0].shape[axis]) else None, step)
    return inputs[0][tuple(window)]


def _expand(attrs, inputs):
    return np.broadcast_to(inputs[0], np.broadcast_shapes(inputs[0].shape, tuple(int(n) for n in inputs[1])))


def _constant(attrs, inputs):
    for name in ("value", "value_float", "value_int", "value_floats", "value_ints"):
        if name in attrs:
            array = np.asarray(attrs[name])
            return array.astype(np.float64) if array.dtype.kind == "f" else array
    raise QuantError("a Constant without a value")


def _cast(attrs, inputs):
    from onnx import TensorProto
    return inputs[0].astype(np.float64 if attrs["to"] in (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16)
                            else np.bool_ if attrs["to"] == TensorProto.BOOL else np.int64)


def _reshape(attrs, inputs):
    shape = [inputs[0].shape[k] if n == 0 else int(n) for k, n in enumerate(inputs[1])]
    return inputs[0].reshape(shape)


OPERATORS = {
    "Constant": _constant, "Cast": _cast, "Squeeze": _squeeze, "Unsqueeze": _unsqueeze, "Slice": _slice,
    "Expand": _expand, "Reshape": _reshape,
    "Identity": lambda a, x: x[0],
    "Gather": lambda a, x: np.take(x[0], x[1].astype(np.int64), a.get("axis", 0)),
    "Concat": lambda a, x: np.concatenate([np.atleast_1d(v) for v in x], a["axis"]),
    "ConstantOfShape": lambda a, x: np.full([int(n) for n in np.ravel(x[0])], np.ravel(a.get("value", np.zeros(1)))[0]),
    "Shape": lambda a, x: np.asarray(x[0].shape, np.int64),
    "Transpose": lambda a, x: x[0].transpose(a.get("perm")),
    "Add": lambda a, x: x[0] + x[1], "Sub": lambda a, x: x[0] - x[1], "Mul": lambda a, x: x[0] * x[1],
    "Div": lambda a, x: x[0] // x[1] if x[0].dtype.kind == "i" and x[1].dtype.kind == "i" else x[0] / x[1],
    "Neg": lambda a, x: -x[0], "Sqrt": lambda a, x: np.sqrt(x[0]), "Exp": lambda a, x: np.exp(x[0]),
    "Reciprocal": lambda a, x: 1 / x[0],
}


def evaluate(op, attrs, inputs):
    """The value of a node whose inputs are all constants, or None where the operator is not of this kind."""
    function = OPERATORS.get(op)
    return None if function is None else np.asarray(function(attrs, inputs))
