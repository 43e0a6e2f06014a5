"""A model of the dialect as a package: inputs, the walk over the nodes, outputs, and inputs converted to frames.

Whole maps first; a graph that turns W into rows (maps [1, C, H, T] reshaped to [T, ...]) is walked again with time as
frames, one column of every map a frame.
"""
import os
from dataclasses import dataclass, field

import numpy as np

import wpkg
from onnx_dialect import array, digital, movement, recurrent
from onnx_dialect.graph import INT8, PN8, UINT8, Graph, NeedsStreaming, Pending
from onnx_dialect.model import ImportRefused, load

OPERATORS = {**array.OPERATORS, **recurrent.OPERATORS, **digital.OPERATORS, **movement.OPERATORS}
CODES = {"unsigned": UINT8, "signed": INT8, "pn": PN8}


@dataclass
class Options:
    codes: dict = field(default_factory=dict)  # input name, or "" for all -> unsigned, signed or pn
    streaming: bool = False
    whole_map: bool = False
    default_g: int = 1024
    state_min: int = -127
    shapes: dict = field(default_factory=dict)  # input name -> extents, where the model has none


def default_codes(model, name):
    """The dialect does not tell an input's range. Recurrent operators drive x beside their signed state: int8. Anything
    else accepts uint8 and int8 alike, the array as positive and negative parts."""
    return "signed" if any(node.op in recurrent.OPERATORS for node in model.users.get(name, [])) else "pn"


def build(path, options=Options(), report=lambda line: None):
    """The Package of an ONNX file. ImportRefused names what cannot be mapped."""
    model = load(path)
    for name in list(options.codes) + list(options.shapes):
        if name and name not in dict(model.inputs):
            raise ImportRefused(f"{path}: has no input {name}, but {', '.join(n for n, _ in model.inputs)}")
    lines = []
    try:
        package = _walk(path, model, options, options.streaming, lines.append)
    except NeedsStreaming:
        if options.whole_map:
            raise ImportRefused(f"{path}: maps become rows of time steps, --whole-map cannot keep W as data") from None
        lines = ["time: maps become rows, one frame is one time step"]
        package = _walk(path, model, options, True, lines.append)
    for line in lines:
        report(line)
    return package


def _walk(path, model, options, streaming, report):
    stem = os.path.splitext(os.path.basename(path))[0]
    package = wpkg.Package(stem, "wtm2101", f"imported from {os.path.basename(path)}", "import_onnx")
    graph = Graph(model, package, streaming, options.default_g, options.state_min, report)
    for name, extents in model.inputs:
        shape, time = frame_shape(name, options.shapes.get(name, extents), streaming)
        kind = options.codes.get(name) or options.codes.get("") or default_codes(model, name)
        graph.add_input(name, shape, CODES[kind], time)
    for node in model.nodes:
        if node.op not in OPERATORS:
            node.refuse("operator is not part of the mapper's dialect")
        OPERATORS[node.op](graph, node)
    for name in model.outputs:
        value = graph.values.get(name)
        if value is None or isinstance(value, Pending):
            raise ImportRefused(f"output {name}: is not computed by the graph")
        if value.name not in package.outputs:
            package.output(value.name)
    return package


def frame_shape(name, extents, streaming):
    """(shape of one frame, whether W is time) of an input [batch, ...]."""
    time = streaming and len(extents) == 4
    shape = list(extents[1:])
    if time:
        shape[2] = 1
    if len(extents) < 2 or any(n is None for n in shape):
        raise ImportRefused(f"input {name}: shape {extents} is not known beyond the batch; give it with --input-shape")
    return shape, time


def convert_input(package, values, name=None):
    """Recorded data as frames of an input: [1, C, H, T] becomes [T, C, H, 1] where the input is a stream, floats that
    hold integers become integers."""
    entry = next((i for i in package.inputs if name in (None, i["name"])), None)
    if entry is None:
        raise ImportRefused(f"the network has no input {name}")
    values = wpkg.integers(values, f"input {entry['name']}")
    shape = entry["shape"]
    if values.ndim == 4 and len(shape) == 3 and shape[2] == 1 and list(values.shape[:3]) == [1] + shape[:2]:
        values = values.transpose(3, 1, 2, 0)
    if values.shape == tuple(shape):
        values = values[None]
    if list(values.shape[1:]) != shape:
        raise ImportRefused(f"input {entry['name']}: array of shape {list(values.shape)} does not hold frames {shape}")
    low, high = package.input_range(entry)
    wrong = np.argwhere((values < low) | (values > high))
    if len(wrong):
        at = tuple(int(i) for i in wrong[0])
        raise ImportRefused(f"input {entry['name']}: value {values[at]} at index {list(at)} is outside {low}..{high}")
    kinds = (np.int8, np.uint8, np.int16)
    return values.astype(next(k for k in kinds if np.iinfo(k).min <= values.min() and values.max() <= np.iinfo(k).max))
