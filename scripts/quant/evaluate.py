"""Runs a planned package with the NumPy oracle on float data and measures it against the float network."""
import numpy as np

import run_package

from .graph import QuantError


def codes_of(plan, frames):
    return {name: plan.codes[name].quantise(frames[name]) for name in plan.graph.inputs}


def run(package, codes, steps):
    """{node: {field: codes}}; every sequence of `steps` frames starts from zero state."""
    count = len(next(iter(codes.values())))
    try:
        if steps == 1:
            return run_package.run(package, codes)
        parts = [run_package.run(package, {name: data[k:k + steps] for name, data in codes.items()})
                 for k in range(0, count, steps)]
    except run_package.RunError as error:
        raise QuantError(f"the package does not run: {error}") from None
    return {node: {field: np.concatenate([part[node][field] for part in parts]) for field in fields}
            for node, fields in parts[0].items()}


def sqnr(wanted, got):
    """Signal to quantisation noise in dB; infinite where nothing differs."""
    signal, noise = float((wanted**2).sum()), float(((wanted - got) ** 2).sum())
    if noise == 0:
        return float("inf")
    return 10 * np.log10(signal / noise) if signal else float("-inf")


def output_sqnr(plan, package, frames, wanted, steps):
    """dB over all outputs; `wanted` {output: float values}."""
    results = run(package, codes_of(plan, frames), steps)
    pairs = [(wanted[name], results[name]["npu_y"] / plan.codes[name].scale) for name in plan.graph.outputs]
    return sqnr(*(np.concatenate([np.ravel(p[k]) for p in pairs]) for k in (0, 1)))
