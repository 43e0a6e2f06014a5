"""SIGINT and SIGTERM while a comparison, a measurement or golden vectors are made: what is written is complete or as it
was before, and the status is the documented one. Runs: test_streams.py; sweeps: test_sweep.py."""
import os
import re
import signal
import subprocess
import time
import unittest

import numpy as np
from program import PROGRAM, SANITIZED, CliTest, wpkg

ENDS = {signal.SIGINT: 130, signal.SIGTERM: 143}
SLOW = ["--isa", "ref"]
SHARE = 10 if SANITIZED else 1  # of the frames
SECONDS = 60  # that anything may take; a test that waits longer has found a defect


class Signals(CliTest):
    def setUp(self):
        super().setUp()
        random = np.random.default_rng(1)
        package = wpkg.Package("long", "wtm2101")
        package.input("x", [512])
        for name, x in (("a", "x"), ("b", "a_relu")):
            package.node(name, "linear", [x], {"weight": random.integers(-9, 10, (512, 512))}, {"g": 1024})
            package.node(f"{name}_relu", "relu", [name])
        package.output("b_relu")
        package.write(self.path("long.wpkg"))
        self.save("x.npy", random.integers(0, 256, (1500 // SHARE, 512)), np.uint8)

    def start(self, arguments):
        """A process that handles signals by now."""
        process = subprocess.Popen([PROGRAM, *arguments], cwd=self.dir, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.kill)
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            with open(f"/proc/{process.pid}/status", encoding="ascii") as stream:
                caught = int(re.search(r"SigCgt:\s*([0-9a-f]+)", stream.read())[1], 16)
            if all(caught >> (number - 1) & 1 for number in ENDS):
                return process
            time.sleep(0.001)
        self.fail(f"the program does not handle signals: {process.poll()}")

    def check(self, arguments, status=0):
        """Signals at several times of a command that takes long enough for the first of them, and that would replace
        what it wrote earlier."""
        arguments = [*map(str, arguments), "--threads", "1"]
        inputs = self.listing()
        begin = time.monotonic()
        result = self.run_program(*arguments)
        duration = time.monotonic() - begin
        self.assertEqual((result.returncode, result.stderr), (status, ""))
        complete = self.listing()
        written = sorted(complete.keys() - inputs.keys())
        self.assertNotEqual(written, [])
        before = inputs | {path: b"from before" for path in written}
        for number, share in ((signal.SIGINT, 0), (signal.SIGTERM, 0), (signal.SIGINT, 0.2), (signal.SIGTERM, 0.4),
                              (signal.SIGINT, 0.6), (signal.SIGTERM, 0.8), (signal.SIGINT, 0.95)):
            with self.subTest(" ".join(arguments), signal=number, share=share):
                for path in written:
                    with open(path, "wb") as stream:
                        stream.write(before[path])
                process = self.start(arguments)
                time.sleep(share * duration)
                process.send_signal(number)
                out, err = process.communicate(timeout=SECONDS)
                if share and process.returncode == status:  # it was faster than the signal
                    self.assertEqual((out, err), (result.stdout, ""))
                    self.assertEqual(self.same(self.listing()), self.same(complete))
                else:
                    self.assertEqual((process.returncode, out), (ENDS[number], ""), err)
                    self.assertRegex(err, r"\Awitin-sim: [^\n]+ \[interrupted\]\n\Z")
                    self.assertEqual(self.listing(), before)

    @staticmethod
    def same(files):
        """Without the times of JUnit."""
        return {path: re.sub(rb' time="[^"]*"', b"", data) for path, data in files.items()}

    def test_diff(self):
        for name, noise in (("a.wtrace", []), ("b.wtrace", ["--noise", "normal:4", "--seed", "1"])):
            self.done("run", "long.wpkg", "x.npy", "--trace", name, *noise)
        self.check(["diff", "a.wtrace", "b.wtrace", "--explain", "long.wpkg", "--input", "x.npy", "--html", "d.html",
                    "--junit", "d.xml", "--json"], status=1)

    def test_gap(self):
        self.check(["gap", "long.wpkg", "x.npy", "--frames", f"0:{150 // SHARE}", *SLOW, "--html", "g.html"])

    def test_golden(self):
        for kind in ("mapper", "c", "npz"):
            self.check(["golden", "long.wpkg", "x.npy", "-o", kind, "--format", kind, "--frames", 250 // SHARE,
                        "--calibration-start", 0, "--force", *SLOW])


if __name__ == "__main__":
    unittest.main()
