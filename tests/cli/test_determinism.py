"""One sha256 a trace on every path: the short form of scripts/determinism.sh, and that it notices a path that
differs."""
import os
import shutil
import subprocess
import sys
import unittest

from program import GOLDEN, PROGRAM, ROOT


def matrix(*arguments):
    command = [sys.executable, os.path.join(ROOT, "scripts", "determinism.py"), "--short", "--witin-sim", PROGRAM,
               *arguments]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)


class Determinism(unittest.TestCase):
    def test_one_sha256_a_trace(self):
        result = matrix()
        self.assertEqual((result.returncode, result.stderr), (0, ""), result.stdout)
        self.assertRegex(result.stdout, r"determinism: \d\d+ traces and a sweep, \d{3,} runs, 0 different\n\Z")

    def test_a_path_that_differs_is_named(self):
        case = os.path.join(GOLDEN, "operators", "gru")
        result = matrix("--alter", "ref", case)
        self.assertEqual((result.returncode, result.stderr), (1, ""), result.stdout)
        lines = [line for line in result.stdout.splitlines() if line.startswith("different  ")]
        self.assertEqual(len(lines), 2)  # numbers of threads
        for line in lines:
            self.assertIn(" --isa ref ", line)
            self.assertIn("golden/operators/gru", line)

    def test_ranks_that_differ_are_named(self):
        if shutil.which("mpirun") is None or b"witin_mpi_join" not in open(PROGRAM, "rb").read():
            self.skipTest("skipped: no mpirun, or built without MPI")
        result = matrix("--alter", "2-ranks", "sweep")
        self.assertEqual((result.returncode, result.stderr), (1, ""), result.stdout)
        lines = [line for line in result.stdout.splitlines() if line.startswith("different  ")]
        self.assertEqual(len(lines), 2)  # instruction sets
        for line in lines:
            self.assertRegex(line, r"^different  sweep: .*, 2 ranks: ")

    def test_nothing_compared_is_an_error(self):
        self.assertEqual(matrix(os.path.join(GOLDEN, "nothing")).returncode, 2)


if __name__ == "__main__":
    unittest.main()
