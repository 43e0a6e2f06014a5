"""scripts/wpkg.py: what it writes is the format, what it reads it checks."""
import glob
import hashlib
import json
import os
import pathlib
import struct
import tempfile
import unittest
import zipfile

import numpy as np

from shared_data import needs_shared, shared
import wpkg
from wpkg import Package, PackageError


def small_package():
    package = Package("small", "wtm2101", producer="test")
    package.input("in", [3], bits=8)
    package.node("fc", "linear", ["in"], {"weight": np.array([[1.0, -2], [3, 200], [0, 1]]), "bias": [128, -256]},
                 {"g": 1024.0, "x_signed": None, "bias_rows": np.int64(4)}, **{"x-source": "fc_1"})
    package.node("fc/relu", "relu", ["fc"])
    package.node("table", "lut", ["fc/relu"], {"table": np.arange(256) - 128})
    package.output("table")
    return package


def read(path):
    return pathlib.Path(path).read_bytes()


def write(path, data):
    pathlib.Path(path).write_bytes(data)


class Folder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.path = os.path.join(self.folder, "model.wpkg")


class Writing(Folder):
    def test_content_survives(self):
        small_package().write(self.path)
        package = Package.read(self.path)
        self.assertEqual(package.nodes[0], {
            "name": "fc", "op": "linear", "inputs": ["in"], "tensors": {"weight": "fc.weight", "bias": "fc.bias"},
            "attributes": {"g": 1024, "bias_rows": 4}, "x-source": "fc_1"})
        self.assertEqual(package.tensor(package.nodes[0], "weight").dtype, np.int16)
        self.assertEqual(package.tensor(package.nodes[2], "table").dtype, np.int8)
        self.assertEqual(package.tensor(package.nodes[0], "bias").tolist(), [128, -256])
        self.assertIsNone(package.tensor(package.nodes[0], "weight_neg"))

    def test_same_content_same_bytes(self):
        other = os.path.join(self.folder, "other.wpkg")
        small_package().write(self.path)
        small_package().write(other)
        self.assertEqual(read(self.path), read(other))
        self.assertEqual(sorted(os.listdir(self.folder)), ["model.wpkg", "other.wpkg"])

    def test_numpy_and_json_open_it(self):
        small_package().write(self.path)
        with np.load(self.path) as members:
            self.assertEqual(members["tensors/fc.weight"].tolist(), [[1, -2], [3, 200], [0, 1]])
        with zipfile.ZipFile(self.path) as archive:
            manifest = json.loads(archive.read("manifest.json"))
            for entry in archive.infolist():
                self.assertEqual(entry.compress_type, zipfile.ZIP_STORED)
            for key, entry in manifest["tensors"].items():
                data = archive.read(f"tensors/{key}.npy")
                self.assertEqual(entry["sha256"], hashlib.sha256(data).hexdigest())
                self.assertEqual(data[:8], b"\x93NUMPY\1\0")
                self.assertEqual((10 + struct.unpack("<H", data[8:10])[0]) % 64, 0)

    def test_scalar_and_big_endian_arrays(self):
        self.assertEqual(wpkg.npy_bytes(np.array([1, 2], ">i4")), wpkg.npy_bytes(np.array([1, 2], "<i4")))
        self.assertIn(b"'shape': ()", wpkg.npy_bytes(np.array(3, np.int8)))

    def test_refuses_what_is_not_an_integer(self):
        package = small_package()
        with self.assertRaisesRegex(PackageError, r"node n: weight: value 0\.5 at index \[1, 0\] is not an integer"):
            package.node("n", "linear", ["in"], {"weight": [[1.0], [0.5]]})
        with self.assertRaisesRegex(PackageError, r"value nan at index \[0\]"):
            package.node("n", "linear", ["in"], {"bias": [float("nan")]})
        with self.assertRaisesRegex(PackageError, r"value 32768 at index \[0, 0\] does not fit int16"):
            package.node("n", "linear", ["in"], {"weight": [[32768]]})

    def test_refuses_a_broken_graph_and_leaves_no_file(self):
        for change in (lambda p: p.node("fc", "relu", ["in"]), lambda p: p.node("n", "relu", ["later"]),
                       lambda p: p.output("nothing"), lambda p: p.node("bad name", "relu", ["in"]),
                       lambda p: p.node("n", "relu", ["in"], **{"unknown": 1})):
            package = small_package()
            change(package)
            with self.assertRaises(PackageError):
                package.write(self.path)
        self.assertEqual(os.listdir(self.folder), [])

    def test_tensor_ids_stay_apart(self):
        package = Package("ids", "wtm2101")
        package.input("in", [1])
        for name in ("a/b", "a_b", "A_b"):
            package.node(name, "linear", ["in"], {"weight": [[1]]}, {"g": 256})
        package.output("a/b")
        package.write(self.path)
        self.assertEqual(len(Package.read(self.path).tensors), 3)

    def test_input_ranges(self):
        package = Package("ranges", "wtm2101")
        package.input("u", [1])
        package.input("s", [1], signed=True)
        package.input("p", [1], bits=10, neg_in="pn")
        self.assertEqual([package.input_range(i) for i in package.inputs], [(0, 255), (-128, 127), (-1023, 1023)])


class Reading(Folder):
    def rewrite(self, change, compress=zipfile.ZIP_STORED):
        """The small package after change(manifest, members): a member set to None is left out, a manifest.json put
        among the members replaces the manifest."""
        small_package().write(self.path)
        with zipfile.ZipFile(self.path) as archive:
            members = {entry.filename: archive.read(entry) for entry in archive.infolist()}
        manifest = json.loads(members.pop("manifest.json"))
        change(manifest, members)
        members.setdefault("manifest.json", json.dumps(manifest).encode())
        with zipfile.ZipFile(self.path, "w", compress) as archive:
            for name, data in members.items():
                if data is not None:
                    archive.writestr(name, data)

    def refused(self, message):
        with self.assertRaisesRegex(PackageError, message) as caught:
            Package.read(self.path)
        self.assertNotIn("\n", str(caught.exception))

    def test_manifest_rules(self):
        cases = [
            (lambda m, _: m.update(format="zip"), "manifest.json/format"),
            (lambda m, _: m.update(version=2), "version: 2 is not supported"),
            (lambda m, _: m.update(version=True), "version: true"),
            (lambda m, _: m.update(surprise=1), "unknown key 'surprise'"),
            (lambda m, _: m.pop("nodes"), "key 'nodes' is missing"),
            (lambda m, _: m.update(arithmetic="chip"), "arithmetic: 'chip'"),
            (lambda m, _: m.update(outputs=["gone"]), "outputs: \"gone\""),
            (lambda m, _: m.update(outputs=[]), "at least one input and one output"),
            (lambda m, _: m["inputs"][0].update(shape=[0]), "positive extents"),
            (lambda m, _: m["inputs"][0].update(bits=17), "bits 1..16"),
            (lambda m, _: m["inputs"][0].update(bits="8"), "inputs/0/bits: expected int"),
            (lambda m, _: m["nodes"][0].update(surprise=1), "nodes/0: unknown key"),
            (lambda m, _: m["nodes"][0].update(inputs=["table"]), "not declared or produced earlier"),
            (lambda m, _: m["nodes"][1].update(name="in"), "'in' occurs twice"),
            (lambda m, _: m["nodes"][0]["tensors"].update(weight="gone"), "not a tensor of the package"),
            (lambda m, _: m["nodes"][0]["tensors"].pop("bias"), "no node uses it"),
            (lambda m, _: m["tensors"]["fc.bias"].update(sha256="0" * 64), "sha256 differs"),
            (lambda m, _: m["tensors"]["fc.bias"].update(shape=[3]), "but the manifest says"),
            (lambda m, f: f.update({"tensors/fc.bias.npy": None}), "fc.bias.npy is missing"),
            (lambda m, f: f.update({"readme.txt": b"x"}), "readme.txt is not listed"),
            (lambda m, f: f.update({"manifest.json": b"{"}), "is not JSON"),
            (lambda m, f: f.update({"manifest.json": b'{"a": 1, "a": 2}'}), "key 'a' occurs twice"),
            (lambda m, f: f.update({"manifest.json": b'{"a": NaN}'}), "NaN is not a number"),
            (lambda m, f: f.update({"manifest.json": b"[" * 100000}), "deeper than 32"),
            (lambda m, f: f.update({"manifest.json": b'{"a":' + b"[" * 40 + b"]" * 40 + b"}"}), "deeper"),
        ]
        for change, message in cases:
            with self.subTest(message):
                self.rewrite(change)
                self.refused(message)

    def test_x_keys_pass(self):
        def change(manifest, _):
            manifest["x-tool"] = {"any": 1}
            manifest["inputs"][0]["x-comment"] = "kept"
        self.rewrite(change)
        self.assertEqual(Package.read(self.path).extra, {"x-tool": {"any": 1}})

    def test_container_rules(self):
        self.rewrite(lambda m, f: None, zipfile.ZIP_DEFLATED)
        self.refused("is compressed; store it")
        small_package().write(self.path)
        good = read(self.path)
        for data, message in ((b"", "not a readable zip"), (good[:-30], "not a readable zip"),
                              (good + b"tail", "data after the end|not a readable zip"),
                              (b"head" + good, "data before")):
            with self.subTest(message):
                write(self.path, data)
                self.refused(message)
        os.unlink(self.path)
        self.refused("No such file")

    def test_every_flipped_byte_of_a_tensor_is_noticed(self):
        small_package().write(self.path)
        good = read(self.path)
        start = good.index(b"\x93NUMPY")
        for at in range(start, start + 128 + 12, 7):
            damaged = bytearray(good)
            damaged[at] ^= 1
            write(self.path, damaged)
            with self.assertRaises(PackageError):
                Package.read(self.path)

    def test_npy_rules(self):
        def with_npy(data):
            def change(manifest, members):
                members["tensors/fc.bias.npy"] = data
                manifest["tensors"]["fc.bias"]["sha256"] = hashlib.sha256(data).hexdigest()
            self.rewrite(change)
        good = wpkg.npy_bytes(np.array([128, -256], np.int32))
        for data, message in ((good[:-1], "7 bytes of data, expected 8"), (good + b"\0", "9 bytes of data"),
                              (good.replace(b"<i4", b">i4"), "dtype >i4"),
                              (good.replace(b"<i4", b"|O8"), "not allowed"),
                              (good.replace(b"False", b"True "), "Fortran order"), (b"\x93NUMPY\4\0" + good[8:], "npy"),
                              (good.replace(b"(2,)", b"(9" + b"9" * 30 + b",)").replace(b" " * 29, b""),
                               "npy|bytes of data"),
                              (b"", "not an npy")):
            with self.subTest(message):
                with_npy(data)
                self.refused(message)

    @needs_shared
    def test_packages_of_an_independent_writer(self):
        paths = glob.glob(shared("cases", "*", "*", "model.wpkg"))
        self.assertEqual(len(paths), 147)
        for path in paths:
            package = Package.read(path)
            package.write(self.path)
            again = Package.read(self.path)
            self.assertEqual((again.inputs, again.nodes, again.outputs),
                             (package.inputs, package.nodes, package.outputs))
            for key, array in package.tensors.items():
                self.assertTrue(np.array_equal(array, again.tensors[key]))
                self.assertEqual(array.dtype, again.tensors[key].dtype)


class Traces(Folder):
    def test_round_trip(self):
        path = os.path.join(self.folder, "run.wtrace")
        values = {"a/b": {"npu_y": np.arange(6, dtype=np.int8).reshape(2, 3), "npu_acc": np.zeros((2, 3), np.int32)}}
        nodes = [{"name": "a/b", "op": "linear", "bits": 8}]
        wpkg.write_trace(path, {"level": "full", "nodes": nodes}, values)
        header, again = wpkg.read_trace(path)
        self.assertEqual(header["frames"], 2)
        self.assertEqual(header["nodes"], [{"name": "a/b", "op": "linear", "shape": [3], "fields": ["npu_y", "npu_acc"],
                                            "bits": 8}])
        self.assertEqual(list(again["a/b"]), ["npu_y", "npu_acc"])
        self.assertTrue(np.array_equal(again["a/b"]["npu_y"], values["a/b"]["npu_y"]))
        with np.load(path) as members:
            self.assertEqual(members["a/b/npu_y"].dtype, np.int8)


if __name__ == "__main__":
    unittest.main()
