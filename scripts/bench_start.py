#!/usr/bin/env python3
"""What a start takes: a run of one frame through a package of 2 MB, from exec to exit, the files in the page cache.

    bench_start.py [--build build/release] [--repetitions 100]

Prints wall and CPU time, the least and the median of the repetitions, of that run, of `--version` (a start without a
package), of a program that does nothing, and what OpenSSL alone takes, on one thread, for the digests of the package's
tensors.
"""
import argparse
import hashlib
import os
import statistics
import sys
import tempfile
import time

import numpy as np

import wpkg

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def write_package(path):
    """Four layers of 720 x 720 weights. Returns the bytes of its tensors."""
    random = np.random.default_rng(1)
    package = wpkg.Package("start", "wtm2101")
    x = package.input("in", [720])
    for i in range(4):
        weights = {"weight": random.integers(-128, 128, (720, 720)), "bias": 128 * random.integers(-9, 9, 720)}
        x = package.node(f"relu{i}", "relu", [package.node(f"fc{i}", "linear", [x], weights, {"g": 4096})])
    package.output(x)
    package.write(path)
    with np.load(path) as members:
        return [members[name].tobytes() for name in members.files if name.startswith("tensors/")]


def child(command):
    """Wall and CPU time of one run in ms."""
    to_null = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    begin = time.perf_counter()
    _, status, usage = os.wait4(os.posix_spawn(command[0], command, os.environ, file_actions=to_null), 0)
    wall = time.perf_counter() - begin
    if status != 0:
        sys.exit(f"bench_start: {command} ended with {status}")
    return 1e3 * wall, 1e3 * (usage.ru_utime + usage.ru_stime)


def digests(tensors):
    begin = time.perf_counter()
    for tensor in tensors:
        hashlib.sha256(tensor).digest()
    return 1e3 * (time.perf_counter() - begin)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(ROOT, "build/release"))
    parser.add_argument("--repetitions", type=int, default=100)
    arguments = parser.parse_args()
    program = os.path.join(arguments.build, "cli/witin-sim")
    with tempfile.TemporaryDirectory() as folder:
        model, codes = os.path.join(folder, "start.wpkg"), os.path.join(folder, "in.npy")
        tensors = write_package(model)
        np.save(codes, np.arange(720).reshape(1, 720).astype(np.uint8))
        runs = {"a run of one frame, 2 MB": [program, model, codes], "--version": [program, "--version"],
                "nothing": ["/bin/true"]}
        for name, command in runs.items():
            times = [child(command) for _ in range(arguments.repetitions)]
            wall, cpu = zip(*times)
            print(f"start: {name}: {min(wall):.1f} ms (median {statistics.median(wall):.1f}), "
                  f"CPU {min(cpu):.1f} ms (median {statistics.median(cpu):.1f})")
        print(f"start: OpenSSL's part, one thread: {min(digests(tensors) for _ in range(20)):.1f} ms for "
              f"{sum(map(len, tensors)):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
