"""Runs the float network over the calibration data and keeps a histogram of every value."""
import numpy as np

from . import float_ops
from .ranges import Histogram

BATCH = 64      # samples, or sequences of a stream


def batches(frames, steps):
    """Slices of {name: frames} with whole sequences."""
    count = len(next(iter(frames.values())))
    for start in range(0, count, BATCH * steps):
        yield {name: data[start:start + BATCH * steps] for name, data in frames.items()}


def histograms(graph, frames, steps):
    """{value: Histogram}, the inside of recurrent layers under NAME/x, NAME/h, NAME/c."""
    found = {}
    for part in batches(frames, steps):
        float_ops.run(graph, part, steps, lambda name, values: found.setdefault(name, Histogram()).add(values))
    return found


def outputs(graph, frames, steps):
    """{output: values} of all frames."""
    parts = [float_ops.run(graph, part, steps) for part in batches(frames, steps)]
    return {name: np.concatenate([part[name] for part in parts]) for name in graph.outputs}


def values(graph, frames, steps):
    """{value: values} of every layer, for a part of the data that fits memory."""
    kept = {}
    for part in batches(frames, steps):
        float_ops.run(graph, part, steps, lambda name, data: kept.setdefault(name, []).append(data))
    return {name: np.concatenate(parts) for name, parts in kept.items()}
