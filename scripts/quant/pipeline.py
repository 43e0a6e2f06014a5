"""From an ONNX file and calibration data to a package: the steps in order.

    read -> float graph -> fold -> equalise -> arrange -> histograms -> widths under the budget -> bias correction
    -> package
"""
import os
import re
from dataclasses import dataclass

import numpy as np

from . import arrange, budget, calibrate, correct, equalise, evaluate, fold, load
from .emit import emit
from .graph import QuantError
from .plan import Plan

VERSION = "quantize 1.0.0"
MEASURED = 512              # frames, at least one sequence, on which SQNR and corrections are measured
MEASURED_VALUES = 2e7       # of all layers together that are kept for that


@dataclass
class Result:
    graph: object
    plan: object
    package: object
    layout: str             # of a stream's inputs, or None
    steps: int              # frames of a sequence, 1 without time
    stats: dict
    pairs: int              # of equalised layers
    choices: list           # of the bit budget
    frames: dict            # a part of the calibration data
    floats: dict            # every float value on it
    codes: dict             # every node's fields on it


def quantise(path, data, options, streaming=None, layout=None):
    """data: {input: array in the model's own layout}."""
    model = load.read_model(path)
    data = load.check_data(data)
    name = re.sub(r"[^A-Za-z0-9_.-]", "_", os.path.splitext(os.path.basename(path))[0])
    graph, layout = load.import_graph(model, name, {k: v.shape for k, v in data.items()}, streaming, layout)
    frames, steps = as_frames(graph, load.input_names(model), data, layout)
    fold.fold(graph)
    pairs = equalise.equalise(graph) if options.equalise else 0
    if options.average == "array":
        arrange.averages_to_array(graph)
    else:
        arrange.check_averages(graph)
    arrange.free_recurrent_codes(graph)
    stats = calibrate.histograms(graph, frames, steps)
    arrange.untie(graph, stats, options)
    values_of_a_frame = sum(int(np.prod(layer.shape)) for layer in graph.layers)
    count = max(1, int(min(MEASURED, MEASURED_VALUES / values_of_a_frame)) // steps) * steps
    part = {key: values[:count] for key, values in frames.items()}
    floats = calibrate.values(graph, part, steps)
    measure = lambda plan: evaluate.output_sqnr(plan, emit(plan, VERSION), part, floats, steps)
    widths, choices = budget.choose(graph, stats, options, measure)
    corrections = correct.corrections(graph, stats, options, widths, part, floats, steps, VERSION) \
        if options.bias_correction else {}
    plan = Plan(graph, stats, options, widths, corrections)
    package = emit(plan, VERSION, f"{name} quantised after training; ranges by {options.method}")
    codes = evaluate.run(package, evaluate.codes_of(plan, part), steps)
    return Result(graph, plan, package, layout, steps, stats, pairs, choices, part, floats, codes)


def as_frames(graph, names, data, layout):
    """({input of the graph: frames}, steps)"""
    frames, lengths = {}, set()
    for name, entry in zip(names, graph.inputs):
        frames[entry], steps = load.to_frames(data[name], layout)
        lengths.add((len(frames[entry]), steps))
    if len(lengths) != 1:
        raise QuantError(f"calibration data: the inputs have different numbers of samples, "
                         f"{sorted(count for count, _ in lengths)}")
    return frames, lengths.pop()[1]
