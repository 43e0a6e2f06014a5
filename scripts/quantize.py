#!/usr/bin/env python3
"""Quantises a trained float ONNX network for the array, with calibration data, and says layer by layer what that cost.

    quantize.py MODEL.onnx --calibration DATA.npy -o MODEL.wpkg
    quantize.py MODEL.onnx --calibration DATA.npz -o MODEL.wpkg --range percentile --html report.html

DATA has the model's input shape with as many samples as there are (an .npz, or NAME=FILE.npy, for several inputs). A
network with GRU or LSTM layers, or with --stream, runs over time: a frame of the package is one time step.
Needs numpy and python3-onnx. Exit status 2 and one line where the network or the data cannot be used.
"""
import argparse
import os
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "reference")]

from golden_case import accuracy  # noqa: E402
from quant import calibrate, evaluate, load, pipeline, report, report_html  # noqa: E402
from quant.graph import QuantError  # noqa: E402
from quant.plan import Options  # noqa: E402
from quant.ranges import DEFAULT_PERCENTILE, METHODS  # noqa: E402
from wpkg import PackageError  # noqa: E402


def parser():
    p = argparse.ArgumentParser(description="Quantise a float ONNX network for the array.")
    p.add_argument("model", help="float ONNX file")
    p.add_argument("--calibration", action="append", required=True, metavar="DATA",
                   help="DATA.npy, DATA.npz or NAME=DATA.npy")
    p.add_argument("-o", "--output", required=True, metavar="MODEL.wpkg")
    p.add_argument("--arithmetic", choices=("wtm2101", "witin_nn"), default="wtm2101")
    p.add_argument("--range", choices=METHODS, default="mse", dest="method", help="of values (%(default)s)")
    p.add_argument("--percentile", type=float, default=DEFAULT_PERCENTILE, help="for percentile ranges (%(default)s)")
    p.add_argument("--weight-range", choices=METHODS, default="mse", help="of weights (%(default)s)")
    p.add_argument("--no-equalize", action="store_false", dest="equalise", help="leave the weights of neighbours alone")
    p.add_argument("--bias-correction", action="store_true", help="take back the mean error of every layer")
    p.add_argument("--bias-rows", type=int, default=8, metavar="N", help="rows that carry a bias, 1..32 (%(default)s)")
    p.add_argument("--neg-in", choices=("auto", "pn", "shift"), default="auto",
                   help="how negative inputs reach the array")
    p.add_argument("--bits-budget", type=float, default=8.0, metavar="BITS",
                   help="mean width of the array's inputs, 8..12; above 8 bits the rest is digital (%(default)s)")
    p.add_argument("--copies", type=int, default=8, metavar="N",
                   help="how often a layer's rows may be repeated where g would be too small, 1..16 (%(default)s)")
    p.add_argument("--average", choices=("array", "digital"), default="array",
                   help="where average pools run (%(default)s)")
    p.add_argument("--stream", action="store_true", help="a frame is a time step also without recurrent layers")
    p.add_argument("--layout", choices=load.LAYOUTS, help="axes of a stream's input: N batch, T time, F channels")
    p.add_argument("--reset-every", type=int, default=0, metavar="N", help="recurrent state starts anew every N frames")
    p.add_argument("--labels", metavar="LABELS.npy", help="report accuracy: a class for every sample")
    p.add_argument("--test", metavar="DATA.npy", help="samples of --labels; the calibration data by default")
    p.add_argument("--json", metavar="FILE", help="the report as JSON")
    p.add_argument("--html", metavar="FILE", help="the report as one HTML page")
    p.add_argument("--quiet", action="store_true", help="no report on the standard output")
    return p


def read_array(path):
    try:
        loaded = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise QuantError(f"{path}: not a readable npy or npz file ({str(error).splitlines()[0]})") from None
    return loaded


def read_data(entries, names):
    """{input: array} of --calibration arguments."""
    data = {}
    for entry in entries:
        name, separator, path = entry.partition("=")
        loaded = read_array(path if separator else entry)
        if separator:
            data[name] = loaded
        elif hasattr(loaded, "files"):
            data.update({key: loaded[key] for key in loaded.files})
        elif len(names) == 1:
            data[names[0]] = loaded
        else:
            raise QuantError(f"{entry}: the network has the inputs {', '.join(names)}; name one: NAME={entry}")
    return data


def check(options):
    if not 1 <= options.bias_rows <= 32:
        raise QuantError(f"--bias-rows {options.bias_rows}: expected 1..32")
    if not 1 <= options.copies <= 16:
        raise QuantError(f"--copies {options.copies}: expected 1..16")
    if not 8 <= options.bits_budget <= 12:
        raise QuantError(f"--bits-budget {options.bits_budget:g}: expected 8..12")
    if not 50 < options.percentile <= 100:
        raise QuantError(f"--percentile {options.percentile:g}: expected a share above 50, at most 100")
    if options.reset_every < 0:
        raise QuantError(f"--reset-every {options.reset_every}: expected 0 or more frames")


def measured_accuracy(result, names, data, labels):
    """{"float", "quantised", "samples"}: shares of samples whose largest score is the label's. Over time a sequence's
    scores are those of its last frame."""
    frames, steps = pipeline.as_frames(result.graph, names, load.check_data(data), result.layout)
    count = len(next(iter(frames.values()))) // steps
    labels = np.asarray(labels).ravel()
    if len(labels) != count:
        raise QuantError(f"--labels: {len(labels)} labels for {count} samples")
    output = result.graph.outputs[0]
    wanted = calibrate.outputs(result.graph, frames, steps)[output]
    got = evaluate.run(result.package, evaluate.codes_of(result.plan, frames), steps)[output]["npu_y"]
    last = lambda values: values[steps - 1::steps]
    return {"float": accuracy(last(wanted), labels), "quantised": accuracy(last(got), labels), "samples": count}


def run(arguments):
    options = Options(arithmetic=arguments.arithmetic, method=arguments.method, percentile=arguments.percentile,
                      weight_method=arguments.weight_range, bias_rows=arguments.bias_rows, neg_in=arguments.neg_in,
                      equalise=arguments.equalise, bias_correction=arguments.bias_correction,
                      bits_budget=arguments.bits_budget, average=arguments.average, copies=arguments.copies,
                      reset_every=arguments.reset_every)
    check(options)
    if arguments.test and not arguments.labels:
        raise QuantError("--test needs --labels")
    names = load.input_names(load.read_model(arguments.model))
    data = read_data(arguments.calibration, names)
    result = pipeline.quantise(arguments.model, data, options, True if arguments.stream else None, arguments.layout)
    shares = None
    if arguments.labels:
        test = read_data([arguments.test], names) if arguments.test else data
        shares = measured_accuracy(result, names, test, read_array(arguments.labels))
    doc = report.document(result, shares)
    result.package.write(arguments.output)
    if arguments.json:
        report.write(arguments.json, report.json_text(doc))
    if arguments.html:
        report.write(arguments.html, report_html.page(doc))
    if not arguments.quiet:
        print("\n".join(report.lines(doc)))


def main(arguments=None):
    try:
        run(parser().parse_args(arguments))
    except (QuantError, PackageError, OSError) as error:
        print(f"quantize: {str(error).splitlines()[0]}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
