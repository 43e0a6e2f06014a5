"""Noise: known answers of Philox, golden/noise follows from the oracle, and random nodes of every operator on the array
have the oracle's noisy fields in the simulator, value for value."""
import json
import os
import subprocess
import sys
import tempfile
import unittest

import numpy as np

from shared_data import ROOT
import make_noise_golden
import noise
import run_package
import wpkg

SIMULATOR = os.environ.get("WITIN_SIM")
FRAMES = 5
PROFILES = ("wtm2101", "witin_nn", "nb01")
CUSTOM = ({"weight": {"additive_lsb": 1, "relative": 0.02}, "output": {"sigma_lsb": 0.5}},
          {"weight": {"additive_lsb": 2, "per": "row"}, "bias_row": {"additive_lsb": 1, "per": "row"}},
          {"weight": {"additive_lsb": 2, "per": "column"}, "bias_row": {"additive_lsb": 1, "per": "column"}},
          {"weight": {"sigma_by_abs_weight": [0.02 * w for w in range(129)], "scale": "frame"},
           "bias_row": {"additive_lsb": 1, "scale": "frame"}},
          {"weight": {"additive_lsb": 2, "per": "row", "scale": "frame"},
           "bias_row": {"additive_lsb": 1, "scale": "frame", "per": "row"}},
          {"weight": {"additive_lsb": 2, "per": "column", "scale": "frame"},
           "bias_row": {"additive_lsb": 1, "scale": "frame", "per": "column"}},
          {"input": {"additive_lsb": 1, "relative": 0.05}, "acc": {"sigma": 300},
           "column_gain": {"sigma_relative": 0.02}, "column_offset": {"sigma_lsb": 2}},
          {"stuck_cells": {"fraction": 0.1, "value": "max"}, "dead_columns": [1],
           "drift": {"nu": 0.05, "nu_sigma": 0.01, "t_seconds": 3600, "t0_seconds": 1}})


class Philox(unittest.TestCase):
    def test_known_answers(self):
        """Random123's kat_vectors of philox4x32-10."""
        full, pi = 0xFFFFFFFF, ((0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0))
        for counter, key, expected in (((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
                                       ((full,) * 4, (full,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
                                       (*pi, (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1))):
            found = noise.philox([np.array([word]) for word in counter], key)
            self.assertEqual([int(word[0]) for word in found], list(expected))

    def test_normals_are_the_box_muller_transform(self):
        node = noise.Noise("normal:1", 9, 4).of("n", 6)
        index = np.arange(1 << 16)
        z = node.normals("weight", index)
        words = [w.astype(np.int64) for w in node._words("weight", index // 96 * 16 + index % 96 % 16)]
        pair = index % 96 // 32
        own = np.choose(pair, words[:3])
        radius = np.sqrt(-2 * np.log((own % 2**31 // 2 * 2 + 1) * 2.0**-31))
        upper = words[3] // np.choose(pair, (2**14, 2**23, 2**5)) % 2**9  # of the angle; the lower are the pair's
        angle = ((upper * 2**14 + own % 2**14) * 2.0**-22 - 1) * (np.pi / 2)
        exact = radius * np.where(index // 16 % 2 == 0, np.cos(angle) * np.where(own < 2**31, 1, -1), np.sin(angle))
        self.assertLess(np.abs(z - exact).max(), 6e-5)
        self.assertLess(abs(z.mean()), 5 / 256)
        self.assertLess(abs(z.var() - 1), 5 * np.sqrt(2) / 256)


class Golden(unittest.TestCase):
    def test_digests_follow_from_the_oracle(self):
        golden = os.path.join(ROOT, "golden")
        with open(os.path.join(golden, "noise", "noise.json"), encoding="utf-8") as stream:
            runs = json.load(stream)["runs"]
        self.assertEqual(runs, list(make_noise_golden.entries(golden)))


class Nodes:
    """A package of random nodes, each with an input of its own; the operators that `model` has a law for."""

    def __init__(self, seed, model):
        self.rng, self.package = np.random.default_rng(seed), wpkg.Package("net", "nb01")
        self.codes, self.mbs = {}, model
        for profile in PROFILES:
            self.linear(profile)
            self.convolutions(profile)
            if model != "mbs":
                self.cells(profile)
        self.add("wtm2101", "tdnn", {"weight": self.weight(12, 5), "bias": self.bias(5)},
                 {"g": 700, "time_offsets": [-2, 0, 1]}, (4,))

    def weight(self, *shape):
        return self.rng.integers(-128, 128, shape)

    def bias(self, columns):
        return 128 * self.rng.integers(-99, 99, columns)

    def add(self, profile, op, tensors, attributes, shape, low=0, high=255, **kind):
        name = f"n{len(self.package.nodes)}"
        self.package.input(f"x{name}", shape, **kind)
        self.codes[f"x{name}"] = self.rng.integers(low, high + 1, (FRAMES, *shape))
        self.package.node(name, op, [f"x{name}"], tensors, attributes, arithmetic=profile)
        self.package.output(name)

    def linear(self, profile):
        for rows, columns in ((7, 5), (300, 20)):
            tensors = lambda: {"weight": self.weight(rows, columns), "bias": self.bias(columns)}
            self.add(profile, "linear", tensors(), {"g": 700.25}, (rows,))
            self.add(profile, "linear", tensors(), {"g": 512, "bias_rows": 3}, (2, rows))
            self.add(profile, "linear", tensors(), {"g": 700, "neg_in": "pn"}, (rows,), -255, neg_in="pn")
            self.add(profile, "linear", {**tensors(), "bias_d": self.bias(columns)},
                     {"g": 512, "x_bits": 10, "y_bits": 10}, (rows,), 0, 1023, bits=10)
            self.add(profile, "linear", tensors(), {"g": 512, "k_split": [3, rows - 3]}, (rows,))
            if self.mbs != "mbs":
                self.add(profile, "linear", tensors(), {"g": 700, "x_signed": True}, (rows,), -128, 127, signed=True)
                self.add(profile, "linear", tensors(), {"g": 900, "x_bits": 10, "split": False}, (rows,), 0, 1023,
                         bits=10)

    def convolutions(self, profile):
        geometry = ({}, {"strides": [2, 2]}, {"dilations": [2, 1]}, {"neg_in": "pn"},
                    {"split": True, "pads": [2, 0, 0, 1]})
        for op in ("conv2d", "conv_transpose2d"):
            for groups in (1, 2, 4):
                for own in geometry[:3] if groups == 2 else geometry:
                    if self.mbs == "mbs" and profile == "witin_nn":
                        own = {**own, "split": True}
                    shape = (4, 4 // groups, 3, 2)
                    low = -255 if "neg_in" in own else 0
                    self.add(profile, op, {"weight": self.weight(*shape), "bias": self.bias(4)},
                             {"g": 900, "pads": [1, 0, 1, 1], "groups": groups, **own}, (4, 5, 6), low,
                             **({"neg_in": "pn"} if low else {}))

        blank = {"g": 900, "strides": [2, 2], **({"split": True} if self.mbs == "mbs" else {})}
        self.add(profile, "conv_transpose2d", {"weight": self.weight(4, 4, 1, 1), "bias": self.bias(4)}, blank,
                 (4, 5, 6))

    def cells(self, profile):
        x, h = 6, 4
        table = lambda: self.rng.integers(-128, 128, 256)

        def tensors(tables, **matrices):
            out = {f"table_{name}": table() for name in tables}
            for name, (rows, columns) in matrices.items():
                out[f"weight_{name}"], out[f"bias_{name}"] = self.weight(rows, columns), self.bias(columns)
            return out

        two = ("sigmoid", "tanh")
        for reset in (0, 3):
            self.add(profile, "lstm", tensors(("gate", "cell", "output"), ifo=(x + h, 3 * h), c=(x + h, h)),
                     {"g_ifo": 300, "g_c": 410, "reset_every": reset}, (x,))
            self.add(profile, "gru", tensors(two, zr=(x + h, 2 * h), hn=(h, h), **{"in": (x, h)}),
                     {"g_zr": 300, "g_hn": 410, "g_in": 200, "reset_every": reset}, (x,))
            self.add(profile, "gru_single", tensors(two, zr=(x + h, 2 * h), h=(x + h, h)),
                     {"g_zr": 300, "g_h": 410, "reset_every": reset}, (x,))
            self.add(profile, "gru2array", tensors(two, x=(x, 3 * h), h=(h, 3 * h)),
                     {"g_x": 300, "g_h": 410, "reset_every": reset}, (x,))


@unittest.skipUnless(SIMULATOR, "WITIN_SIM names no simulator")
class Simulator(unittest.TestCase):
    def compare(self, folder, seed, model):
        nodes = Nodes(seed, model.partition(":")[0])
        path = lambda name: os.path.join(folder, name)
        nodes.package.write(path("net.wpkg"))
        np.savez(path("x.npz"), **{name: codes.astype(np.int16) for name, codes in nodes.codes.items()})
        command = [SIMULATOR, "run", path("net.wpkg"), path("x.npz"), "--noise", model, "--seed", "7", "--trial", "3",
                   "--trace", path("t.wtrace"), "--trace-level", "full"]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, 0, result.stderr)
        found = wpkg.read_trace(path("t.wtrace"))[1]
        package = wpkg.Package.read(path("net.wpkg"))
        expected = run_package.run(package, nodes.codes, noise.Noise(model, 7, 3))
        clean = run_package.run(package, nodes.codes)
        compared, wrong = 0, []
        for entry in package.nodes:
            fields = found[entry["name"]]
            self.assertEqual(sorted(fields), sorted(expected[entry["name"]]))
            for field, values in fields.items():
                self.assertEqual(values.shape, expected[entry["name"]][field].shape, (entry["op"], field))
                different = int((values.astype(np.int64) != expected[entry["name"]][field]).sum())
                if different:
                    wrong.append((entry["op"], entry["arithmetic"], entry["attributes"], field, different, values.size))
                compared += values.size
            self.assertTrue((fields["npu_acc"] != clean[entry["name"]]["npu_acc"]).any(), entry)
        self.assertEqual(wrong, [])
        return compared

    def test_every_operator_and_model(self):
        compared = 0
        with tempfile.TemporaryDirectory() as folder:
            models = ["normal:4", "simple:2.5", "mbs:9", "normal:0.5"]
            for i, terms in enumerate(CUSTOM):
                models.append("custom:" + os.path.join(folder, f"{i}.json"))
                with open(models[-1].partition(":")[2], "w", encoding="utf-8") as stream:
                    json.dump(terms, stream)
            for seed, model in enumerate(models):
                with self.subTest(model if model[0] != "c" else CUSTOM[seed - 4]):
                    compared += self.compare(folder, seed, model)
        print(f"{compared} noisy values compared", file=sys.stderr)


if __name__ == "__main__":
    unittest.main()
