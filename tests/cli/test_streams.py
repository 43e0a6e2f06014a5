"""stdout, stderr, colour, progress, signals: what scripts and terminals see."""
import os
import pty
import re
import select
import signal
import subprocess
import time
import unittest

import numpy as np
from program import DIGITS, PROGRAM, SANITIZED, CliTest, wpkg

MODEL, INPUT = os.path.join(DIGITS, "model.wpkg"), os.path.join(DIGITS, "input.npy")


class Streams(CliTest):
    def test_help_and_version(self):
        self.assertRegex(self.done("--version"), r"\Awitin-sim \d+\.\d+\.\d+\n\Z")
        self.assertIn("Exit status", self.done("--help"))
        self.assertEqual(self.done("-h"), self.done("--help"))
        for command in ("run", "info", "verify", "completion"):
            text = self.done(command, "--help")
            self.assertIn("Examples:\n  ", text)
            self.assertEqual(self.done(command, "-h"), text)
            self.assertIn(f"\n  {command} ", self.done("--help"))

    def test_verbose_and_quiet(self):
        for position in (["-v", MODEL, INPUT], [MODEL, INPUT, "-v"], ["run", MODEL, INPUT, "--verbose"]):
            result = self.run_program(*position)
            self.assertEqual(result.returncode, 0)
            self.assertRegex(result.stderr, r"\Awitin-sim: 360 frames in \d+\.\d{3} s, \d+ a second\n\Z")
        self.assertEqual(self.run_program("-q", "-v", MODEL, INPUT).stderr, "")
        self.assertEqual(self.run_program(MODEL, INPUT).stderr, "")
        self.refused("file.open", "-q", "nothing.wpkg", INPUT)

    def test_color(self):
        case = DIGITS
        plain = self.done("verify", case)
        self.assertNotIn("\x1b", plain)
        colored = self.done("--color", "always", "verify", case)
        self.assertIn("\x1b[32mequal\x1b[0m", colored)
        self.assertEqual(re.sub("\x1b\\[[0-9;]*m", "", colored), plain)
        self.assertEqual(self.done("verify", case, "--color=always", env={"NO_COLOR": "1"}), colored)
        result = self.run_program("--color=always", "info", "nothing")
        self.assertTrue(result.stderr.startswith("\x1b["))

    def test_broken_pipe_and_full_disk(self):
        reader, writer = os.pipe()
        os.close(reader)
        for arguments in (["info", MODEL], [MODEL, INPUT, "--json"], ["--help"]):
            result = subprocess.run([PROGRAM, *arguments], stdout=writer, stderr=subprocess.PIPE, text=True,
                                    check=False)
            self.assertEqual((result.returncode, result.stderr), (0, ""), arguments)
        os.close(writer)
        for arguments in (["info", MODEL], ["--help"], ["--version"]):
            with open("/dev/full", "w", encoding="ascii") as full:
                result = subprocess.run([PROGRAM, *arguments], stdout=full, stderr=subprocess.PIPE, text=True,
                                        check=False)
            self.assertEqual(result.returncode, 2)
            self.assertRegex(result.stderr, r"\Awitin-sim: stdout: [^\n]+ \[output\.stdout\]\n\Z")

    def test_full_disk(self):
        # The shell's limit on file sizes stands for a full disk: 8 blocks of 1024 bytes.
        model, (x, _) = self.write_relu(), self.write_input(frames=20000)
        before = set(self.listing())
        for outputs in ("-o out.npy", "--trace t.wtrace", "-o out.npy --trace t.wtrace"):
            result = subprocess.run(["bash", "-c", f"ulimit -f 8; exec '{PROGRAM}' {model} {x} {outputs}"],
                                    cwd=self.dir,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
            self.assertEqual((result.returncode, result.stdout), (2, ""))
            self.assertRegex(result.stderr, r"\Awitin-sim: [^\n]+ \[output\.[a-z_]+\]\n\Z")
            self.assertEqual(set(self.listing()), before)


class LongRun(CliTest):
    """A run that takes long enough to be watched and stopped: the reference kernel on one thread."""

    def setUp(self):
        super().setUp()
        package = wpkg.Package("long", "wtm2101")
        package.input("x", [512])
        package.node("a", "linear", ["x"], {"weight": np.ones((512, 512), np.int8)}, {"g": 4096})
        package.node("b", "relu", ["a"])
        package.node("c", "linear", ["b"], {"weight": np.ones((512, 512), np.int8)}, {"g": 4096})
        package.output("c")
        package.write(self.path("long.wpkg"))
        np.save(self.path("x.npy"), np.zeros((200_000, 512), np.uint8))
        self.arguments = [PROGRAM, "long.wpkg", "x.npy", "-o", "out.npy", "--trace", "t.wtrace", "--threads", "1",
                          *([] if SANITIZED else ["--isa", "ref"])]
        self.before = sorted(os.listdir(self.dir))

    def wait_for_handler(self, process, number):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with open(f"/proc/{process.pid}/status", encoding="ascii") as stream:
                caught = int(re.search(r"SigCgt:\s*([0-9a-f]+)", stream.read())[1], 16)
            if caught >> (number - 1) & 1:
                return
            time.sleep(0.01)
        self.fail("the program does not handle the signal")

    def test_signals(self):
        for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            with open(self.path("out.npy"), "w", encoding="ascii") as stream:
                stream.write("from before")
            process = subprocess.Popen(self.arguments, cwd=self.dir, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                       text=True)
            self.wait_for_handler(process, number)
            time.sleep(0.3)
            self.assertIsNone(process.poll(), "the run was too short to be stopped")
            process.send_signal(number)
            out, err = process.communicate(timeout=60)
            self.assertEqual((process.returncode, out), (status, ""))
            self.assertRegex(err, r"\Awitin-sim: [^\n]+ \[interrupted\]\n\Z")
            with open(self.path("out.npy"), encoding="ascii") as stream:
                self.assertEqual(stream.read(), "from before")
            os.remove(self.path("out.npy"))
            self.assertEqual(sorted(os.listdir(self.dir)), self.before)

    def test_killed(self):
        process = subprocess.Popen(self.arguments, cwd=self.dir, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.wait_for_handler(process, signal.SIGINT)
        time.sleep(0.3)
        process.kill()
        process.communicate(timeout=60)
        self.assertNotIn("out.npy", os.listdir(self.dir))
        self.assertNotIn("t.wtrace", os.listdir(self.dir))

    def watch(self, *options, bars=0):
        """What a terminal on stderr gets of a run: `bars` lines of progress, or all within 3 seconds."""
        try:
            terminal, side = pty.openpty()
        except OSError as error:
            self.skipTest(f"skipped: no terminal can be made here, {error}")
        process = subprocess.Popen([*self.arguments, *options], cwd=self.dir, stdout=subprocess.DEVNULL, stderr=side)
        os.close(side)
        self.wait_for_handler(process, signal.SIGINT)
        end = time.monotonic() + (60 if bars else 3)
        text = b""
        while time.monotonic() < end and (not bars or text.count(b" frames, ") < bars):
            if select.select([terminal], [], [], 0.1)[0]:
                text += os.read(terminal, 65536)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=60), 130)
        while True:
            try:
                part = os.read(terminal, 65536)
            except OSError:  # the other side is closed
                break
            if not part:
                break
            text += part
        os.close(terminal)
        return text.decode()

    def test_progress_on_a_terminal(self):
        text = self.watch(bars=5)
        text = re.sub("\x1b\\[[0-9;]*m", "", text)
        lines = [line for line in text.split("\r") if " of 200000 frames" in line]
        self.assertGreater(len(lines), 3, text)
        self.assertRegex(lines[-1], r"\A\[#*-+\] +\d+ %  +\d+ of 200000 frames, [\d:]+ left\x1b\[K\Z")
        # The bar is gone before the last line.
        self.assertRegex(text, r"\r\x1b\[Kwitin-sim: stopped[^\n]+\n\Z")
        self.assertNotIn("frames", self.watch("--quiet"))


if __name__ == "__main__":
    unittest.main()
