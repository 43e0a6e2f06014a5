"""witin-sim verify: every shipped case, and that one changed value, weight or digest is noticed."""
import json
import os
import shutil
import unittest
import xml.etree.ElementTree

import numpy as np
from program import DIGITS, GOLDEN, CliTest, wpkg

SHARED = os.environ.get("WITIN_SHARED") or os.path.join(GOLDEN, "..", "..", "shared")


class Shipped(CliTest):
    def test_every_case_is_equal(self):
        lines = self.done("verify", GOLDEN).splitlines()
        cases = [folder for folder, _, names in os.walk(GOLDEN) if "case.json" in names]
        self.assertEqual(len(lines), len(cases) + 1)
        self.assertRegex(lines[-1], rf"\A{len(cases)} cases: {len(cases)} equal, 0 different, 0 unusable; \d+ values")
        self.assertTrue(all(line.startswith("equal      ") for line in lines[:-1]))

    def test_compares_every_expected_value(self):
        document = self.document("verify", GOLDEN, "--json")
        for case in document["cases"]:
            expected = [os.path.join(case["path"], name) for name in ("expected.npy", "expected.wtrace")]
            path = next(path for path in expected if os.path.exists(path))
            if path.endswith(".npy"):
                values = np.load(path).size
            else:
                values = sum(a.size for fields in wpkg.read_trace(path)[1].values() for a in fields.values())
            self.assertEqual(case["compared"], values, case["path"])

    def test_shared_cases(self):
        folder = os.path.join(SHARED, "cases")
        if not os.path.isdir(folder):
            self.skipTest("skipped: no ../shared")
        last = self.done("verify", folder).splitlines()[-1]
        self.assertRegex(last, r"\A147 cases: 147 equal, 0 different, 0 unusable; \d+ values compared\Z")


class Case(CliTest):
    """A case without case.json: "x" [2, 3] signed, its ReLU "a" and a slice "b" of that."""

    def setUp(self):
        super().setUp()
        package = wpkg.Package("case", "wtm2101")
        package.input("x", [2, 3], signed=True)
        package.node("a", "relu", ["x"])
        package.node("b", "slice", ["a"], None, {"starts": [0], "ends": [2], "axes": [1]})
        package.output("b")
        os.mkdir(self.path("case"))
        package.write(self.path("case", "model.wpkg"))
        self.x = (np.arange(600 * 6) * 29 % 255 - 127).reshape(600, 2, 3)
        self.a = np.maximum(self.x, 0)
        np.save(self.path("case", "input.npy"), self.x.astype(np.int8))

    def expect(self, name="expected.npy", values=None, **arrays):
        for old in ("expected.npy", "expected.npz", "expected.wtrace"):
            if os.path.exists(self.path("case", old)):
                os.remove(self.path("case", old))
        if arrays:
            np.savez(self.path("case", name), **{key.replace("__", "/"): value for key, value in arrays.items()})
        else:
            np.save(self.path("case", name), values)

    def test_dtypes_do_not_matter(self):
        for dtype in (np.int8, np.uint8, np.int16, np.uint16, np.int32, np.int64):
            self.expect(values=self.a[:, :, :2].astype(dtype))
            self.assertEqual(self.done("verify", "case"), "equal      case: 600 frames, 2400 values\n")
        self.expect("expected.npz", a=self.a, b__npu_y=self.a[:, :, :2])
        self.assertEqual(self.done("verify", "case"), "equal      case: 600 frames, 6000 values\n")

    def test_wide_values_are_not_cut(self):
        values = self.a[:, :, :2].astype(np.int64)
        values[5, 1, 0] += 1 << 40
        self.expect(values=values)
        self.assertIn("1 of 2400 values", self.done("verify", "case", status=1))

    def test_first_difference(self):
        # The node is the first in execution order, the frame the first of that node.
        a, b = self.a.copy(), self.a[:, :, :2].copy()
        b[0, 0, 0] += 1
        a[421, 1, 2] -= 1
        a[421, 1, 1] -= 1
        a[500, 0, 0] -= 1
        self.expect("expected.npz", a=a, b=b)
        wanted = (f"case: 4 of 6000 values; first in node a npu_y frame 421 [1, 1]: expected {a[421, 1, 1]}, "
                  f"found {self.a[421, 1, 1]}\n")
        for threads in (1, 3):
            self.assertEqual(self.done("verify", "case", "--threads", threads, status=1), "different  " + wanted)
        document = self.document("verify", "case", "--json", status=1)
        self.assertEqual([(f["node"], f["compared"], f["different"]) for f in document["cases"][0]["fields"]],
                         [("a", 3600, 3), ("b", 2400, 1)])

    def test_every_single_value_counts(self):
        self.x = self.x[:2]
        np.save(self.path("case", "input.npy"), self.x.astype(np.int8))
        good = np.maximum(self.x, 0)[:, :, :2]
        for index in np.ndindex(good.shape):
            bad = good.copy()
            bad[index] ^= 1
            self.expect(values=bad)
            line = self.done("verify", "case", status=1)
            self.assertIn(f"1 of 8 values; first in node b npu_y frame {index[0]} {list(index[1:])}:", line)

    def unusable(self, code):
        result = self.run_program("verify", "case")
        self.assertEqual((result.returncode, result.stderr), (2, ""))
        self.assertRegex(result.stdout, rf"\Aunusable   [^\n]+ \[{code}\]\n\Z")

    def test_unusable(self):
        self.unusable("case.expected")
        self.expect(values=self.a)
        self.unusable("compare.shape")
        self.expect(values=self.a[:599, :, :2])
        self.unusable("compare.frames")
        self.expect(values=self.a[:, :, :2].astype(np.float32))
        self.unusable("compare.dtype")
        self.expect("expected.npz", c=self.a)
        self.unusable("compare.node")
        self.expect("expected.npz", a__npu_v=self.a)
        self.unusable("compare.field")
        self.expect("expected.npz", a=np.zeros((600, 2, 3, 0)))
        self.unusable("compare.shape")
        with open(self.path("case", "expected.npz"), "wb") as stream:
            stream.write(b"PK\5\6" + bytes(18))
        self.unusable("trace.empty")
        self.expect(values=self.a[:, :, :2])
        os.rename(self.path("case", "input.npy"), self.path("case", "input_y.npy"))
        self.unusable("case.input")
        os.rename(self.path("case", "input_y.npy"), self.path("case", "input_x.npy"))
        self.done("verify", "case")

    def test_folders(self):
        self.expect(values=self.a[:, :, :2])
        for name in ("deep/er/b", "deep/a", "deep/er/c"):
            shutil.copytree(self.path("case"), self.path(name))
        np.save(self.path("deep", "er", "c", "expected.npy"), self.a[:, :, :2] + 1)
        os.makedirs(self.path("empty", "folder"))
        lines = self.done("verify", "deep", "case", status=1).splitlines()
        self.assertEqual([line.split(":")[0] for line in lines],
                         ["equal      deep/a", "equal      deep/er/b", "different  deep/er/c", "equal      case",
                          "4 cases"])
        self.assertEqual(lines[-1], "4 cases: 3 equal, 1 different, 0 unusable; 9600 values compared")
        self.refused("case.none", "verify", "empty")
        os.remove(self.path("deep", "a", "input.npy"))
        self.done("verify", "deep", status=2)  # the worst of all

    def test_junit(self):
        self.expect(values=self.a[:, :, :2] + 1)
        os.mkdir(self.path("case<&>"))
        shutil.copy(self.path("case", "model.wpkg"), self.path("case<&>"))
        out = self.done("verify", "case", "case<&>", DIGITS, "--junit", "out.xml", status=2)
        suite = xml.etree.ElementTree.parse(self.path("out.xml")).getroot()
        self.assertEqual((suite.tag, suite.get("tests"), suite.get("failures"), suite.get("errors")),
                         ("testsuite", "3", "1", "1"))
        self.assertEqual([case.get("name") for case in suite], ["case", "case<&>", DIGITS])
        self.assertIn("2400 of 2400 values", suite[0].find("failure").get("message"))
        self.assertIn("case.expected", suite[1].find("error").get("message"))
        self.assertIsNone(suite[2].find("failure"))
        self.assertEqual(len(out.splitlines()), 4)
        result = self.run_program("verify", "case", "--junit", "no/folder/out.xml")
        self.assertEqual(result.returncode, 2)
        self.assertIn("output.open", result.stderr)


class Described(CliTest):
    """A case with a case.json: digits, copied."""

    def setUp(self):
        super().setUp()
        shutil.copytree(DIGITS, self.path("digits"))

    def flip(self, name, offset):
        path = self.path("digits", name)
        with open(path, "r+b") as stream:
            stream.seek(offset, os.SEEK_END if offset < 0 else os.SEEK_SET)
            byte = stream.read(1)[0]
            stream.seek(-1, os.SEEK_CUR)
            stream.write(bytes([byte ^ 1]))

    def describe(self, **changes):
        path = self.path("digits", "case.json")
        with open(path, encoding="utf-8") as stream:
            case = json.load(stream)
        for key, value in changes.items():
            case[key] = value
            if value is None:
                del case[key]
        with open(path, "w", encoding="utf-8") as stream:
            json.dump(case, stream)

    def verdict(self, verdict, text, status):
        line = self.done("verify", "digits", status=status)
        self.assertTrue(line.startswith(verdict), line)
        self.assertIn(text, line)

    def test_equal(self):
        self.verdict("equal", "360 frames", 0)
        self.done("verify", "digits/case.json")

    def test_a_flipped_bit_of_any_file_is_noticed(self):
        for name in ("model.wpkg", "input.npy", "labels.npy", "expected.wtrace"):
            size = os.path.getsize(self.path("digits", name))
            for offset in (size - 1, size // 2, 130):
                self.flip(name, offset)
                self.verdict("unusable", "case.digest", 2)
                self.flip(name, offset)
        self.verdict("equal", "360 frames", 0)

    def test_a_changed_weight_gives_other_values(self):
        self.describe(files=None)
        package = wpkg.Package.read(self.path("digits", "model.wpkg"))
        key = package.find("conv_2")["tensors"]["weight"]
        package.tensors[key] = package.tensors[key].copy()
        package.tensors[key][3, 2, 1, 0] += 1
        package.write(self.path("digits", "model.wpkg"))
        self.verdict("different", "first in node conv_2 npu_y frame", 1)

    def test_a_changed_input_gives_other_values(self):
        self.describe(files=None)
        x = np.load(self.path("digits", "input.npy"))
        x[359, 0, 4, 4] ^= 255
        np.save(self.path("digits", "input.npy"), x)
        self.verdict("different", "first in node conv_1 npu_y frame 359", 1)

    def test_accuracy_and_labels(self):
        self.describe(files=None)
        labels = np.load(self.path("digits", "labels.npy"))
        labels[7] = (labels[7] + 1) % 10
        np.save(self.path("digits", "labels.npy"), labels)
        self.verdict("different", "case.accuracy", 1)

    def test_arithmetic(self):
        self.describe(arithmetic="witin_nn")
        self.verdict("different", "first in node conv_1", 1)

    def test_description(self):
        for code, changes in (("case.format", {"format": "other"}), ("case.version", {"version": 2}),
                              ("case.missing_key", {"model": None}), ("case.path", {"model": "../model.wpkg"}),
                              ("case.path", {"expected": "/etc/passwd"}), ("case.unknown_key", {"tolerance": 1}),
                              ("case.type", {"frames": "360"}), ("case.frames", {"frames": 359}),
                              ("input.unknown", {"inputs": {"picture": "input.npy"}})):
            shutil.copy(os.path.join(DIGITS, "case.json"), self.path("digits"))
            self.describe(**changes)
            self.verdict("unusable", f"[{code}]", 2)
        with open(self.path("digits", "case.json"), "w", encoding="utf-8") as stream:
            stream.write("{")
        self.verdict("unusable", "[json.", 2)


if __name__ == "__main__":
    unittest.main()
