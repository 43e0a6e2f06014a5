#!/usr/bin/env python3
"""Writes golden/noise/noise.json: digests of noisy traces of the golden packages, from the NumPy oracle alone.

    make_noise_golden.py -o golden

Each entry is one run: the first `frames` frames of a case with a model, seed and trial. `sha256` is of the trace at
level full: for every node and field in the order of their names (bytewise), "NODE/FIELD", a zero byte, and the values
as int32, little endian.
"""
import argparse
import hashlib
import json
import os
import sys

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(ROOT, "scripts"), os.path.join(ROOT, "scripts", "reference")]

import noise  # noqa: E402
import run_package  # noqa: E402
import wpkg  # noqa: E402

DIGITS, FRAMES = ("digits_cnn", "digits_mlp"), 12
LIBRARY = ("normal:4", "simple:2.5", "mbs:9")
CUSTOM = tuple(f"custom:golden/noise/{name}.json" for name in ("chip", "read", "rows"))
OPERATORS = {"lstm": LIBRARY[:2] + CUSTOM, "gru": LIBRARY[:2] + CUSTOM, "gru_single": LIBRARY[:2] + CUSTOM,
             "gru2array": LIBRARY[:2] + CUSTOM, "tdnn": LIBRARY + CUSTOM, "streaming": LIBRARY[:2] + CUSTOM,
             "wide_inputs": LIBRARY[:2] + CUSTOM, "shifted_inputs": LIBRARY[:1] + CUSTOM}


def runs():
    """(case, model, seed, trial, frames; None: all)"""
    for case in DIGITS:
        for model in LIBRARY + CUSTOM:
            yield case, model, 7, 3, FRAMES
    for case, models in OPERATORS.items():
        for model in models:
            yield f"operators/{case}", model, (1 << 40) + 5, 2, None


def digest(results):
    total = hashlib.sha256()
    fields = {f"{node}/{field}": values for node, own in results.items() for field, values in own.items()}
    for name in sorted(fields):
        total.update(name.encode() + b"\0" + np.ascontiguousarray(fields[name], "<i4").tobytes())
    return total.hexdigest()


def entries(golden):
    for case, model, seed, trial, frames in runs():
        package = wpkg.Package.read(os.path.join(golden, case, "model.wpkg"))
        folder = os.path.join(golden, case)
        with open(os.path.join(folder, "case.json"), encoding="utf-8") as stream:
            inputs = {name: np.load(os.path.join(folder, file))[:frames]
                      for name, file in json.load(stream)["inputs"].items()}
        where = model.replace("custom:golden", f"custom:{golden}")
        results = run_package.run(package, inputs, noise.Noise(where, seed, trial))
        count = len(next(iter(inputs.values())))
        yield {"case": case, "noise": model, "seed": seed, "trial": trial, "frames": count, "sha256": digest(results)}


def main():
    parser = argparse.ArgumentParser(description="Write digests of noisy traces.")
    parser.add_argument("-o", "--output", required=True, metavar="GOLDEN")
    folder = parser.parse_args().output
    lines = ",\n".join("    " + json.dumps(entry) for entry in entries(folder))
    with open(os.path.join(folder, "noise", "noise.json"), "w", encoding="utf-8") as stream:
        stream.write('{\n  "format": "witin.noise_golden",\n  "version": 1,\n'
                     f'  "regenerate": "scripts/make_noise_golden.py -o golden",\n  "runs": [\n{lines}\n  ]\n}}\n')


if __name__ == "__main__":
    main()
