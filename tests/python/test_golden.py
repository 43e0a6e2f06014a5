"""golden/: digests hold, the oracle reproduces every expected value, and a flipped bit anywhere is noticed."""
import contextlib
import glob
import importlib.util
import io
import json
import os
import pathlib
import re
import shutil
import tempfile
import unittest

import numpy as np

from shared_data import ROOT, needs_shared, shared
import golden_case
import run_package
import wpkg

GOLDEN = os.path.join(ROOT, "golden")
CASES = sorted(os.path.dirname(path) for path in glob.glob(os.path.join(GOLDEN, "**", "case.json"), recursive=True))
DIGITS = [os.path.join(GOLDEN, f"digits_{kind}") for kind in ("cnn", "mlp")]


class Shipped(unittest.TestCase):
    def test_every_case_holds(self):
        self.assertGreaterEqual(len(CASES), 98)
        for folder in CASES:
            with self.subTest(os.path.relpath(folder, GOLDEN)):
                self.assertEqual(golden_case.problems(folder), [])

    def test_digits_are_accurate_small_and_on_the_chip_profile(self):
        for folder in DIGITS:
            case, package, inputs, labels = golden_case.load_case(folder)
            self.assertEqual((package.arithmetic, case["frames"], len(labels)), ("wtm2101", 360, 360))
            output = run_package.run(package, inputs)[package.outputs[0]]["npu_y"]
            self.assertGreater(golden_case.accuracy(output, labels), 0.98)
            self.assertLess(sum(p.stat().st_size for p in pathlib.Path(folder).iterdir()), 500_000)

    def test_the_digits_packages_are_what_the_array_can_hold(self):
        for folder in DIGITS:
            _, package, _, _ = golden_case.load_case(folder)
            for node in package.nodes:
                if "tensors" not in node:
                    continue
                attributes, bias = node["attributes"], package.tensor(node, "bias")
                self.assertIn(attributes["g"], [2**n for n in range(8, 14)])
                self.assertEqual(package.tensor(node, "weight").dtype, np.int8)
                self.assertFalse((bias % 128).any())
                self.assertLessEqual(np.abs(bias).max(), 127 * 128 * attributes["bias_rows"])

    def test_every_operator_mode_and_width_has_a_case(self):
        ops, modes, widths, profiles = set(), set(), set(), set()
        for folder in CASES:
            package = wpkg.Package.read(os.path.join(folder, "model.wpkg"))
            for node in package.nodes:
                attributes = node.get("attributes", {})
                ops.add(node["op"])
                profiles.add(package.arithmetic)
                if node["op"] in ("linear", "conv2d", "conv_transpose2d"):
                    modes.add((node["op"], attributes.get("neg_in", "none")))
                    widths.add((node["op"], attributes.get("x_bits", 8)))
        self.assertEqual(set(run_package.OPERATORS) - ops, set())
        self.assertEqual(profiles, set(wpkg.PROFILES))
        wanted = {(op, mode) for op in ("linear", "conv2d") for mode in ("none", "pn", "shift")}
        self.assertEqual(wanted | {("conv_transpose2d", "none"), ("conv_transpose2d", "pn")}, modes)
        self.assertLessEqual({("linear", w) for w in (8, 9, 10, 12)} | {("conv2d", w) for w in (8, 10, 12)}, widths)

    def test_no_machine_path_is_shipped(self):
        for folder in CASES:
            text = pathlib.Path(folder, "case.json").read_text(encoding="utf-8")
            self.assertNotIn(str(pathlib.Path(ROOT).parent), text)

    @needs_shared
    def test_the_measured_cases_follow_from_the_vectors(self):
        import make_golden
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            self.assertEqual(make_golden.main(["-o", folder, "--vectors", shared("vectors")]), 0)
            for kind in ("vectors", "operators"):
                made, shipped = (sorted(os.listdir(os.path.join(root, kind))) for root in (folder, GOLDEN))
                self.assertEqual(made, shipped)
                for name in made:
                    left, right = (self.content(os.path.join(root, kind, name)) for root in (folder, GOLDEN))
                    self.assertEqual(left, right, name)

    @staticmethod
    def content(folder):
        """All a case says, whatever way the files are laid out."""
        case, package, inputs, _ = golden_case.load_case(folder)
        arrays = {**package.tensors, **inputs}
        if case["expected"] == "expected.npy":
            arrays["expected"] = np.load(os.path.join(folder, "expected.npy"))
        else:
            for node, fields in wpkg.read_trace(os.path.join(folder, case["expected"]))[1].items():
                arrays.update({f"{node}/{field}": values for field, values in fields.items()})
        told = {key: case[key] for key in ("name", "description", "arithmetic", "inputs", "expected", "frames",
                                           "regenerate")}
        return told, package.inputs, package.outputs, package.nodes, \
            {key: (values.dtype.str, values.shape, values.tobytes()) for key, values in arrays.items()}


class FlippedBit(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = scratch.name

    def copy(self, source):
        folder = os.path.join(self.scratch, os.path.basename(source))
        shutil.rmtree(folder, ignore_errors=True)
        return shutil.copytree(source, folder)

    def repair_digests(self, folder):
        """What a forger would do: the digests agree again, only the values can tell."""
        path = pathlib.Path(folder, "case.json")
        case = json.loads(path.read_text(encoding="utf-8"))
        for name, entry in case["files"].items():
            entry.update(bytes=os.path.getsize(os.path.join(folder, name)),
                         sha256=wpkg.file_sha256(os.path.join(folder, name)))
        path.write_text(json.dumps(case), encoding="utf-8")

    def test_in_any_file(self):
        source = os.path.join(GOLDEN, "operators", "lstm")
        for name in ("model.wpkg", "input.npy", "expected.wtrace"):
            size = os.path.getsize(os.path.join(source, name))
            for position in (size // 4, size // 2, size - 200):
                folder = self.copy(source)
                path = pathlib.Path(folder, name)
                data = bytearray(path.read_bytes())
                data[position] ^= 1 << position % 8
                path.write_bytes(data)
                self.assertTrue(any(p.startswith(name) for p in golden_case.problems(folder)), (name, position))

    def test_in_a_digest(self):
        folder = self.copy(DIGITS[1])
        path = pathlib.Path(folder, "case.json")
        case = json.loads(path.read_text(encoding="utf-8"))
        digest = case["files"]["model.wpkg"]["sha256"]
        case["files"]["model.wpkg"]["sha256"] = ("0" if digest[0] != "0" else "1") + digest[1:]
        path.write_text(json.dumps(case), encoding="utf-8")
        self.assertEqual(golden_case.problems(folder), ["model.wpkg: sha256 differs from case.json's"])

    def change_tensor(self, source, node, role, index):
        folder = self.copy(source)
        path = os.path.join(folder, "model.wpkg")
        package = wpkg.Package.read(path)
        key = package.find(node)["tensors"][role]
        changed = package.tensors[key].copy()
        changed[index] ^= 1 << 5
        package.tensors[key] = changed
        package.write(path)
        self.repair_digests(folder)
        found = golden_case.problems(folder)
        return [p for p in found if "made from another package" not in p]

    def test_in_a_weight_whose_digests_were_repaired(self):
        for source, node, index in ((DIGITS[0], "conv_2", (0, 0, 1, 1)), (DIGITS[1], "fc_1", (27, 3))):
            found = self.change_tensor(source, node, "weight", index)
            self.assertTrue(any(re.match(rf"{node}: \d+ of \d+ values differ", line) for line in found), found)

    def test_in_a_table_whose_digests_were_repaired(self):
        found = self.change_tensor(os.path.join(GOLDEN, "vectors", "digital_tanh_1"), "tanh", "table", 7)
        self.assertIn("tanh: 1 of 256 values differ", found[0])

    def test_in_an_expected_trace_whose_digests_were_repaired(self):
        folder = self.copy(DIGITS[0])
        path = os.path.join(folder, "expected.wtrace")
        header, values = wpkg.read_trace(path)
        values["pool_1"]["npu_y"] = values["pool_1"]["npu_y"].copy()
        values["pool_1"]["npu_y"][17, 3, 1, 2] ^= 1
        wpkg.write_trace(path, {k: v for k, v in header.items() if k not in ("format", "version")}, values)
        self.repair_digests(folder)
        found = golden_case.problems(folder)
        self.assertEqual(len(found), 1)
        self.assertIn("pool_1: 1 of 25920 values differ, the first at [17, 3, 1, 2]", found[0])

    def test_in_a_measured_value_whose_digests_were_repaired(self):
        folder = self.copy(os.path.join(GOLDEN, "vectors", "array_06_linear_PN_x8_y8"))
        path = os.path.join(folder, "expected.npy")
        values = np.load(path)
        values[3, 1] ^= 1
        np.save(path, values)
        self.repair_digests(folder)
        self.assertIn("linear: 1 of 60 values differ, the first at [3, 1]", golden_case.problems(folder)[0])

    def test_in_a_label_whose_digests_were_repaired(self):
        folder = self.copy(DIGITS[1])
        path = os.path.join(folder, "labels.npy")
        labels = np.load(path)
        labels[5] ^= 8
        np.save(path, labels)
        self.repair_digests(folder)
        self.assertIn("accuracy", golden_case.problems(folder)[0])


@unittest.skipUnless(importlib.util.find_spec("torch") and importlib.util.find_spec("sklearn"),
                     "skipped: no python3-torch or python3-sklearn")
class Training(unittest.TestCase):
    def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(self):
        import train_digits
        with tempfile.TemporaryDirectory() as folder:
            paths = [os.path.join(folder, f"{k}.wpkg") for k in range(3)]
            for path, seed in zip(paths, (4, 4, 5)):
                train_digits.deterministic()
                train_digits.train("mlp", 1, 1, seed)[1].write(path)
            data = [pathlib.Path(path).read_bytes() for path in paths]
        self.assertEqual(data[0], data[1])
        self.assertNotEqual(data[0], data[2])

    def test_the_shipped_inputs_are_sklearns_test_images(self):
        import train_digits
        _, _, images, labels = train_digits.digits()
        for folder in DIGITS:
            _, _, inputs, shipped = golden_case.load_case(folder)
            np.testing.assert_array_equal(inputs["image"].reshape(-1), train_digits.input_codes(images).reshape(-1))
            np.testing.assert_array_equal(shipped, labels)


if __name__ == "__main__":
    unittest.main()
