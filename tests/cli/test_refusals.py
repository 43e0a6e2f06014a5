"""The mistakes people make: one line that says what and where, status 2, no file, nothing overwritten."""
import os
import unittest

import numpy as np
from program import DIGITS, CliTest, wpkg


class Usage(CliTest):
    def test_commands(self):
        result = self.run_program()
        self.assertEqual(result.returncode, 2)
        self.assertEqual(result.stdout, "")
        self.assertIn("witin-sim model.wpkg input.npy", result.stderr)
        self.assertIn("did you mean verify?", self.refused("usage.command", "verfy"))
        self.refused("usage.command", "-q", "something")
        self.assertIn("see witin-sim run --help", self.refused("usage", "run"))
        self.refused("usage", "info")
        self.refused("usage", "verify")
        self.refused("usage", "completion", "tcsh")
        self.refused("usage", "info", "a", "b")

    def test_options(self):
        model, (x, _) = self.write_relu(), self.write_input()
        for options in (["--isa", "mmx"], ["--threads", "-1"], ["--threads", "two"], ["--trace-level", "some"],
                        ["--arithmetic", "float"], ["--color", "pink"], ["--no-such-option"], ["-o"],
                        ["--seed", "-1"], ["--trial", "4294967296"], [x]):
            self.refused("usage", model, x, *options)
        for frames in ("3", "1:2:3", "a:b", "2:2", "3:2", "0:6", "-1:2", "1:-1", "", "9999999999999999999:"):
            if frames:
                self.refused("usage.frames", model, x, "--frames", frames)
        self.refused("usage.input", model)
        self.refused("usage.input", "run", model, "--input", "x.npy")
        self.refused("usage.trace", model, x, "--trace-level", "full")
        self.refused("usage.trace", model, x, "--trace-nodes", "*")
        self.refused("noise.model", model, x, "--noise", "x")
        self.refused("noise.level", model, x, "--noise", "normal:10")
        self.refused("file.open", model, x, "--noise", "custom:missing.json")
        self.refused("noise.nodes", model, x, "--noise", "normal:1", "-o", "y.npy")
        self.refused("usage.noise", model, x, "--seed", "1")
        self.refused("isa.unknown", model, x, env={"WITIN_ISA": "mmx"})
        self.refused("record.nothing", model, x, "--trace", "t.wtrace", "--trace-nodes", "conv*")


class Paths(CliTest):
    def test_a_file_that_is_read_is_not_written(self):
        model, (x, _) = self.write_relu(), self.write_input()
        os.symlink(x, self.path("link.npy"))
        os.link(self.path(x), self.path("hard.npy"))
        labels = self.save("labels.npy", [0] * 5)
        os.mkdir(self.path("folder"))
        for out in (x, "link.npy", "hard.npy", "./x.npy", "folder/../x.npy", os.path.abspath(self.path(x))):
            self.refused("usage.overwrite", model, x, "-o", out)
        self.refused("usage.overwrite", model, x, "--trace", x)
        self.refused("usage.overwrite", model, x, "-o", model)
        self.refused("usage.overwrite", model, x, "-o", labels, "--labels", labels)
        self.refused("usage.overwrite", model, x, "-o", "same.npz", "--trace", "same.npz")
        self.refused("usage.overwrite", model, x, "-o", "same.npz", "--trace", "./same.npz")

    def test_unwritable(self):
        model, (x, _) = self.write_relu(), self.write_input()
        os.mkdir(self.path("folder.npy"))
        self.refused("output.open", model, x, "-o", "no/such/folder/out.npy")
        self.refused("output.not_a_file", model, x, "-o", "folder.npy")
        self.refused("record.extension", model, x, "-o", "out.txt")
        self.refused("output.open", model, x, "-o", "out.npy", "--trace", "no/such/folder/t.wtrace")
        self.refused("output.open", model, x, "-o", "no/such/folder/out.npy", "--trace", "t.wtrace")

    def test_missing(self):
        model, (x, _) = self.write_relu(), self.write_input()
        self.assertIn("nothing.wpkg", self.refused("file.open", "nothing.wpkg", x))
        self.assertIn("nothing.npy", self.refused("file.open", model, "nothing.npy"))
        self.refused("file.open", model, x, "--labels", "nothing.npy")
        self.refused("file.open", "info", "nothing.wpkg")
        self.refused("file.open", "verify", "nothing")
        self.refused("file.not_regular", model, ".")


class Packages(CliTest):
    def setUp(self):
        super().setUp()
        self.x, _ = self.write_input()

    def write(self, name, data):
        with open(self.path(name), "wb") as stream:
            stream.write(data)
        return name

    def test_foreign(self):
        x = self.x
        self.refused("zip.not_a_zip", self.write("text.wpkg", b"a text, not a package\n" * 10), x)
        self.refused("zip.not_a_zip", self.write("empty.wpkg", b""), x)
        self.assertIn("the package comes before the input", self.refused("zip.not_a_zip", x, x))
        np.savez(self.path("foreign.npz"), a=np.zeros(3))
        self.assertIn("manifest", self.refused("package.missing_member", "foreign.npz", x))
        self.refused("info.kind", "info", x)

    def test_truncated_and_flipped(self):
        with open(self.path(self.write_relu()), "rb") as stream:
            data = stream.read()
        for size in (1, 30, len(data) // 2, len(data) - 1):
            result = self.run_program(self.write("cut.wpkg", data[:size]), self.x)
            self.assertEqual((result.returncode, result.stdout), (2, ""))
            self.assertRegex(result.stderr, r"\Awitin-sim: cut.wpkg: [^\n]+ \[zip\.[a-z_]+\]\n\Z")
        with open(os.path.join(DIGITS, "model.wpkg"), "rb") as stream:
            data = bytearray(stream.read())
        data[data.index(b"tensors/conv_2.weight.npy") + 1000] ^= 1  # a weight
        self.write("flipped.wpkg", bytes(data))
        line = self.refused("zip.crc", "flipped.wpkg", os.path.join(DIGITS, "input.npy"), "-o", "out.npy")
        self.assertIn("conv_2.weight", line)

    def test_manifest(self):
        for code, attributes, op in (("node.unknown_operator", {}, "sigmoid"),
                                     ("attribute.unknown", {"depth": 1}, "relu"),
                                     ("attribute.range", {"g": 0}, "linear")):
            package = wpkg.Package("bad", "wtm2101")
            package.input("x", [3], signed=True)
            tensors = {"weight": np.ones((3, 2), int)} if op == "linear" else None
            package.node("y", op, ["x"], tensors, attributes)
            package.output("y")
            package.write(self.path("bad.wpkg"))
            self.assertIn("manifest.json/nodes/0", self.refused(code, "bad.wpkg", self.x, "-o", "out.npy"))
            self.refused(code, "info", "bad.wpkg")

    def test_accumulator_too_large(self):
        package = wpkg.Package("huge", "witin_nn")
        package.input("x", [70000])
        package.node("y", "linear", ["x"], {"weight": np.full((70000, 1), -128)}, {"g": 1024})
        package.output("y")
        package.write(self.path("huge.wpkg"))
        line = self.refused("node.accumulator", "info", "huge.wpkg")
        self.assertIn("manifest.json/nodes/0", line)


class Inputs(CliTest):
    def setUp(self):
        super().setUp()
        self.model = self.write_relu()

    def check(self, code, values, dtype=None, *options):
        return self.refused(code, self.model, self.save("x.npy", values, dtype), "-o", "out.npy", *options)

    def test_shape(self):
        self.assertIn("expected [frames] and [3], found [5, 4]", self.check("input.shape", np.zeros((5, 4)), np.int8))
        self.check("input.shape", np.zeros((5, 3, 1)), np.int8)
        self.check("input.shape", 0, np.int8)
        self.check("input.empty", np.zeros((0, 3)), np.int8)

    def test_dtype(self):
        self.assertIn("--quantize-input", self.check("input.dtype", np.zeros((1, 3)), np.float32))
        self.check("input.dtype", np.zeros((1, 3)), bool)
        self.check("input.dtype", np.zeros((1, 3)), np.int8, "--quantize-input")
        self.check("input.scale", np.zeros((1, 3)), np.float32, "--quantize-input")
        self.check("npy.dtype", np.zeros((1, 3)), ">i4")
        self.check("npy.order", np.asfortranarray(np.zeros((4, 3), np.int8)))
        self.check("npy.dtype", np.zeros((1, 3)), complex)

    def test_range(self):
        values = np.zeros((2000, 3), int)
        values[1717, 2] = 128
        line = self.check("input.range", values)
        self.assertEqual(line, "x.npy: input 'x' frame 1717 element 2: a code is out of range; expected -128..127, "
                               "found 128 [input.range]")
        values[3, 1] = -129
        self.assertIn("frame 3 element 1", self.check("input.range", values))

    def test_truncated(self):
        self.save("whole.npy", np.zeros((5, 3)), np.int8)
        with open(self.path("whole.npy"), "rb") as stream:
            data = stream.read()
        for size in (0, 5, 60, len(data) - 1):
            with open(self.path("x.npy"), "wb") as stream:
                stream.write(data[:size])
            result = self.run_program(self.model, "x.npy")
            self.assertEqual((result.returncode, result.stdout), (2, ""))
            self.assertRegex(result.stderr, r"\Awitin-sim: x.npy: [^\n]+ \[npy\.[a-z_]+\]\n\Z")

    def test_missing_and_extra(self):
        two = self.write_two()
        self.save("l.npy", np.zeros((2, 2), np.int8))
        self.save("r.npy", np.zeros((2, 3), np.int8))
        self.save("short.npy", np.zeros((1, 3), np.int8))
        self.refused("input.ambiguous", two, "l.npy")
        self.assertIn("right", self.refused("input.missing", "run", two, "--input", "left=l.npy"))
        self.refused("input.unknown", "run", two, "--input", "left=l.npy", "--input", "middle=r.npy")
        self.refused("input.duplicate", "run", two, "--input", "left=l.npy", "--input", "left=l.npy")
        self.refused("input.frames", "run", two, "--input", "left=l.npy", "--input", "right=short.npy")
        np.savez(self.path("three.npz"), left=np.zeros((1, 2), np.int8), right=np.zeros((1, 3), np.int8),
                 middle=np.zeros((1, 1), np.int8))
        self.refused("input.unknown", two, "three.npz")
        self.refused("record.several_outputs", "run", two, "--input", "left=l.npy", "--input", "right=r.npy", "-o",
                     "out.npy")

    def test_scale_of_the_output(self):
        self.refused("record.scale", self.model, self.save("x.npy", np.zeros((1, 3)), np.int8), "-o", "out.npy",
                     "--dequantize-output")


if __name__ == "__main__":
    unittest.main()
