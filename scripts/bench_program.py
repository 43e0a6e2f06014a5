#!/usr/bin/env python3
"""How much of a whole run the kernels take: the published speech network, npy in and npy out, one process, one thread.

    bench_program.py [--build build/release] [--frames 100000] [--isa ISA]

Prints the least CPU time of some runs and, from perf's samples of one, what share was spent in the functions of
sim/kernels/path_*.cpp (the kernels; their names are those of the objects' local symbols), which are listed, and in
everything else: start-up, reading and writing, the operating system. Needs ../shared (or WITIN_SHARED) and perf.
"""
import argparse
import glob
import os
import re
import resource
import subprocess
import sys
import tempfile

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SHARED = os.environ.get("WITIN_SHARED", os.path.join(ROOT, "..", "shared"))


def children_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def kernel_functions(build):
    names = set()
    for path in glob.glob(os.path.join(build, "sim/CMakeFiles/witin_sim.dir/kernels/path_*.o")):
        listing = subprocess.run(["nm", "-C", path], check=True, capture_output=True, text=True).stdout
        names.update(line[19:] for line in listing.splitlines() if line[17:18] == "t")
    return {plain(name) for name in names}


def plain(name):
    """Without a type, arguments and what a compiler adds to a copy (.constprop.0, [clone ...])."""
    name = re.sub(r"^[^<(]* (?=\(anonymous namespace\)::)", "", name)
    name = re.sub(r"\s*\[clone[^]]*\]|\.(constprop|isra|part|cold)\.\d+", "", name)
    depth, out = 0, ""
    for at, char in enumerate(name):
        if char == "(" and not name.startswith("(anonymous namespace)", at) and depth == 0:
            break
        depth += {"<": 1, ">": -1}.get(char, 0)
        out += char
    return out.strip()


def samples(command, folder, kernels):
    data = os.path.join(folder, "perf.data")
    subprocess.run(["perf", "record", "-q", "-e", "cpu-clock", "-F", "4000", "-o", data, "--", *command], check=True)
    report = subprocess.run(["perf", "report", "-i", data, "--sort", "dso,symbol", "-t", "\t", "--percent-limit", "0"],
                            check=True, capture_output=True, text=True).stdout
    for line in report.splitlines():
        if line.startswith("#") or not line.strip():
            continue
        share, dso, symbol = (part.strip() for part in line.split("\t")[:3])
        name = plain(re.sub(r"^\[.\] ", "", symbol))
        yield float(share.rstrip("%")), name, dso.startswith("witin-sim") and name in kernels


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(ROOT, "build/release"))
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--isa", default="auto")
    arguments = parser.parse_args()
    speech = os.path.join(SHARED, "vendor/speech5")
    if not os.path.isdir(speech):
        print("skipped: no ../shared")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        model, codes, output = (os.path.join(folder, name) for name in ("speech5.wpkg", "in.npy", "out.npy"))
        subprocess.run([sys.executable, os.path.join(ROOT, "scripts/import_mapper.py"), os.path.join(speech, "mapped"),
                        "-o", model], check=True, stdout=subprocess.DEVNULL)
        recorded = np.load(os.path.join(speech, "test_data_0_100.npy"))
        scaled = np.clip(np.rint(recorded), 0, 255).astype(np.uint8)
        np.save(codes, np.resize(scaled, (arguments.frames, scaled.shape[1])))
        program = os.path.join(arguments.build, "cli/witin-sim")
        command = [program, model, codes, "-o", output, "--threads", "1", "--isa", arguments.isa, "--quiet"]
        times = []
        for _ in range(5):
            before = children_seconds()
            subprocess.run(command, check=True)
            times.append(children_seconds() - before)
        print(f"{arguments.frames} frames of speech5, one thread: {min(times):.3f} s of CPU time, the least of 5 runs")
        rows = list(samples(command, folder, kernel_functions(arguments.build)))
    inside = sum(share for share, _, kernel in rows if kernel)
    print(f"in kernels: {inside:.1f} %")
    for share, name, kernel in rows[:16]:
        print(f"  {share:5.1f} %  {'kernel' if kernel else '      '}  {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
