#!/usr/bin/env python3
"""The same bits on every path: runs cases on each of them and requires one sha256 a trace.

    determinism.py --witin-sim PROGRAM [--witin-sim OTHER] [--short] [CASE...]

A path is a program (compiler, optimisation), an instruction set, a number of threads, a locale, and the whole input or
parts of it one after the other. Traces are compared at level full: unsplit runs by the sha256 of the file, parts by
that of every field's frames in a row. The same for the JSON document of a noise sweep of the networks of golden/, by
one process and by two ranks of mpirun, over programs, instruction sets, threads and locales. CASE is a folder with
model.wpkg and input.npy, input.npz or input_NAME.npy; without one, those of golden/ and of ../shared/cases (or
WITIN_SHARED). --short takes the operators and networks of golden/, and not every combination. The word "sweep" as a
CASE is the sweep. As many cases run beside each other as the machine has processors.

Exit status 0: one sha256 for every case and the sweep. 1: a path differs, which is named. 2: nothing was compared, or a
run failed.
"""
import argparse
import concurrent.futures
import glob
import hashlib
import itertools
import os
import shutil
import subprocess
import sys
import tempfile

import numpy as np
import wpkg

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
INSTRUCTION_SETS = ("ref", "sse2", "avx2", "avx512bw", "avx512vnni", "neon")
THREADS = (1, 2, 3, 7)
SPLITS = (1, 3)  # parts of the input
RANKS = (1, 2)  # of a sweep
SWEPT = ("digits_cnn", "digits_mlp")
SWEPT_FRAMES = 32


def stop(text):
    print(f"determinism: {text}", file=sys.stderr)
    sys.exit(2)


def find_cases(short):
    golden = os.path.join(ROOT, "golden")
    places = [os.path.join(golden, name) for name in ("digits_cnn", "digits_mlp", "operators")] if short else [golden]
    if not short:
        shared = os.path.join(os.environ.get("WITIN_SHARED", os.path.join(ROOT, "..", "shared")), "cases")
        if os.path.isdir(shared):
            places.append(shared)
        else:
            print("determinism: skipped: no ../shared")
    found = []
    for place in places:
        found += [os.path.dirname(path) for path in glob.glob(os.path.join(place, "**", "model.wpkg"), recursive=True)]
    return sorted(found)


def inputs_of(case):
    """Arguments that name the input files of a case."""
    for name in ("input.npy", "input.npz"):
        if os.path.exists(os.path.join(case, name)):
            return [os.path.join(case, name)]
    files = sorted(glob.glob(os.path.join(case, "input_*.npy")))
    if not files:
        stop(f"{case}: no input")
    return [word for file in files for word in ("--input", f"{os.path.basename(file)[6:-4]}={file}")]


def comma_locale(folder):
    """Environment of a locale whose decimal point is a comma, installed or made in `folder`; None without one."""
    names = subprocess.run(["locale", "-a"], stdout=subprocess.PIPE, text=True, check=False).stdout.split()
    candidates = [{"LC_ALL": name} for name in names]
    if shutil.which("localedef"):
        subprocess.run(["localedef", "-i", "de_DE", "-f", "UTF-8", os.path.join(folder, "de_DE.UTF-8")], check=False,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        candidates.append({"LC_ALL": "de_DE.UTF-8", "LOCPATH": folder})
    for candidate in candidates:
        result = subprocess.run(["locale", "decimal_point"], env={**os.environ, **candidate}, stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL, text=True, check=False)
        if result.stdout.strip() == ",":
            return candidate
    return None


class Matrix:
    """The paths of one case, or of the sweep. Files go to `folder`, which is its own."""

    def __init__(self, options, folder, locale):
        self.options, self.trace = options, os.path.join(folder, "t.wtrace")
        self.document, self.mpirun = os.path.join(folder, "s.json"), shutil.which("mpirun")
        self.locale, self.runs, self.differences, self.ranked = locale, 0, 0, {}

    def run(self, case, path, frames=None):
        """The trace file of a run, as bytes; None where the machine lacks the instruction set."""
        program, isa, threads, locale, _ = path
        command = [program, "run", os.path.join(case, "model.wpkg"), *inputs_of(case), "--trace", self.trace,
                   "--trace-level", "full", "--isa", isa, "--threads", str(threads), "--json"]
        if frames:
            command += ["--frames", f"{frames[0]}:{frames[1]}"]
        return self.output_of(command, locale, self.trace)

    def sweep(self, path):
        """The JSON document of a sweep, as bytes; None where the machine lacks the instruction set."""
        program, isa, threads, locale, ranks = path
        files, labels = self.swept()
        command = [program, "sweep", *files, "--labels", labels, "--noise", "normal:0..8:4", "--trials", "3", "--isa",
                   isa, "--threads", str(threads), "-q", "-o", self.document]
        if ranks > 1:
            command[:0] = [self.mpirun, "--allow-run-as-root", "--oversubscribe", "-n", str(ranks)]
        return self.output_of(command, locale, self.document)

    def swept(self):
        """Packages and the first frames of their inputs, in turn, and of the labels."""
        folders = [os.path.join(ROOT, "golden", name) for name in SWEPT]
        cut = []
        for i, path in enumerate([os.path.join(folder, "input.npy") for folder in folders] +
                                 [os.path.join(folders[0], "labels.npy")]):
            cut.append(os.path.join(os.path.dirname(self.trace), f"swept{i}.npy"))
            if not os.path.exists(cut[-1]):
                np.save(cut[-1], np.load(path)[:SWEPT_FRAMES])
        packages = [os.path.join(folder, "model.wpkg") for folder in folders]
        return [file for pair in zip(packages, cut) for file in pair], cut[-1]

    def output_of(self, command, locale, file):
        environment = {**os.environ, "LC_ALL": "C", **(locale or {})}
        result = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, text=True, check=False)
        if "[isa.not_" in result.stderr:
            return None
        if result.returncode != 0:
            stop(f"{' '.join(command)}: {result.stderr.strip()}")
        self.runs += 1
        with open(file, "rb") as stream:
            return stream.read()

    def fields(self):
        """[(node, field, dtype, values)] of the last trace."""
        _, values = wpkg.read_trace(self.trace)
        return [(node, field, array) for node, of_node in values.items() for field, array in of_node.items()]

    def alter(self, data, isa, ranks=1):
        """For tests: one bit of what this instruction set, or this number of ranks, computed."""
        if self.options.alter not in (isa, f"{ranks}-ranks"):
            return data
        changed = bytearray(data)
        changed[len(changed) // 2] ^= 1
        return bytes(changed)

    @staticmethod
    def digest(fields):
        sha = hashlib.sha256()
        for node, field, array in fields:
            sha.update(f"{node}/{field} {array.dtype.str} {array.shape}\n".encode())
            sha.update(np.ascontiguousarray(array).tobytes())
        return sha.hexdigest()

    def of_parts(self, case, path, frames):
        """The digest of the fields of all parts in a row."""
        edges = sorted({frames * part // path[4] for part in range(path[4] + 1)})
        parts = []
        for first, last in itertools.pairwise(edges):
            if self.run(case, path, (first, last)) is None:
                return None
            parts.append(self.fields())
        joined = [(node, field, np.concatenate([part[i][2] for part in parts]))
                  for i, (node, field, _) in enumerate(parts[0])]
        return self.digest(joined)

    def paths(self, programs):
        locales = [None] + ([self.locale] if self.locale else [])
        every = itertools.product(programs, INSTRUCTION_SETS, THREADS, locales, SPLITS)
        for path in every:
            threads, locale, parts = path[2:]
            # Short: two numbers of threads for each instruction set, one of them with each locale, one in parts.
            turn = INSTRUCTION_SETS.index(path[1]) + THREADS.index(threads)
            if not self.options.short or (turn % 2 == 0 and locales[turn // 2 % len(locales)] == locale and
                                          (parts == 1 or turn % 4 == 0)):
                yield path

    def sweep_paths(self, programs):
        locales = [None] + ([self.locale] if self.locale else [])
        for path in itertools.product(programs, INSTRUCTION_SETS, THREADS, locales, RANKS):
            program, isa, threads, locale, ranks = path
            if ranks > 1 and not self.with_ranks(program):
                continue
            # Short: the fastest and the slowest instruction set, on two threads, with each locale.
            if not self.options.short or (isa in ("ref", "avx2") and threads == 2 and
                                          (isa == "ref") == (locale is None or self.locale is None)):
                yield path

    def with_ranks(self, program):
        if program not in self.ranked:
            with open(program, "rb") as stream:
                self.ranked[program] = self.mpirun is not None and b"witin_mpi_join" in stream.read()
            if not self.ranked[program]:
                print(f"determinism: skipped: {program} on several ranks (no mpirun, or built without MPI)")
        return self.ranked[program]

    def tell(self, what, path, how, found, expected):
        self.differences += 1
        program, isa, threads, locale, _ = path
        print(f"different  {what}: {program} --isa {isa} --threads {threads}, "
              f"LC_ALL={(locale or {}).get('LC_ALL', 'C')}, {how}: {found}, expected {expected}", flush=True)

    def check_sweep(self):
        """Runs every path of the sweep; returns the sha256 of its document."""
        expected = hashlib.sha256(self.sweep((self.options.programs[0], "ref", 1, None, 1))).hexdigest()
        compared = 0
        for path in self.sweep_paths(self.options.programs):
            data = self.sweep(path)
            if data is None:
                continue
            compared += 1
            isa, ranks = path[1], path[4]
            found = hashlib.sha256(self.alter(data, isa, ranks)).hexdigest()
            if found != expected:
                self.tell("sweep", path, f"{ranks} rank{'s' if ranks > 1 else ''}", found, expected)
        if compared < 2:
            stop("sweep: nothing to compare with")
        return expected

    def check(self, case):
        """Runs every path of a case; returns the sha256 of its trace."""
        reference = (self.options.programs[0], "ref", 1, None, 1)
        whole = self.run(case, reference)
        fields = self.fields()
        whole_sha, fields_sha = hashlib.sha256(whole).hexdigest(), self.digest(fields)
        frames, compared = len(fields[0][2]), 0
        for path in self.paths(self.options.programs):
            if path[4] == 1:
                data = self.run(case, path)
                expected = whole_sha
                found = None if data is None else hashlib.sha256(self.alter(data, path[1])).hexdigest()
            elif frames > 1:
                found, expected = self.of_parts(case, path, frames), fields_sha
            else:
                continue
            if found is None:
                continue
            compared += 1
            if found != expected:
                parts = path[4]
                self.tell(os.path.relpath(case, ROOT), path, f"{parts} part{'s' if parts > 1 else ''}", found, expected)
        if compared < 2:
            stop(f"{case}: nothing to compare with")
        return whole_sha


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--witin-sim", dest="programs", action="append", required=True, metavar="PROGRAM")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--alter", metavar="PATH", help=argparse.SUPPRESS)
    parser.add_argument("cases", nargs="*", metavar="CASE")
    options = parser.parse_args()
    sweep = not options.cases or "sweep" in options.cases
    cases = [os.path.abspath(case) for case in options.cases if case != "sweep"]
    if not options.cases:
        cases = find_cases(options.short)
    if not cases and not sweep:
        stop("no cases")
    with tempfile.TemporaryDirectory(prefix="witin-determinism-") as folder:
        locale = comma_locale(folder)
        if locale is None:
            print("determinism: skipped: no locale with a decimal comma (package locales)")

        def check(case):
            with tempfile.TemporaryDirectory(dir=folder) as own:
                matrix = Matrix(options, own, locale)
                sha = matrix.check_sweep() if case is None else matrix.check(case)
            if not options.short:
                print(f"{sha}  {'sweep' if case is None else os.path.relpath(case, ROOT)}", flush=True)
            return matrix.runs, matrix.differences

        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            checks = [pool.submit(check, case) for case in [None] * sweep + cases]
            done = concurrent.futures.wait(checks, return_when=concurrent.futures.FIRST_EXCEPTION).done
            for failed in (one for one in done if one.exception()):
                pool.shutdown(cancel_futures=True)
                raise failed.exception()
            runs, differences = (sum(one.result()[i] for one in checks) for i in (0, 1))
    swept = " and a sweep" if sweep else ""
    print(f"determinism: {len(cases)} traces{swept}, {runs} runs, {differences} different")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
