"""Bias correction: quantisation shifts the mean of a layer's outputs; the bias takes that back.

Layer by layer in execution order, on the quantised values the layer really sees:

    correction_c = mean over the data of (float output, clipped to what the codes can show) - (code / scale)

Where only a ReLU reads the layer, over the outputs it lets through. It is added to the bias as it was rounded, not to
the float one, whose rounding is part of the error.
"""
import numpy as np

from . import evaluate
from .emit import emit
from .graph import ARRAY
from .plan import Plan


def corrections(graph, stats, options, widths, frames, floats, steps, producer):
    """{array layer: what to add to its float bias}. frames: calibration data; floats: every float value on them."""
    found = {}
    for layer in graph.layers:
        if layer.op not in ARRAY:
            continue
        plan = Plan(graph, stats, options, widths, found)
        results = evaluate.run(emit(plan, producer), evaluate.codes_of(plan, frames), steps)
        code = plan.codes[layer.name]
        wanted = np.clip(floats[layer.name], code.low / code.scale, code.high / code.scale)
        got = results[layer.name]["npu_y"] / code.scale
        counted = np.ones(got.shape, bool)
        if layer.name not in graph.outputs and all(user.op == "relu" for user in graph.users(layer.name)):
            wanted, got = np.maximum(wanted, 0), np.maximum(got, 0)
            counted = (wanted > 0) | (got > 0)
        axes = tuple(a for a in range(got.ndim) if a != 1)
        error = (wanted - got).sum(axes) / np.maximum(counted.sum(axes), 1)
        found[layer.name] = plan.arrays[layer.name][""].held_bias - layer.params["bias"] + error
    return found
