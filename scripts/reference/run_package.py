#!/usr/bin/env python3
"""Runs a package in NumPy: the oracle of the golden cases, independent of the simulator.

    run_package.py MODEL.wpkg INPUT.npy [-o OUT.npy|OUT.npz] [--trace RUN.wtrace] [--trace-level outputs|nodes|full]
    run_package.py MODEL.wpkg --input NAME=FILE.npy ... 

It follows the formulas of sim/arith/numerics.md literally and slowly; every node's values are kept in memory.
"""
import argparse
import os
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]

import array_ops  # noqa: E402
import digital_ops  # noqa: E402
import noisy_ops  # noqa: E402
import recurrent_ops  # noqa: E402
import wpkg  # noqa: E402
from rules import Node, RunError  # noqa: E402

OPERATORS = {**array_ops.OPERATORS, **recurrent_ops.OPERATORS, **digital_ops.OPERATORS}


def frames_of(package, entry, values):
    """An input array as int64 [frames, *shape], checked against the input's shape and range."""
    where = f"input {entry['name']}"
    values, shape = wpkg.integers(values, where), tuple(entry["shape"])
    if values.shape == shape:
        values = values[None]
    if values.shape[1:] != shape:
        raise RunError(f"{where}: shape {list(values.shape)}, expected [frames, {str(list(shape))[1:]}")
    low, high = package.input_range(entry)
    wrong = (values < low) | (values > high)
    if wrong.any():
        index = np.argwhere(wrong)[0]
        raise RunError(f"{where}: value {values[tuple(index)]} at index {index.tolist()} is outside {low}..{high}")
    return values


class Results(dict):
    """{node: {field: int64 [frames, *shape]}}, npu_y the node's output; ranges: {node: (lowest, highest code)}."""

    def __init__(self):
        super().__init__()
        self.ranges = {}


def run(package, inputs, noise=None):
    """Results of a package on inputs {name: array}, with the noise of one trial (noise.Noise) or without."""
    codes, ranges, results = {}, {}, Results()
    for entry in package.inputs:
        if entry["name"] not in inputs:
            raise RunError(f"input {entry['name']} is missing")
        codes[entry["name"]] = frames_of(package, entry, inputs[entry["name"]])
        ranges[entry["name"]] = package.input_range(entry)
    if len({len(values) for values in codes.values()}) != 1:
        raise RunError("the inputs have different numbers of frames")
    for index, entry in enumerate(package.nodes):
        if entry["op"] not in OPERATORS:
            raise RunError(f"node {entry['name']}: unknown operator {entry['op']}")
        node = Node(package, entry, [codes[i] for i in entry["inputs"]], [ranges[i] for i in entry["inputs"]],
                    entry.get("arithmetic", package.arithmetic), noise and noise.of(entry["name"], index))
        fields, limits = OPERATORS[entry["op"]](node)
        if node.noise and entry["op"] in array_ops.OPERATORS and node.get("mode", "array") != "digital":
            fields = noisy_ops.noisy(node, fields, limits)
        y = fields.pop("npu_y")
        results[entry["name"]] = {"npu_y": y, **fields}
        codes[entry["name"]], ranges[entry["name"]] = y, limits
        results.ranges[entry["name"]] = limits
    return results


def output_values(package, inputs, results):
    """{output name: array}, also where an output is an input of the network."""
    given = {entry["name"]: frames_of(package, entry, inputs[entry["name"]]) for entry in package.inputs}
    return {name: results[name]["npu_y"] if name in results else given[name] for name in package.outputs}


WIDE_FIELDS = {"npu_acc": np.int32, "npu_v": np.int32, "npu_y_d": np.int32, "gh": np.int32, "inp": np.int16,
               "inp_h": np.int16, "fc": np.int16, "ic": np.int16}


def signed_bits(limits):
    """The width of signed codes that holds the range."""
    return max(limits[1], -(limits[0] + 1)).bit_length() + 1


def file_codes(entry, field, values, limits):
    """A field of a node as traces store it: codes int8, or int16 above 8 bits, by the range they could have."""
    if field == "npu_y":
        bits = signed_bits(limits)
        return values.astype(np.int8 if bits <= 8 else np.int16 if bits <= 16 else np.int32)
    attributes = entry.get("attributes", {})
    if field == "npu_x":
        return values.astype(np.int8 if attributes.get("x_signed") and attributes.get("x_bits", 8) <= 8 else np.int16)
    return values.astype(WIDE_FIELDS.get(field, np.int8))


def write_trace(path, package, results, level="nodes"):
    kept = {name: fields for name, fields in results.items() if level != "outputs" or name in package.outputs}
    entries = {entry["name"]: entry for entry in package.nodes}
    values = {name: {field: file_codes(entries[name], field, array, results.ranges[name])
                     for field, array in fields.items() if level == "full" or field == "npu_y"}
              for name, fields in kept.items()}
    nodes = [{"name": name, "op": entries[name]["op"], "bits": signed_bits(results.ranges[name])} for name in values]
    wpkg.write_trace(path, {"package": {"name": package.name, "sha256": package.sha256},
                            "arithmetic": package.arithmetic, "noise": None, "seed": None,
                            "simulator": "scripts/reference", "level": level, "nodes": nodes}, values)


def _save(path, outputs):
    """OUT.npy holds the only output, OUT.npz all by name. Written beside and renamed."""
    arrays = {name: wpkg.codes(values, name) for name, values in outputs.items()}
    partial = f"{path}.{os.getpid()}.part"
    with open(partial, "wb") as stream:
        if path.endswith(".npz"):
            np.savez(stream, **arrays)
        else:
            np.save(stream, next(iter(arrays.values())))
    os.replace(partial, path)


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Run a package in NumPy.")
    parser.add_argument("model")
    parser.add_argument("input", nargs="?", help="the only input, or an npz of several")
    parser.add_argument("--input", action="append", default=[], dest="named", metavar="NAME=FILE")
    parser.add_argument("-o", "--output")
    parser.add_argument("--trace")
    parser.add_argument("--trace-level", choices=("outputs", "nodes", "full"), default="nodes")
    options = parser.parse_args(arguments)
    try:
        package = wpkg.Package.read(options.model)
        inputs = {}
        for item in options.named:
            name, _, path = item.partition("=")
            inputs[name] = np.load(path, allow_pickle=False)
        if options.input:
            loaded = np.load(options.input, allow_pickle=False)
            inputs.update(loaded if options.input.endswith(".npz") else {package.inputs[0]["name"]: loaded})
        results = run(package, inputs)
        outputs = output_values(package, inputs, results)
        if options.output and not options.output.endswith(".npz") and len(outputs) != 1:
            raise RunError(f"the network has {len(outputs)} outputs, name an .npz")
        if options.output:
            _save(options.output, outputs)
        if options.trace:
            write_trace(options.trace, package, results, options.trace_level)
    except (RunError, wpkg.PackageError, OSError, ValueError) as error:
        print(f"run_package: {str(error).splitlines()[0]}", file=sys.stderr)
        return 2
    for name, values in outputs.items():
        print(f"{name}: {list(values.shape)} {values.min()}..{values.max()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
