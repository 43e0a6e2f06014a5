"""Limits that need a whole package to be reached, one below, at and above each. Those of single files:
tests/package."""
import json
import os
import sys
import unittest

import numpy as np
from program import ROOT, CliTest, wpkg

sys.path.insert(0, os.path.join(ROOT, "scripts"))
from hostile.archive import archive, network  # noqa: E402

LOWEST = -(1 << 31)


class Limits(CliTest):
    def write(self, data, name="model.wpkg"):
        with open(self.path(name), "wb") as stream:
            stream.write(data)
        return name

    def test_accumulator(self):
        """K max|x| max|w| + |bias| below 2^31: one less is computed exactly, 2^31 itself is refused."""
        rows, x, w = 4097, 4095, -128  # 4097 * 4095 * 128 = 2^31 - 128
        self.save("x.npy", np.full((1, rows), x), np.uint16)
        for bias in (126, 127, 128, 129):
            package = wpkg.Package("wide", "witin_nn")
            package.input("x", [rows], bits=12)
            package.node("y", "linear", ["x"], {"weight": np.full((rows, 1), w), "bias": [-bias]},
                         {"g": 1 << 16, "x_bits": 12, "split": False, "y_bits": 16})
            package.output("y")
            package.write(self.path("wide.wpkg"))
            sum_of_products = rows * x * w - bias
            if sum_of_products <= LOWEST:
                self.assertIn(f"= {-sum_of_products} ", self.refused("node.accumulator", "wide.wpkg", "x.npy"))
                continue
            self.done("wide.wpkg", "x.npy", "-o", "out.npy")
            self.assertEqual(np.load(self.path("out.npy")).tolist(), [[-32768]])  # -(2^31 - 1) / 2^16, rounded

    def test_members(self):
        """65,536 tensors and the manifest; what the end record claims is judged before anything is read."""
        self.save("x.npy", np.zeros((1, 4), np.uint8))
        made = archive()
        for entries, code in ((65_536, "zip.directory"), (65_537, "zip.directory"), (65_538, "zip.too_many_members")):
            made.zip64_entries = entries
            self.refused(code, self.write(made.bytes()), "x.npy")

    def test_rank(self):
        for rank in (7, 8, 9):
            shape = [1] * rank
            data = archive(network([{"name": "y", "op": "relu", "inputs": ["x"]}],
                                   [{"name": "x", "shape": shape}])).bytes()
            self.save("x.npy", np.zeros([2, *shape], np.uint8))
            if rank > 8:
                self.refused("manifest.too_many", self.write(data), "x.npy")
            else:
                self.done(self.write(data), "x.npy", "-o", "out.npy")
                self.assertEqual(np.load(self.path("out.npy")).shape, (2, *shape))

    def test_input_bits(self):
        for bits in (15, 16, 17):
            data = archive(network([{"name": "y", "op": "relu", "inputs": ["x"]}],
                                   [{"name": "x", "shape": [1], "bits": bits}])).bytes()
            top = (1 << bits) - 1
            self.save("x.npy", [[top]], np.int32)
            if bits > 16:
                self.refused("manifest.value", self.write(data), "x.npy")
                continue
            self.done(self.write(data), "x.npy", "-o", "out.npy")
            self.assertEqual(np.load(self.path("out.npy")).tolist(), [[top]])
            self.save("x.npy", [[top + 1]], np.int32)
            self.refused("input.range", "model.wpkg", "x.npy")

    def test_threads(self):
        model, (x, _) = self.write_relu(), self.write_input()
        for threads in (4095, 4096):
            self.done("run", model, x, "--trace", "t.wtrace", "--threads", threads)
            self.done("diff", "t.wtrace", "t.wtrace", "--threads", threads)
        for arguments in (["run", model, x], ["diff", "t.wtrace", "t.wtrace"]):
            self.assertEqual(self.run_program(*arguments, "--threads", 4097).returncode, 2)

    def test_examples_of_a_report(self):
        self.save("left.npy", np.zeros((10_001, 1), np.int8))
        self.save("right.npy", np.ones((10_001, 1), np.int8))
        for most in (9_999, 10_000):
            report = json.loads(self.done("diff", "left.npy", "right.npy", "--json", "--max-report", most, status=1))
            self.assertEqual(len(report["nodes"][0]["fields"][0]["examples"]), most)
        self.assertEqual(self.run_program("diff", "left.npy", "right.npy", "--max-report", 10_001).returncode, 2)

    def test_trials(self):
        """As many trials as are allowed pass on to the files, which are not there."""
        for trials, code in ((999_999, "file.open"), (1_000_000, "file.open"), (1_000_001, "usage.trials")):
            self.refused(code, "sweep", "none.wpkg", "none.npy", "--noise", "normal:1", "--trials", trials, "-o",
                         "s.json")

    def test_a_chain_of_the_largest_number_of_nodes(self):
        nodes = [{"name": f"n{i}", "op": "relu", "inputs": [f"n{i - 1}" if i else "x"]} for i in range(10_000)]
        self.write(archive(network(nodes, [{"name": "x", "shape": [3], "signed": True}])).bytes())
        x, values = self.write_input()
        self.done("model.wpkg", x, "-o", "out.npy")
        np.testing.assert_array_equal(np.load(self.path("out.npy")), np.maximum(values, 0))


if __name__ == "__main__":
    unittest.main()
