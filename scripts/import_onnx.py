#!/usr/bin/env python3
"""An ONNX model in the mapper's dialect becomes a package on profile wtm2101.

    import_onnx.py MODEL.onnx -o MODEL.wpkg
    import_onnx.py MODEL.onnx --convert-input MAP.npy FRAMES.npy

Prints the mapping, node by node; what cannot be mapped is named with its reason, and nothing is written. The dialect
does not tell the range of an input: without an option an input of recurrent operators takes int8, any other takes
-255..255, which covers uint8 and int8 and drives the array as positive and negative parts (twice the rows).
--unsigned-input and --signed-input say more, --input-codes NAME=... for one input.

Maps whose W is time (they are reshaped to [T, ...]) become frames [C, H, 1], one time step each; --convert-input turns
recorded maps [1, C, H, T] into such frames, and floats that hold integers into integers.
"""
import argparse
import os
import sys

import numpy as np

import wpkg
from onnx_dialect.importer import CODES, Options, build, convert_input
from onnx_dialect.model import ImportRefused


def parse(arguments):
    parser = argparse.ArgumentParser(description="Import an ONNX model in the mapper's dialect.")
    parser.add_argument("model", metavar="MODEL.onnx")
    parser.add_argument("-o", "--output", metavar="MODEL.wpkg")
    parser.add_argument("--convert-input", nargs=2, action="append", default=[],
                        metavar=("[NAME=]MAP.npy", "FRAMES.npy"))
    parser.add_argument("--unsigned-input", action="store_true", help="every input holds codes 0..255")
    parser.add_argument("--signed-input", action="store_true", help="every input holds codes -128..127")
    parser.add_argument("--input-codes", action="append", default=[], metavar="NAME=unsigned|signed|pn")
    parser.add_argument("--input-shape", action="append", default=[], metavar="NAME=1,C,H,W",
                        help="for inputs whose shape the model leaves open")
    parser.add_argument("--whole-map", action="store_true", help="keep W as data; refuse a graph that needs it as time")
    parser.add_argument("--streaming", action="store_true", help="take W as time, also where nothing recurrent follows")
    parser.add_argument("--default-g", type=int, default=1024, metavar="G",
                        help="divisor of an array operation without a Scale (1024)")
    parser.add_argument("--state-min", type=int, default=-127, metavar="CODE",
                        help="lowest state of Gru2Array (-127; the chip's own clip is not known)")
    parser.add_argument("-q", "--quiet", action="store_true", help="do not print the mapping")
    options = parser.parse_args(arguments)
    if not options.output and not options.convert_input:
        parser.error("nothing to do: name -o MODEL.wpkg, --convert-input, or both")
    if options.signed_input and options.unsigned_input:
        parser.error("--signed-input and --unsigned-input exclude each other")
    if options.whole_map and options.streaming:
        parser.error("--whole-map and --streaming exclude each other")
    codes = {"": "signed"} if options.signed_input else {"": "unsigned"} if options.unsigned_input else {}
    for item in options.input_codes:
        name, _, kind = item.partition("=")
        if kind not in CODES:
            parser.error(f"--input-codes {item}: expected NAME=unsigned, signed or pn")
        codes[name] = kind
    shapes = {}
    for item in options.input_shape:
        name, _, extents = item.partition("=")
        try:
            shapes[name] = [int(n) for n in extents.split(",")]
        except ValueError:
            parser.error(f"--input-shape {item}: expected NAME=1,C,H,W")
    return options, Options(codes, options.streaming, options.whole_map, options.default_g, options.state_min, shapes)


def save_frames(path, frames):
    partial = f"{path}.{os.getpid()}.part"
    try:
        with open(partial, "wb") as stream:
            np.save(stream, frames)
        os.replace(partial, path)
    finally:
        if os.path.exists(partial):
            os.unlink(partial)


def main(arguments=None):
    options, mapping = parse(arguments)
    try:
        package = build(options.model, mapping, (lambda line: None) if options.quiet else print)
        for source, target in options.convert_input:
            name, _, path = (None, "", source) if os.path.exists(source) else source.rpartition("=")
            save_frames(target, convert_input(package, np.load(path, allow_pickle=False), name or None))
        if options.output:
            package.write(options.output)
            print(f"{options.output}: {len(package.nodes)} nodes, {len(package.tensors)} tensors")
    except (ImportRefused, wpkg.PackageError, OSError, ValueError) as error:
        print(f"import_onnx: {str(error).splitlines()[0]}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
