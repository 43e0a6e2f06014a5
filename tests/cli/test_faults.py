"""What the machine can do to a run: full disks, closed pipes, files that change, no memory, no permission. Outputs are
complete or absent, and the status is the documented one. Signals: test_streams.py."""
import os
import pwd
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest
from collections import Counter

import numpy as np
from program import DIGITS, GOLDEN, PROGRAM, SANITIZED, CliTest, wpkg

MODEL, INPUT = os.path.join(DIGITS, "model.wpkg"), os.path.join(DIGITS, "input.npy")
LINE = re.compile(r"\Awitin-sim: [^\n]+ \[([a-z_]+\.[a-z_]+|interrupted)\]\n\Z")


class FaultTest(CliTest):
    def fails(self, codes, arguments, status=2, **options):
        """Runs; must end with this status and one line with one of the codes, leaving the folder as it was."""
        before = self.listing()
        result = subprocess.run([PROGRAM, *map(str, arguments)], cwd=self.dir, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, **options)
        self.assertEqual((result.returncode, result.stdout), (status, ""), result.stderr)
        match = LINE.match(result.stderr)
        self.assertIsNotNone(match, result.stderr)
        self.assertIn(match[1], codes, result.stderr)
        self.assertEqual(self.listing(), before)
        return match[1]

    def as_nobody(self):
        """Options for a process without root's rights, for which permissions mean something. The checkout may lie where
        only root can go, so such a process starts a copy of the program."""
        if os.geteuid() != 0:
            return {}
        nobody = pwd.getpwnam("nobody")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        os.chmod(folder.name, 0o755)
        counts = os.path.join(folder.name, "counts")  # of lines, where the tree counts them
        os.mkdir(counts)
        os.chmod(counts, 0o777)
        return {"executable": shutil.copy2(PROGRAM, folder.name), "user": nobody.pw_uid, "group": nobody.pw_gid,
                "extra_groups": [], "env": {**os.environ, "GCOV_PREFIX": counts}}


class Disk(FaultTest):
    def test_the_last_byte(self):
        """A limit on the size of files of one byte less than the output or the trace takes, and of exactly as many."""
        model, (x, _) = self.write_relu(), self.write_input(frames=3000)
        for option, name in (("-o", "out.npy"), ("--trace", "t.wtrace")):
            arguments = ["run", model, x, option, name, "--json"]
            self.done(*arguments)
            with open(self.path(name), "rb") as stream:
                whole = stream.read()
            os.remove(self.path(name))
            for size in (1, len(whole) // 2, len(whole) - 1):
                self.fails({"output.no_space"}, arguments, preexec_fn=lambda size=size: resource.setrlimit(
                    resource.RLIMIT_FSIZE, (size, size)))
            limit = (len(whole), len(whole))
            self.done(*arguments, preexec_fn=lambda limit=limit: resource.setrlimit(resource.RLIMIT_FSIZE, limit))
            with open(self.path(name), "rb") as stream:
                self.assertEqual(stream.read(), whole)

    def mounted(self):
        """A folder "small" that is a file system of 64 KiB."""
        folder = self.path("small")
        os.mkdir(folder)
        mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]
        if subprocess.run(mount, stderr=subprocess.DEVNULL, check=False).returncode != 0:
            self.skipTest("no file system can be mounted here")
        self.addCleanup(subprocess.run, ["umount", folder], check=True)
        return folder

    @unittest.skipUnless(os.geteuid() == 0, "mounting needs root")
    def test_no_room_for_anything(self):
        """Every command that writes, on a file system that has no free block."""
        folder = self.mounted()
        labels, values = ["--labels", os.path.join(DIGITS, "labels.npy")], [MODEL, INPUT]
        self.done("run", *values, "--noise", "normal:4", "--seed", "1", "--trace", "other.wtrace")
        expected = os.path.join(DIGITS, "expected.wtrace")
        with open(os.path.join(folder, "filler"), "wb") as stream, self.assertRaises(OSError):
            while True:
                os.write(stream.fileno(), bytes(4096))
        for arguments in (["run", *values, "-o", "small/y.npy"], ["run", *values, "--trace", "small/t.wtrace"],
                          ["diff", expected, "other.wtrace", "--html", "small/d.html"],
                          ["diff", expected, "other.wtrace", "--junit", "small/d.xml"],
                          ["gap", *values, "--html", "small/g.html"], ["golden", *values, "-o", "small/golden"],
                          ["sweep", *values, *labels, "--noise", "normal:1", "--trials", "2", "-o", "small/s.json"],
                          ["sweep", *values, *labels, "--noise", "normal:1", "--trials", "2", "-o", "s.json", "--csv",
                           "small/s.csv"]):
            with self.subTest(" ".join(arguments[:1] + arguments[-2:])):
                before = self.listing()
                result = self.run_program(*arguments)
                self.assertEqual((result.returncode, result.stdout), (2, ""), result.stderr)
                self.assertIn(LINE.match(result.stderr)[1], {"output.no_space", "output.write", "journal.write"})
                if arguments[-2] == "--csv":  # the trials are done and kept: the same command goes on from them
                    os.remove(self.path("s.json.journal"))
                self.assertEqual(self.listing(), before)
                self.assertEqual(os.listdir(folder), ["filler"])

    @unittest.skipUnless(os.geteuid() == 0, "mounting needs root")
    def test_a_full_file_system(self):
        folder = self.mounted()
        model, (x, _) = self.write_relu(), self.write_input(frames=100_000)
        for outputs in (["-o", "small/out.npy"], ["--trace", "small/t.wtrace"],
                        ["-o", "out.npy", "--trace", "small/t.wtrace"], ["-o", "small/out.npy", "--trace", "t.wtrace"]):
            self.fails({"output.no_space"}, [model, x, *outputs])
        self.assertEqual(os.listdir(folder), [])


class Permission(FaultTest):
    def setUp(self):
        super().setUp()
        os.chmod(self.dir, 0o755)
        self.model, (self.x, self.values) = self.write_relu(), self.write_input()

    def test_unwritable_folder(self):
        for name in ("out.npy", "t.wtrace"):
            option = "-o" if name == "out.npy" else "--trace"
            os.chmod(self.dir, 0o555)
            self.fails({"output.open"}, [self.model, self.x, option, name], **self.as_nobody())
            os.chmod(self.dir, 0o755)

    def test_unreadable_file(self):
        for name, arguments in ((self.model, [self.model, self.x]), (self.x, [self.model, self.x])):
            os.chmod(self.path(name), 0)
            self.fails({"file.open"}, [*arguments, "-o", "out.npy"], **self.as_nobody())
            os.chmod(self.path(name), 0o644)

    def test_read_only_inputs(self):
        """Files and their folder may be read only: nothing is written beside them."""
        os.mkdir(self.path("in"))
        for name in (self.model, self.x):
            os.rename(self.path(name), self.path("in", name))
            os.chmod(self.path("in", name), 0o444)
        os.chmod(self.path("in"), 0o555)
        os.mkdir(self.path("out"))
        os.chmod(self.path("out"), 0o777)
        result = subprocess.run([PROGRAM, f"in/{self.model}", f"in/{self.x}", "-o", "out/y.npy"], cwd=self.dir,
                                stderr=subprocess.PIPE, text=True, check=False, **self.as_nobody())
        os.chmod(self.path("in"), 0o755)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        np.testing.assert_array_equal(np.load(self.path("out", "y.npy")), np.maximum(self.values, 0))

    def test_output_equal_to_an_input(self):
        os.link(self.path(self.x), self.path("same.npy"))
        os.symlink(self.x, self.path("link.npy"))
        for name in (self.x, "./" + self.x, "same.npy", "link.npy"):
            self.fails({"usage.overwrite"}, [self.model, self.x, "-o", name])


class Threads(FaultTest):
    def test_no_thread_to_be_had(self):
        """One thread does all of a run, of a comparison and of a large package's digests; a sweep says what is
        missing."""
        package = wpkg.Package("large", "wtm2101")
        package.input("x", [4, 640])
        weights = (np.arange(4 * 640 * 512) % 255 - 127).astype(np.int8).reshape(4, 640, 512)
        for i in range(4):
            package.node(f"s{i}", "slice", ["x"], attributes={"axes": [0], "starts": [i], "ends": [i + 1]})
            package.node(f"r{i}", "reshape", [f"s{i}"], attributes={"shape": [640]})
            package.node(f"y{i}", "linear", [f"r{i}"], {"weight": weights[i]}, {"g": 4096})
            package.output(f"y{i}")
        package.write(self.path("large.wpkg"))
        self.save("x.npy", np.arange(40 * 4 * 640).reshape(40, 4, 640) % 256, np.uint8)
        expected = self.done("run", "large.wpkg", "x.npy", "--trace", "t.wtrace", "--threads", 1)
        os.chmod(self.dir, 0o777)
        nobody = self.as_nobody()  # a leak sanitizer needs a thread of its own
        nobody["env"] = nobody.get("env", {}) | {"ASAN_OPTIONS": "detect_leaks=0"}
        alone = {**nobody, "preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))}
        self.assertEqual(self.done("run", "large.wpkg", "x.npy", "--trace", "u.wtrace", "--threads", 4, **alone),
                         expected)
        self.assertEqual(self.done("diff", "t.wtrace", "u.wtrace", "--threads", 4, **alone),
                         self.done("diff", "t.wtrace", "u.wtrace", "--threads", 1))
        self.fails({"resource.threads"}, ["sweep", "large.wpkg", "x.npy", "--noise", "normal:1", "--trials", "4",
                                          "--threads", "4", "-o", "s.json"], **alone)


class Changes(FaultTest):
    def test_an_input_that_shrinks_while_it_is_read(self):
        """The reader is slow and the file is cut at once: an error, not a signal."""
        package = wpkg.Package("slow", "wtm2101")
        package.input("x", [512])
        package.node("y", "linear", ["x"], {"weight": np.ones((512, 512), np.int8)}, {"g": 4096})
        package.output("y")
        package.write(self.path("slow.wpkg"))
        np.save(self.path("x.npy"), np.zeros((100_000, 512), np.uint8))
        process = subprocess.Popen([PROGRAM, "slow.wpkg", "x.npy", "-o", "out.npy", "--isa", "ref", "--threads", "1"],
                                   cwd=self.dir, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.kill)
        self.wait_until_read(process, 1 << 19)  # the package, and some frames
        process.send_signal(signal.SIGSTOP)
        os.truncate(self.path("x.npy"), 1000)
        process.send_signal(signal.SIGCONT)
        try:
            out, err = process.communicate(timeout=300 if SANITIZED else 60)
        except subprocess.TimeoutExpired:
            self.fail("the run goes on with a file that is gone")
        self.assertEqual((process.returncode, out), (2, ""), err)
        self.assertRegex(err, r"\Awitin-sim: x.npy: [^\n]+ \[file\.changed\]\n\Z")
        self.assertEqual(sorted(os.listdir(self.dir)), ["slow.wpkg", "x.npy"])

    def wait_until_read(self, process, size):
        """Returns when the process has read so many bytes, and before it has ended."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            with open(f"/proc/{process.pid}/io", encoding="ascii") as stream:
                if int(re.search(r"rchar: (\d+)", stream.read())[1]) >= size:
                    return
            time.sleep(0.002)
        self.fail(f"the run was not seen to read: {process.poll()}")

    def test_files_that_change_while_they_are_opened(self):
        """A writer that overwrites and cuts the package all the time: a complete run or an error, never a signal."""
        model, (x, _) = self.write_relu(), self.write_input()
        with open(self.path(model), "rb") as stream:
            data = stream.read()
        ended = threading.Event()

        def write():
            size = 0
            while not ended.is_set():
                size = (size * 31 + 17) % len(data)
                with open(self.path(model), "r+b") as stream:
                    stream.truncate(size)
                    stream.write(data)

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for _ in range(40):
                result = self.run_program(model, x, "--json", timeout=60)
                self.assertIn(result.returncode, (0, 2), result.stderr)
                if result.returncode == 2:
                    self.assertRegex(result.stderr, LINE)
        finally:
            ended.set()
            writer.join()

    def test_special_files(self):
        model, (x, _) = self.write_relu(), self.write_input()
        os.mkfifo(self.path("pipe"))
        for name in ("pipe", "/dev/zero", "/dev/full", "."):
            self.fails({"file.not_regular"}, [name, x])
            self.fails({"file.not_regular"}, [model, name])


@unittest.skipIf(SANITIZED, "sanitizers reserve their own memory")
class Memory(FaultTest):
    def under(self, limit, arguments):
        """Runs with so many bytes of addresses. "loader": the program was not there yet, or not the reserve that the
        C++ runtime keeps for what is thrown without memory."""
        before = self.listing()
        result = subprocess.run([PROGRAM, *arguments], cwd=self.dir, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True, check=False,
                                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))
        no_reserve = result.stderr == "terminate called without an active exception\n"
        if result.returncode == 127 or (result.returncode < 0 and (no_reserve or not result.stderr)):
            return "loader"
        if result.returncode == (1 if "--json" in arguments else 0):  # two runs that differ
            return "done"
        self.assertEqual((result.returncode, result.stdout), (2, ""), f"{limit >> 10} KiB: {result.stderr}")
        self.assertEqual(self.listing(), before)
        self.assertRegex(result.stderr, LINE)
        return re.search(r"\[resource\.([a-z]+)\]", result.stderr)[1]

    def test_out_of_memory_at_many_points(self):
        """From too little to start to enough, in small steps: the documented error and no file, or a complete
        result."""
        sweep = ["sweep", MODEL, INPUT, "--noise", "normal:1", "--trials", "2", "-q", "-o", "s.json"]
        small = os.path.join(GOLDEN, "digits_mlp")  # what a comparison needs most memory for is its document
        expected, other = os.path.join(small, "expected.wtrace"), self.path("other.wtrace")
        self.done("run", os.path.join(small, "model.wpkg"), os.path.join(small, "input.npy"), "--noise", "normal:4",
                  "--trace", other)
        for arguments, made in ((["run", MODEL, INPUT, "-o", "out.npy", "--trace", "t.wtrace"],
                                 ["out.npy", "t.wtrace"]),
                                (sweep, ["s.json"]), (["diff", expected, expected], []),
                                (["diff", expected, other, "--json"], [])):
            arguments += ["--threads", "1"]
            with self.subTest(arguments[0]):
                low, high = 1 << 20, 256 << 20
                while high - low > 1 << 14:
                    middle = (low + high) // 2
                    low, high = (middle, high) if self.under(middle, arguments) == "loader" else (low, middle)
                    self.clear(made)
                seen, limit = Counter(), high
                while seen["done"] < 3:
                    outcome = self.under(limit, arguments)
                    self.assertNotEqual(outcome, "loader", limit)
                    seen[outcome] += 1
                    if outcome == "done":
                        self.assertEqual(sorted(os.listdir(self.dir)), sorted([*made, "other.wtrace"]))
                    self.clear(made)
                    limit += (1 << 14) if limit < high + (1 << 21) else (1 << 18)
                self.assertGreater(seen["memory"], 5, seen)

    def clear(self, made):
        for name in made:
            if os.path.exists(self.path(name)):
                os.remove(self.path(name))

    def test_too_large_for_memory(self):
        """A frame of 2^26 codes, of which the input file holds one, sparse; the package is small."""
        package = wpkg.Package("wide", "wtm2101")
        package.input("x", [1 << 26])
        package.node("y", "relu", ["x"])
        package.output("y")
        package.write(self.path("wide.wpkg"))
        header = np.lib.format.header_data_from_array_1_0(np.zeros(1, np.uint8))
        header["shape"] = (1, 1 << 26)
        with open(self.path("x.npy"), "wb") as stream:
            np.lib.format.write_array_header_1_0(stream, header)
            stream.truncate(stream.tell() + (1 << 26))
        limit = 120 << 20
        before = sorted(os.listdir(self.dir))
        result = subprocess.run([PROGRAM, "wide.wpkg", "x.npy", "-o", "out.npy"], cwd=self.dir, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))
        self.assertEqual((result.returncode, result.stdout), (2, ""), result.stderr)
        self.assertRegex(result.stderr, r"\Awitin-sim: [^\n]+ \[resource\.memory\]\n\Z")
        self.assertEqual(sorted(os.listdir(self.dir)), before)

    def test_arrays_without_frames(self):
        """They are compared without memory for the frame of 500 MB that they could have."""
        for name in ("a.npy", "b.npy"):
            self.save(name, np.zeros((0, 511, 32767, 30)), np.int8)
        limit = 300 << 20
        self.fails({"diff.nothing"}, ["diff", "a.npy", "b.npy"],
                   preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))


if __name__ == "__main__":
    unittest.main()
