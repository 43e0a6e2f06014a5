"""Runs witin-sim as a user does. WITIN_SIM names the program; ctest sets it."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import numpy as np

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "scripts"))
import wpkg  # noqa: E402  the module of the importers, which shares no code with the program

PROGRAM = os.path.abspath(os.environ["WITIN_SIM"])
GOLDEN = os.path.join(ROOT, "golden")
DIGITS = os.path.join(GOLDEN, "digits_cnn")
SANITIZED = bool(os.environ.get("WITIN_SANITIZED"))  # ten times slower, and memory is the sanitizer's


class CliTest(unittest.TestCase):
    """Each test has an empty folder, in which the program runs."""

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="witin-cli-")
        self.addCleanup(shutil.rmtree, self.dir)

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def run_program(self, *arguments, **options):
        environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "WITIN_ISA")}
        environment.update(options.pop("env", {}))
        return subprocess.run([PROGRAM, *map(str, arguments)], cwd=self.dir, env=environment, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                              **options)

    def done(self, *arguments, status=0, **options):
        """Runs; the status must be `status` and stderr empty. Returns stdout."""
        result = self.run_program(*arguments, **options)
        self.assertEqual((result.returncode, result.stderr), (status, ""))
        return result.stdout

    def document(self, *arguments, **options):
        return json.loads(self.done(*arguments, **options))

    def refused(self, code, *arguments, status=2, **options):
        """Runs; must be refused with this code, in one line, without a result and without a new file. Returns the
        line."""
        before = self.listing()
        result = self.run_program(*arguments, **options)
        self.assertEqual(result.returncode, status, result.stderr)
        self.assertEqual(result.stdout, "")
        self.assertRegex(result.stderr, r"\Awitin-sim: [^\n]+ \[[a-z0-9_.]+\]\n\Z")
        self.assertTrue(result.stderr.endswith(f" [{code}]\n"), f"expected [{code}]: {result.stderr}")
        self.assertEqual(self.listing(), before)
        return result.stderr[len("witin-sim: "):-1]

    def listing(self):
        """Every file below the folder and what it holds."""
        files = {}
        for folder, _, names in os.walk(self.dir):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.isfile(path):
                    with open(path, "rb") as stream:
                        files[path] = stream.read()
        return files

    def save(self, name, values, dtype=None):
        np.save(self.path(name), np.asarray(values, dtype))
        return name

    def write_relu(self, name="relu.wpkg", shape=(3,), **extra):
        """One ReLU over a signed input "x"; its output is "y"."""
        package = wpkg.Package("relu", "wtm2101")
        package.input("x", shape, signed=True)
        package.node("y", "relu", ["x"], **extra)
        package.output("y")
        package.write(self.path(name))
        return name

    def write_two(self, name="two.wpkg"):
        """Two inputs "left" [2] and "right" [3], each with a ReLU that is an output: "l" and "r"."""
        package = wpkg.Package("two", "wtm2101")
        package.input("left", [2], signed=True)
        package.input("right", [3], signed=True)
        for node, source in (("l", "left"), ("r", "right")):
            package.node(node, "relu", [source])
            package.output(node)
        package.write(self.path(name))
        return name

    def write_input(self, name="x.npy", frames=5, shape=(3,), dtype=np.int8):
        values = (np.arange(frames * int(np.prod(shape))) * 37 % 251 - 125).reshape(frames, *shape)
        return self.save(name, values, dtype), values
