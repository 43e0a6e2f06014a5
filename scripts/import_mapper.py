#!/usr/bin/env python3
"""A mapper output folder becomes a package on profile wtm2101: every array layer of one of its nets.

    import_mapper.py DIR -o MODEL.wpkg [--net N] [--as-driven]

The folder says what lies on the array; what happens between layers is read from the frames it recorded: which layer
feeds which, and which table (none, ReLU, a table of BoardConfigDebug.json) follows. Every recorded frame is recomputed,
and a folder whose frames its own weights do not give is refused with the first difference.

Rows that the mapper doubled for signed inputs (positive and negative parts, weights W and -W) become one signed input
again, as in the network that was mapped; --as-driven keeps the rows and takes the codes as the array is driven.
A layer whose input is neither the net's nor another layer's output (patches of a convolution) gets an input of its own.
"""
import argparse
import os
import re
import sys
from dataclasses import dataclass

import numpy as np

import mapper_folder
import wpkg
from mapper_folder import BIAS_UNIT, IDENTITY, RELU_MAP, FolderError

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "reference"))
from wtm2101 import array_out, pn_split  # noqa: E402

INT8, UINT8, PN8 = {"signed": True}, {"signed": False}, {"signed": True, "neg_in": "pn"}


@dataclass
class Source:
    """A value that layers can read: its name, its recorded frames, whether it can be negative."""
    name: str
    frames: np.ndarray
    signed: bool


def _first_difference(layer, expected):
    frame, column = (int(i) for i in np.argwhere(layer.outputs != expected)[0])
    return (f"layer {layer.name}: frame {frame}, column {column}: recorded {layer.outputs[frame, column]}, its weights "
            f"give {expected[frame, column]}")


def activation(layer, tables, is_last, report):
    """(operator, table) that turns the layer's own output into the recorded one; (None, None) for none."""
    others = [t for t in tables if not np.array_equal(t, RELU_MAP) and not np.array_equal(t, IDENTITY)]
    has_relu = any(np.array_equal(t, RELU_MAP) for t in tables)
    if layer.outputs is None:
        report(f"note: {layer.name}: no recorded frames, {'ReLU' if has_relu and not is_last else 'no ReLU'} assumed")
        return ("relu", None) if has_relu and not is_last else (None, None)
    if layer.inputs is None or len(layer.inputs) != len(layer.outputs) or not len(layer.inputs):
        raise FolderError(f"layer {layer.name}: input and output frames are not recorded alike")
    acc = (layer.inputs.astype(float) @ layer.weight.astype(float)).astype(np.int64) + layer.bias
    own = array_out(acc, layer.g)
    plain, rectified = np.array_equal(own, layer.outputs), np.array_equal(np.maximum(own, 0), layer.outputs)
    if plain and rectified and has_relu:
        report(f"note: {layer.name}: no recorded value is negative, {'no ReLU' if is_last else 'ReLU'} assumed")
        return (None, None) if is_last else ("relu", None)
    if plain or rectified:
        return (None, None) if plain else ("relu", None)
    for table in others:
        if np.array_equal(table[own & 255], layer.outputs):
            return "lut", table
    raise FolderError(_first_difference(layer, own if (own < 0).any() and (layer.outputs < 0).any()
                                        else np.maximum(own, 0)))


def unfold(layer, signed):
    """How a layer reads `signed` codes of n columns that the mapper drove as [max(x[:N],0), x[N:]+128, max(-x[:N],0)]:
    (weight, bias, attributes), or None where the weights are not those of that split. N = rows - n."""
    n = signed
    doubled = len(layer.weight) - n
    if not 0 <= doubled <= n or not np.array_equal(layer.weight[n:], -layer.weight[:doubled]):
        return None
    weight = layer.weight[:n]
    bias = layer.bias + BIAS_UNIT * weight[doubled:].sum(0)
    return weight, bias, {"neg_in": "pn"} if doubled == n else {"x_signed": True}


def connect(layer, sources):
    """(source, weight, bias, attributes) of the latest value whose frames the layer's input shows; None without one."""
    for source in reversed(sources):
        if source.frames is None or layer.inputs is None or len(source.frames) != len(layer.inputs):
            continue
        if np.array_equal(source.frames, layer.inputs):
            return source, layer.weight, layer.bias, {"x_signed": True} if source.signed else {}
        width = source.frames.shape[1]
        unfolded = unfold(layer, width)
        if unfolded and np.array_equal(pn_split(source.frames, len(layer.weight) - width), layer.inputs):
            return (source, *unfolded)
    return None


def _bias_rows(layer, bias):
    """The number of rows, where they can hold the bias."""
    rows, units = len(layer.bias_rows), bias // BIAS_UNIT
    fits = -128 * rows <= units.min() and units.max() <= 127 * rows
    return rows if fits and 1 <= rows <= 32 else None


def build(root, net=0, as_driven=False, report=lambda line: None):
    """The Package of one net of a folder. FolderError says what does not fit."""
    folder = mapper_folder.read(root, net)
    stem = os.path.basename(os.path.abspath(root))
    package = wpkg.Package(stem if folder.nets == 1 else f"{stem}_net{net}", "wtm2101",
                           f"imported from mapper folder {stem}, net {net} of {folder.nets}", "import_mapper")
    names, sources, read = set(), [], set()

    def unique(wanted):
        base, count = re.sub(r"[^A-Za-z0-9_./:-]", "_", wanted)[:190] or "node", 1
        name = base
        while name in names:
            count += 1
            name = f"{base}_{count}"
        names.add(name)
        return name

    def new_input(layer, wanted):
        frames, half = layer.inputs, len(layer.weight) // 2
        folded = None
        if not as_driven and 2 * half == len(layer.weight) and layer.weight.any() and \
                (frames is None or not (frames[:, :half] * frames[:, half:]).any()):
            folded = unfold(layer, half)
        signed = frames is not None and frames.min() < 0
        weight, bias, attributes = folded or (layer.weight, layer.bias, {"x_signed": True} if signed else {})
        if folded and frames is not None:
            frames = frames[:, :half] - frames[:, half:]
        name = package.input(unique(wanted), [len(weight)], **(PN8 if folded else INT8 if signed else UINT8))
        limits = package.input_range(package.inputs[-1])
        report(f"input {name} [{len(weight)}]: codes {limits[0]}..{limits[1]}")
        sources.append(Source(name, frames, limits[0] < 0))
        return sources[-1], weight, bias, attributes

    for index, layer in enumerate(folder.layers):
        is_last = index == len(folder.layers) - 1
        op, table = activation(layer, folder.tables, is_last, report)
        found = connect(layer, sources)
        if found is None and index and layer.inputs is None and len(layer.weight) == len(folder.layers[index - 1].bias):
            report(f"note: {layer.name}: no recorded frames, it is assumed to read {sources[-1].name}")
            found = sources[-1], layer.weight, layer.bias, {"x_signed": True} if sources[-1].signed else {}
        if found is None:
            wanted = folder.input_names[0] if not index and folder.input_names and folder.input_names[0] else \
                "in" if not index else f"{layer.name}_in"
            found = new_input(layer, wanted)
        source, weight, bias, attributes = found
        read.add(source.name)
        name = package.node(unique(layer.name), "linear", [source.name], {"weight": weight, "bias": bias},
                            {"g": layer.g, **attributes, "bias_rows": _bias_rows(layer, bias)})
        report(f"layer {layer.name} [{len(weight)}, {len(bias)}] g {layer.g} <- {source.name}" +
               "".join(f", {k} {v}" for k, v in attributes.items()))
        if op:
            previous, name = name, unique(f"{layer.name}_{op}")
            package.node(name, op, [previous], {"table": table})
            report(f"{op} {name}")
        sources.append(Source(name, layer.outputs, op is None or table is not None and bool((table < 0).any())))
    for source in sources:
        if source.name not in read:
            package.output(source.name)
    return package


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Import a mapper output folder.")
    parser.add_argument("folder", metavar="DIR")
    parser.add_argument("-o", "--output", required=True, metavar="MODEL.wpkg")
    parser.add_argument("--net", type=int, default=0, help="which of the folder's nets (0)")
    parser.add_argument("--as-driven", action="store_true", help="keep doubled rows and take the codes as driven")
    options = parser.parse_args(arguments)
    try:
        package = build(options.folder, options.net, options.as_driven, print)
        package.write(options.output)
    except (FolderError, wpkg.PackageError, OSError) as error:
        print(f"import_mapper: {str(error).splitlines()[0]}", file=sys.stderr)
        return 2
    print(f"{options.output}: {len(package.nodes)} nodes, {len(package.tensors)} tensors")
    return 0


if __name__ == "__main__":
    sys.exit(main())
