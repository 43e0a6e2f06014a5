"""Noise from the command line: the same bytes for the same options, others for others, recorded in the trace."""
import os
import unittest

import numpy as np
from program import DIGITS, GOLDEN, CliTest, wpkg

MODEL = os.path.join(DIGITS, "model.wpkg")
INPUT = os.path.join(DIGITS, "input.npy")


class Noise(CliTest):
    def trace(self, name, *options):
        self.done(MODEL, INPUT, "-o", "y.npy", "--trace", name, "--trace-level", "full", *options)
        with open(self.path(name), "rb") as file:
            return file.read()

    def test_bytes(self):
        options = ("--noise", "normal:4", "--seed", "7")
        first = self.trace("a.wtrace", *options, "--threads", "1")
        self.assertEqual(first, self.trace("b.wtrace", *options, "--threads", "3"))
        self.assertEqual(first, self.trace("c.wtrace", *options, "--isa", "ref"))
        self.assertNotEqual(first, self.trace("d.wtrace", *options, "--trial", "1"))
        self.assertNotEqual(first, self.trace("e.wtrace", "--noise", "normal:4", "--seed", "8"))
        self.assertEqual(self.trace("f.wtrace"), self.trace("g.wtrace", "--noise", "mbs:0"))

    def test_header(self):
        self.trace("a.wtrace", "--noise", "mbs:2", "--seed", "7", "--trial", "3", "--noise-nodes", "fc*")
        info = self.document("info", "a.wtrace", "--json")
        self.assertEqual(info["noise"], {"model": "mbs", "level": 2, "trial": 3, "nodes": "fc*"})
        self.assertEqual(info["seed"], 7)

    def test_custom_model(self):
        with open(self.path("chip.json"), "w", encoding="utf-8") as file:
            file.write('{"weight": {"relative": 0.02}, "output": {"sigma_lsb": 0.5}}')
        noisy = self.trace("a.wtrace", "--noise", "custom:chip.json")
        self.assertNotEqual(noisy, self.trace("b.wtrace"))
        info = self.document("info", "a.wtrace", "--json")
        self.assertEqual(info["noise"]["terms"], {"weight": {"relative": 0.02}, "output": {"sigma_lsb": 0.5}})


class Refused(CliTest):
    """A line that says what and where, status 2, nothing written: of run and of sweep."""

    def both(self, code, model, x, *options):
        self.refused(code, "sweep", model, x, "--trials", 1, "-o", "s.json", *options)
        return self.refused(code, "run", model, x, "-o", "y.npy", "--trace", "t.wtrace", *options)

    def network(self, op, shape, tensors, attributes, profile="witin_nn", **kind):
        package = wpkg.Package("net", profile)
        package.input("x", shape, **kind)
        package.node("n", op, ["x"], tensors, attributes)
        package.output("n")
        package.write(self.path("net.wpkg"))
        return "net.wpkg", self.save("x.npy", np.ones([2, *shape]), np.uint8)

    def test_levels(self):
        for model in ("normal", "simple", "mbs"):
            for level in ("10", "-1", "nan", "1e9", "inf", "-nan", "1e999", "4x"):
                self.refused("noise.level", MODEL, INPUT, "--noise", f"{model}:{level}", "-o", "y.npy")
            for level in ("10", "0..10", "9.5..10.5:0.5"):
                self.refused("noise.level", "sweep", MODEL, INPUT, "--noise", f"{model}:{level}", "--trials", 1,
                             "-o", "s.json")
            for level in ("-1", "nan", "1e9", "4x", "9..0", "0..9:0", "0..9:-1", ""):
                result = self.refused_somehow("sweep", MODEL, INPUT, "--noise", f"{model}:{level}", "--trials", 1,
                                              "-o", "s.json")
                self.assertIn(level, result)

    def refused_somehow(self, *arguments):
        before = self.listing()
        result = self.run_program(*arguments)
        self.assertEqual((result.returncode, result.stdout, self.listing()), (2, "", before), result.stderr)
        self.assertRegex(result.stderr, r"\Awitin-sim: [^\n]+ \[(noise|usage)\.levels?\]\n\Z")
        return result.stderr

    def test_custom_models(self):
        for text, code, where in (('{"wieght": {"relative": 1}}', "noise.unknown_key", "m.json/wieght"),
                                  ('{"weight": {"sigma": 1}}', "noise.unknown_key", "m.json/weight/sigma"),
                                  ('{"acc": {"sigma": -1}}', "noise.value", "m.json/acc/sigma"),
                                  ('{"acc": {"sigma": "1"}}', "noise.type", "m.json/acc/sigma")):
            with open(self.path("m.json"), "w", encoding="utf-8") as stream:
                stream.write(text)
            self.assertIn(where, self.both(code, MODEL, INPUT, "--noise", "custom:m.json"))

    def test_labels_and_nodes(self):
        for labels in ([1, 2, 3], list(range(361))):
            path = self.save("labels.npy", labels, np.int16)
            self.both("labels.frames", MODEL, INPUT, "--noise", "normal:1", "--labels", path)
        self.both("noise.nodes", MODEL, INPUT, "--noise", "normal:1", "--noise-nodes", "nothing*")
        self.both("noise.nodes", MODEL, INPUT, "--noise", "normal:1", "--noise-nodes", "relu*")

    def test_mbs_names_operator_and_model(self):
        line = self.both("noise.operator", *self.network("conv2d", [1, 4, 4],
                                                         {"weight": np.ones((1, 1, 2, 2), np.int8)},
                                                         {"g": 64}), "--noise", "mbs:1")
        self.assertTrue(line.startswith("node 'n', conv2d: mbs has no law"), line)
        line = self.both("noise.operator", *self.network("conv_transpose2d", [1, 4, 4],
                                                         {"weight": np.ones((1, 1, 2, 2), np.int8)}, {"g": 64}),
                         "--noise", "mbs:1")
        self.assertTrue(line.startswith("node 'n', conv_transpose2d: mbs has no law"), line)
        line = self.both("noise.operator", *self.network("linear", [4], {"weight": np.ones((4, 2), np.int8)},
                                                         {"g": 64, "x_signed": True}, signed=True), "--noise", "mbs:1")
        self.assertTrue(line.startswith("node 'n', linear: mbs has no law"), line)

    def test_a_convolution_marked_as_a_matrix_has_mbs(self):
        for op in ("conv2d", "conv_transpose2d"):
            model, x = self.network(op, [1, 4, 4], {"weight": np.ones((1, 1, 2, 2), np.int8)},
                                    {"g": 64, "split": True})
            self.done(model, x, "--noise", "mbs:1", "-o", "y.npy")

    def test_recurrent_cells_have_no_mbs_and_no_given_draws(self):
        for op in ("lstm", "gru", "gru_single", "gru2array"):
            folder = os.path.join(GOLDEN, "operators", op)
            model, x = (os.path.join(folder, name) for name in ("model.wpkg", "input.npy"))
            line = self.both("noise.operator", model, x, "--noise", "mbs:1")
            self.assertRegex(line, rf"\Anode '[^']+', {op}: mbs has no law for the signed state")
            node = line.split("'")[1]
            np.savez(self.path("z.npz"), **{node: np.zeros(9)})
            self.refused("noise.draws", model, x, "--noise", "normal:1", "--noise-draws", "z.npz", "-o", "y.npy")


if __name__ == "__main__":
    unittest.main()
