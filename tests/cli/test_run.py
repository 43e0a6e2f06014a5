"""witin-sim run: every option, what it prints and what it writes."""
import os
import unittest

import numpy as np
from program import DIGITS, CliTest, wpkg

DIGITS_SUMMARY = """\
digits_cnn: 360 frames, arithmetic wtm2101, output fc_1

node    op        shape        min  max  saturated    zero  first values of frame 0
conv_1  conv2d    [8, 6, 6]   -128  127     <0.1 %   1.5 %  -7 -10 -13 13 21 -39 1 21 ...
relu_1  relu      [8, 6, 6]      0  127     <0.1 %  56.0 %  0 0 0 13 21 0 1 21 ...
pool_1  max_pool  [8, 3, 3]      0  127     <0.1 %  23.2 %  21 13 21 0 32 25 0 21 ...
conv_2  conv2d    [16, 3, 3]   -96   95        0 %   2.4 %  -1 14 -51 9 47 -30 7 9 ...
relu_2  relu      [16, 3, 3]     0   95        0 %  51.3 %  0 14 0 9 47 0 7 9 ...
flat_1  reshape   [144]          0   95        0 %  51.3 %  0 14 0 9 47 0 7 9 ...
fc_1    linear    [10]        -128   85      0.1 %   0.1 %  -41 55 -50 -45 -53 -44 -40 -55 ...
"""


def digits(*names):
    return [os.path.join(DIGITS, name) for name in names]


class Summary(CliTest):
    def test_snapshot(self):
        model, x, labels = digits("model.wpkg", "input.npy", "labels.npy")
        self.assertEqual(self.done("run", model, x), DIGITS_SUMMARY)
        self.assertEqual(self.done(model, x, "--labels", labels),
                         DIGITS_SUMMARY + "accuracy: 357 of 360 frames, 99.17 %\n")

    def test_statistics_count_what_the_expected_trace_holds(self):
        model, x, trace = digits("model.wpkg", "input.npy", "expected.wtrace")
        document = self.document(model, x, "--json")
        _, values = wpkg.read_trace(trace)
        self.assertEqual([node["name"] for node in document["nodes"]], list(values))
        for node in document["nodes"]:
            y = values[node["name"]]["npu_y"].astype(int)
            low, high = node["range"]
            saturated = sum(int((y == end).sum()) for end in {low, high} - {0})
            self.assertEqual(node["statistics"], {
                "values": y.size, "min": y.min(), "max": y.max(), "zeros": (y == 0).sum(), "saturated": saturated,
                "first": y[0].ravel()[:8].tolist()})

    def test_the_same_for_any_threads_and_instruction_set(self):
        model, x = digits("model.wpkg", "input.npy")
        for options in (["--threads", 1], ["--threads", 3], ["--isa", "ref"], ["--isa", "auto", "--threads", 2]):
            self.assertEqual(self.done(model, x, *options), DIGITS_SUMMARY)
        self.assertEqual(self.done(model, x, env={"WITIN_ISA": "ref"}), DIGITS_SUMMARY)

    def test_hostile_names_cannot_command_a_terminal(self):
        package = wpkg.Package("evil\x1b[2J\nname", "wtm2101")
        package.input("x", [1])
        package.node("y", "relu", ["x"])
        package.output("y")
        package.write(self.path("evil.wpkg"))
        for arguments in (["evil.wpkg", self.save("x.npy", [[1]])], ["info", "evil.wpkg"]):
            text = self.done(*arguments)
            self.assertTrue(text.startswith("evil\\x1b[2J\\x0aname"), text)
            self.assertNotIn("\x1b", text)


class Outputs(CliTest):
    def test_npy(self):
        model, (x, values) = self.write_relu(), self.write_input()
        self.assertEqual(self.done(model, x, "-o", "out.npy"), "")
        out = np.load(self.path("out.npy"))
        self.assertEqual(out.dtype, np.int8)
        np.testing.assert_array_equal(out, np.maximum(values, 0))

    def test_equal_to_the_golden_trace(self):
        model, x, expected = digits("model.wpkg", "input.npy", "expected.wtrace")
        self.done(model, x, "--output", "out.npy")
        np.testing.assert_array_equal(np.load(self.path("out.npy")), np.load(expected)["fc_1/npu_y"])

    def test_npz_of_several_inputs_and_outputs(self):
        model = self.write_two()
        left, right = np.array([[1, -2], [-3, 4]], np.int8), np.array([[5, -6, 7], [-8, 9, -10]], np.int8)
        self.save("a.npy", left)
        self.save("b.npy", right)
        np.savez(self.path("both.npz"), left=left, right=right)
        self.done("run", model, "--input", "left=a.npy", "--input", "right=b.npy", "-o", "files.npz")
        self.done("run", model, "both.npz", "-o", "archive.npz")
        for name in ("files.npz", "archive.npz"):
            with np.load(self.path(name)) as out:
                self.assertEqual(set(out), {"l", "r"})
                np.testing.assert_array_equal(out["l"], np.maximum(left, 0))
                np.testing.assert_array_equal(out["r"], np.maximum(right, 0))

    def test_one_frame_without_its_axis(self):
        self.done(self.write_relu(), self.save("x.npy", [4, -4, 5], np.int64), "-o", "out.npy")
        np.testing.assert_array_equal(np.load(self.path("out.npy")), [[4, 0, 5]])

    def test_an_existing_file_is_replaced(self):
        self.save("out.npy", [1])
        model, (x, values) = self.write_relu(), self.write_input()
        self.done(model, x, "-o", "out.npy")
        np.testing.assert_array_equal(np.load(self.path("out.npy")), np.maximum(values, 0))

    def test_dequantize(self):
        model = self.write_relu(scale=4.0)
        self.done(model, self.save("x.npy", [[6, -1, 127]], np.int8), "-o", "out.npy", "--dequantize-output")
        out = np.load(self.path("out.npy"))
        self.assertEqual(out.dtype, np.float32)
        np.testing.assert_array_equal(out, np.array([[1.5, 0, 31.75]], np.float32))

    def test_quantize(self):
        package = wpkg.Package("q", "wtm2101")
        package.input("x", [6], signed=True, scale=2.0, shift=1.0)
        package.node("y", "slice", ["x"], None, {"starts": [0], "ends": [6]})
        package.output("y")
        package.write(self.path("q.wpkg"))
        # Halves go to the even code, values outside the range to its ends.
        self.save("x.npy", [[-0.25, 0.75, 1.75, -0.75, 1e9, -1e9]], np.float32)
        self.done("q.wpkg", "x.npy", "--quantize-input", "-o", "out.npy")
        np.testing.assert_array_equal(np.load(self.path("out.npy")), [[0, 2, 4, 0, 127, -128]])

    def test_frames(self):
        model, (x, values) = self.write_relu(), self.write_input(frames=10)
        for text, part in (("2:5", values[2:5]), (":3", values[:3]), ("7:", values[7:]), ("0:10", values)):
            self.done(model, x, "--frames", text, "-o", "out.npy")
            np.testing.assert_array_equal(np.load(self.path("out.npy")), np.maximum(part, 0))
        self.assertIn("first values of frame 7", self.done(model, x, "--frames", "7:8"))

    def test_arithmetic_is_overridden(self):
        # acc / g = -0.75 is -1 for both, -0.5 is 0 for both, and -1.5 is -1 on the chip and -2 in the library.
        package = wpkg.Package("a", "wtm2101")
        package.input("x", [1])
        package.node("y", "linear", ["x"], {"weight": [[-1]]}, {"g": 2})
        package.output("y")
        package.write(self.path("a.wpkg"))
        self.save("x.npy", [[3]], np.uint8)
        for profile, expected in (("wtm2101", -1), ("witin_nn", -2), ("nb01", -2)):
            self.done("a.wpkg", "x.npy", "--arithmetic", profile, "-o", "out.npy")
            self.assertEqual(np.load(self.path("out.npy")).tolist(), [[expected]], profile)


class Labels(CliTest):
    def test_accuracy(self):
        model = self.write_relu()
        self.save("x.npy", [[1, 5, 2], [7, 7, 0], [-1, -1, -1], [0, 1, 2]], np.int8)
        self.save("labels.npy", [1, 1, 0, 2], np.uint8)  # of equal outputs the first counts: frame 1 is wrong
        out = self.done(model, "x.npy", "--labels", "labels.npy", "-o", "out.npy")
        self.assertEqual(out, "accuracy: 3 of 4 frames, 75.00 %\n")
        document = self.document(model, "x.npy", "--labels", "labels.npy", "--json", "--frames", "1:3")
        self.assertEqual(document["labels"], {"correct": 1, "accuracy": 0.5})

    def test_refused(self):
        model, (x, _) = self.write_relu(), self.write_input(frames=4)
        for code, labels in (("labels.frames", [0, 1]), ("labels.range", [0, 1, 3, 0]), ("input.range", [0, 1, -1, 0]),
                             ("input.shape", [[0, 1], [1, 0]]), ("input.dtype", [0.0, 1.0, 2.0, 0.0])):
            self.save("labels.npy", labels)
            self.refused(code, model, x, "--labels", "labels.npy", "-o", "out.npy")
        self.assertIn("labels.npy: frame 2", self.labels_line(model, x))
        self.save("l.npy", np.zeros((1, 2), np.int8))
        self.save("r.npy", np.zeros((1, 3), np.int8))
        self.refused("labels.output", "run", self.write_two(), "--input", "left=l.npy", "--input", "right=r.npy",
                     "--labels", self.save("one.npy", [0]))

    def labels_line(self, model, x):
        self.save("labels.npy", [0, 1, 3, 0])
        return self.refused("labels.range", model, x, "--labels", "labels.npy")


class Traces(CliTest):
    def test_levels_and_globs(self):
        model, x, expected = digits("model.wpkg", "input.npy", "expected.wtrace")
        nodes = list(np.load(expected))
        for level, glob, members in (
                (None, None, [n for n in nodes if n.endswith("npu_y")]),
                ("nodes", "conv_*", ["conv_1/npu_y", "conv_2/npu_y"]),
                ("outputs", None, ["fc_1/npu_y"]),
                ("full", "fc_1", ["fc_1/npu_y", "fc_1/npu_x", "fc_1/npu_acc", "fc_1/npu_v"])):
            options = (["--trace-level", level] if level else []) + (["--trace-nodes", glob] if glob else [])
            self.done(model, x, "-o", "out.npy", "--trace", "t.wtrace", *options)
            _, values = wpkg.read_trace(self.path("t.wtrace"))
            found = [f"{node}/{field}" for node, fields in values.items() for field in fields]
            self.assertEqual(sorted(found), sorted(m for m in members if m != "trace.json"), (level, glob))
            for node, fields in values.items():
                np.testing.assert_array_equal(fields["npu_y"], np.load(expected)[f"{node}/npu_y"])

    def test_the_same_bytes_for_any_threads(self):
        model, x = digits("model.wpkg", "input.npy")
        for number, options in enumerate((["--threads", 1], ["--threads", 3], ["--isa", "ref"])):
            self.done(model, x, "-o", "out.npy", "--trace", f"{number}.wtrace", "--trace-level", "full", *options)
        files = [content for name, content in sorted(self.listing().items()) if name.endswith(".wtrace")]
        self.assertEqual(len(files), 3)
        self.assertEqual(files[0], files[1])
        self.assertEqual(files[0], files[2])

    def test_none_writes_no_trace(self):
        model, (x, _) = self.write_relu(), self.write_input()
        self.done(model, x, "-o", "out.npy", "--trace", "t.wtrace", "--trace-level", "none")
        self.assertFalse(os.path.exists(self.path("t.wtrace")))
        self.done(model, x, "-o", "out.npy", "--trace-level", "none")


if __name__ == "__main__":
    unittest.main()
