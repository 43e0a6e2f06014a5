"""Bias correction: quantisation shifts the mean of a layer's outputs; the bias takes that back.

Layer by layer in execution order, on the quantised values the layer really sees:

    correction_c = mean over the data of (float output, clipped to what the codes can show) - (code / scale)
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
        error = wanted - results[layer.name]["npu_y"] / code.scale
        found[layer.name] = error.mean(tuple(a for a in range(error.ndim) if a != 1))
    return found
