#!/usr/bin/env python3
"""The table of ratios of scripts/bench.sh, from the JSON of Google Benchmark.

A row is one claim: what was measured, in GMAC/s, GB/s or 10^9 samples or frames a second, against what, the ratio and
the ratio that must hold."""
import json
import statistics
import sys

LARGE = ("4096x2048x1024", "1024x1024x512")
CONV, SMALL_CONV, DEPTHWISE = "conv/64to64x56", "conv/16to32x28", "depthwise/64to64x56"


def best_rates(path):
    """Name -> the rate of its counter (macs or bytes) a second of CPU time (of wall time, where the benchmark asks for
    that), in units of 10^9: the mean of the best quarter of its repetitions, as the best one alone may be a moment of a
    higher clock. A benchmark that failed, as one whose values differ, ends the program."""
    with open(path, encoding="utf-8") as stream:
        runs = json.load(stream)["benchmarks"]
    rates = {}
    for run in runs:
        if run.get("run_type") != "iteration":
            continue
        if run.get("error_occurred"):
            sys.exit(f"bench_table.py: {run['name']}: {run['error_message']}")
        amount = next(run[unit] for unit in ("macs", "bytes", "samples", "frames") if unit in run)
        name = run["name"].split("/repeats:")[0]
        wall = name.endswith("/real_time")
        rate = amount / run["real_time" if wall else "cpu_time"]  # nanoseconds
        rates.setdefault(name.removesuffix("/real_time"), []).append(rate)
    return {name: statistics.mean(sorted(own)[-max(1, len(own) // 4):]) for name, own in rates.items()}


def claims():
    """(what, against, least ratio): names of benchmarks, against one, or a rate."""
    vnni = "avx512vnni/"
    for shape in LARGE:
        yield vnni + shape, "peak/avx512vnni", 0.94
    yield vnni + "100x800x256", "peak/avx512vnni", 0.92
    yield vnni + CONV, "peak/avx512vnni", 0.92
    yield vnni + SMALL_CONV, "peak/avx512vnni", 0.78
    yield vnni + DEPTHWISE, "onednn/" + DEPTHWISE, 1.7
    for shape, size in (("1x392x384", 392 * 384), ("1x800x256", 800 * 256)):
        yield vnni + shape, f"read/{size}", 0.85  # a product of M = 1 reads one byte of weights
    for shape in (*LARGE, "100x800x256", "1x392x384", "1x800x256", CONV, SMALL_CONV):
        yield vnni + shape, "onednn/" + shape, 0.97
    for shape in (*LARGE, "100x800x256"):
        yield "avx2/" + shape, "peak/avx2", 0.85
    for shape in (*LARGE, "100x800x256", CONV, SMALL_CONV, DEPTHWISE):
        yield "avx2/" + shape, "xnnpack/" + shape, 1.0
    for shape in (*LARGE, "100x800x256"):
        yield "sse2/" + shape, "peak/sse2", 0.60
    for shape in LARGE:
        yield "threads/2/" + shape, "threads/1/" + shape, 2 * 0.92
    for path in ("avx512vnni", "avx2"):  # at most so many times the run without noise
        for noise, most in (("normal", 3.3), ("mbs", 8), ("output", 1.4), ("acc", 1.4)):
            yield f"{path}/noise/{noise}", f"{path}/noise/none", 1 / most
    for path, nanoseconds in (("avx512vnni", 1.3), ("avx2", 1.8)):  # at most so long a sample
        yield f"{path}/normals", 1.0, 1 / nanoseconds
    for path in ("avx512vnni", "avx2", "sse2"):
        for shape in LARGE:
            yield f"{path}/{shape}/witin_nn", f"{path}/{shape}", 0.97


def main():
    rates = best_rates(sys.argv[1])
    print(f"{'measured':38} {'G/s':>8}   {'against':26} {'G/s':>8} {'ratio':>7} {'wanted':>7}")
    short = 0
    for what, against, wanted in claims():
        if isinstance(against, float):
            rates[f"{against:g} G/s"] = against
            against = f"{against:g} G/s"
        if what not in rates or against not in rates:
            missing = what if what not in rates else against
            print(f"{what:38} {'':8}   {against:26} {'':8} {'-':>7} {wanted:7.2f}  not measured here: {missing}")
            continue
        ratio = rates[what] / rates[against]
        short += ratio < wanted
        print(f"{what:38} {rates[what]:8.1f}   {against:26} {rates[against]:8.1f} {ratio:7.2f} {wanted:7.2f}"
              f"{'' if ratio >= wanted else '  short'}")
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
