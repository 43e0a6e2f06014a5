#!/usr/bin/env python3
"""A witin_nn checkpoint becomes a package: the integers that the training library computes with, exactly.

    import_witin_nn.py CHECKPOINT.pth --network NETWORK.json -o MODEL.wpkg
    import_witin_nn.py [CHECKPOINT.pth] --model module:factory --input-shape 1,28,28 -o MODEL.wpkg

The network file says what a state dict does not: layers, widths, handle_neg_in (witin_checkpoint/README.md). Nothing in
the checkpoint is executed; torch is needed for --model only, witin_nn never. --arithmetic wtm2101 makes the chip's
version of the same network. Exit status 2 with one line where something cannot be mapped.
"""
import argparse
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
if HERE not in sys.path:
    sys.path.insert(0, HERE)

import wpkg  # noqa: E402
from witin_checkpoint import checkpoint, chip, importer, network  # noqa: E402
from witin_checkpoint.errors import CheckpointError  # noqa: E402


def shape_of(text):
    try:
        shape = tuple(int(n) for n in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected extents such as 1,28,28, found {text}") from None
    if not shape or min(shape) < 1:
        raise argparse.ArgumentTypeError(f"extents are positive, found {text}")
    return shape


def arguments_of(argv):
    parser = argparse.ArgumentParser(description="Import a witin_nn checkpoint as a package.")
    parser.add_argument("checkpoint", nargs="?", metavar="CHECKPOINT.pth", help="torch.save(model.state_dict(), ...)")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--network", metavar="NETWORK.json", help="layers and configuration")
    source.add_argument("--model", metavar="MODULE:FACTORY", help="a function that makes the torch model; it is "
                                                                  "executed")
    parser.add_argument("--input-shape", type=shape_of, action="append", default=[], metavar="C,H,W",
                        help="with --model: of each input, without the batch")
    parser.add_argument("-o", "--output", required=True, metavar="MODEL.wpkg")
    parser.add_argument("--arithmetic", choices=("witin_nn", "wtm2101"), default="witin_nn",
                        help="wtm2101: the chip's rules on the array nodes")
    parser.add_argument("--accept-initial-io-max", action="store_true",
                        help="import although no io_max was ever taken from data")
    parser.add_argument("-q", "--quiet", action="store_true", help="print warnings only")
    options = parser.parse_args(argv)
    if options.network and not options.checkpoint:
        parser.error("--network needs a CHECKPOINT.pth")
    if options.network and options.input_shape:
        parser.error("--input-shape belongs to --model; the network file says its shapes")
    return options


def read_model(options):
    """(network, state)"""
    if options.network:
        return network.read(options.network), checkpoint.load(options.checkpoint)
    from witin_checkpoint import torch_model    # needs torch
    model = torch_model.make(options.model)
    described = network.check(*torch_model.describe(model, options.input_shape, options.model))
    if options.checkpoint:
        return described, checkpoint.load(options.checkpoint)
    return described, torch_model.state_of(model, options.model)


def main(argv=None):
    options = arguments_of(argv)
    try:
        result = importer.build(*read_model(options), options.accept_initial_io_max)
        if options.arithmetic == "wtm2101":
            result.warnings += chip.to_wtm2101(result.package)
        result.package.write(options.output)
    except (CheckpointError, wpkg.PackageError) as error:
        print(f"import_witin_nn: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"import_witin_nn: {error.filename or options.output}: {error.strerror}", file=sys.stderr)
        return 2
    for text in result.warnings:
        print(f"import_witin_nn: warning: {text}", file=sys.stderr)
    if not options.quiet:
        for line in result.lines + [f"note: {text}" for text in result.notes]:
            print(line)
        print(f"{options.output}: {len(result.lines)} layers as {len(result.package.nodes)} nodes on "
              f"{result.package.arithmetic}, sha256 {result.package.sha256}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
