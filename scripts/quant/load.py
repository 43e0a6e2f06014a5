"""An ONNX file and its calibration data to a float Graph and frames."""
import warnings

import numpy as np

from .graph import QuantError
from .map_import import MapImporter, check_shapes
from .stream_import import LAYOUTS, AxisError, StreamImporter


def read_model(path):
    """The ONNX document. QuantError if it is none."""
    import onnx
    from google.protobuf.message import DecodeError
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")     # of bytes that are no ONNX, which the error says better
            model = onnx.load(path)
    except (OSError, DecodeError, onnx.checker.ValidationError) as error:
        reason = (str(error).splitlines() or ["damaged"])[0]
        raise QuantError(f"{path}: not a readable ONNX file ({reason})") from None
    if not model.graph.node:
        raise QuantError(f"{path}: not an ONNX network: it has no nodes")
    return model


def input_names(model):
    known = {entry.name for entry in model.graph.initializer}
    return [value.name for value in model.graph.input if value.name not in known]


def check_data(data):
    """Numbers, finite; {name: float64 array}."""
    checked = {}
    for name, values in data.items():
        array = np.asarray(values)
        if array.dtype.kind not in "fiub":
            raise QuantError(f"calibration data for {name}: dtype {array.dtype}, expected numbers")
        wrong = ~np.isfinite(array)
        if wrong.any():
            index = np.argwhere(wrong)[0].tolist()
            raise QuantError(f"calibration data for {name}: value {array[tuple(index)]} at index {index} is not finite")
        checked[name] = array.astype(np.float64)
    return checked


def has_time(model):
    return any(node.op_type in ("GRU", "LSTM", "RNN") for node in model.graph.node)


def import_graph(model, name, shapes, streaming=None, layout=None):
    """(Graph, layout of a stream's inputs or None). streaming None: where the network has recurrent layers. layout
    None: the first of LAYOUTS that the network's own axes agree with."""
    try:
        return _import_graph(model, name, shapes, streaming, layout)
    except QuantError:
        raise
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        reason = (str(error).splitlines() or [""])[0]
        raise QuantError(f"the network is not formed as ONNX says ({type(error).__name__}: {reason})") from None


def _import_graph(model, name, shapes, streaming, layout):
    check_shapes(model, shapes)
    if not (has_time(model) if streaming is None else streaming):
        return MapImporter(model, name, shapes).run(), None
    refused = None
    for candidate in [layout] if layout else LAYOUTS:
        try:
            return StreamImporter(model, name, shapes, candidate).run(), candidate
        except AxisError as error:
            refused = refused or error
    raise refused


def to_frames(array, layout):
    """(frames [count, *shape], steps): samples one after the other, of a stream the time steps of each in turn."""
    if layout is None:
        return array, 1
    moved = array.transpose([layout.index(axis) for axis in "NTF"])
    return moved.reshape(-1, moved.shape[-1]), moved.shape[1]
