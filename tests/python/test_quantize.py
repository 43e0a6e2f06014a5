"""scripts/quantize.py as a command: the digits and the keyword network from float to package, reports, refusals."""
import contextlib
import importlib.util
import io
import json
import os
import pathlib
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

import numpy as np

from shared_data import ROOT
import quantize
import run_package
import wpkg
from golden_case import accuracy
from quant_networks import Net, mlp

EXAMPLES = os.path.join(ROOT, "scripts", "examples")
SKLEARN = importlib.util.find_spec("sklearn")


class Command(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = scratch.name

    def place(self, name):
        return os.path.join(self.scratch, name)

    def run_command(self, *arguments):
        """(status, lines of stdout, lines of stderr)"""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                status = quantize.main([str(a) for a in arguments])
            except SystemExit as stop:
                status = stop.code
        return status, out.getvalue().splitlines(), err.getvalue().splitlines()


@unittest.skipUnless(SKLEARN, "skipped: no python3-sklearn")
class Digits(Command):
    @classmethod
    def setUpClass(cls):
        from sklearn.datasets import load_digits
        from sklearn.model_selection import train_test_split
        data = load_digits()
        images = (data.images / 16).astype(np.float32)
        train, test = train_test_split(np.arange(len(images)), test_size=360, random_state=0, stratify=data.target)
        cls.train, cls.test, cls.labels = images[train][:600], images[test], data.target[test]

    def files(self, kind):
        shape = (-1, 1, 8, 8) if kind == "cnn" else (-1, 64)
        for name, data in (("cal.npy", self.train), ("test.npy", self.test)):
            np.save(self.place(name), data.reshape(shape))
        np.save(self.place("labels.npy"), self.labels)
        return [os.path.join(EXAMPLES, f"digits_{kind}.onnx"), "--calibration", self.place("cal.npy"), "-o",
                self.place("out.wpkg"), "--test", self.place("test.npy"), "--labels", self.place("labels.npy"),
                "--json", self.place("report.json")]

    def test_eight_bits_are_within_a_point_of_float_for_every_range_and_profile(self):
        for kind in ("cnn", "mlp"):
            for arithmetic in ("wtm2101", "witin_nn"):
                for method in ("minmax", "percentile", "mse", "kl"):
                    status, _, errors = self.run_command(*self.files(kind), "--range", method, "--arithmetic",
                                                         arithmetic, "--quiet")
                    self.assertEqual((status, errors), (0, []))
                    shares = json.loads(pathlib.Path(self.place("report.json")).read_text())["accuracy"]
                    self.assertGreater(shares["float"], 0.98)
                    self.assertLessEqual(shares["float"] - shares["quantised"], 0.01, (kind, arithmetic, method))

    def test_the_reported_accuracy_is_that_of_the_package_on_its_own_input(self):
        """The package alone, with codes from its manifest's scale, gives the accuracy the report states."""
        self.run_command(*self.files("cnn"), "--quiet")
        package = wpkg.Package.read(self.place("out.wpkg"))
        codes = np.clip(np.rint(self.test.reshape(-1, 1, 8, 8) * package.inputs[0]["scale"]), 0, 255).astype(np.int64)
        scores = run_package.run(package, {package.inputs[0]["name"]: codes})[package.outputs[0]]["npu_y"]
        shares = json.loads(pathlib.Path(self.place("report.json")).read_text())["accuracy"]
        self.assertEqual(shares["quantised"], accuracy(scores, self.labels))


class Keyword(Command):
    def test_a_gru_on_synthetic_speech_from_float_to_package(self):
        path = os.path.join(EXAMPLES, "keyword_gru.py")
        spec = importlib.util.spec_from_file_location("keyword_gru", path)
        example = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(example)
        example.CALIBRATION, example.TEST = (30, 2), (40, 3)
        with contextlib.redirect_stdout(io.StringIO()) as out:
            self.assertEqual(example.main(["-o", self.scratch]), 0)
        self.assertIn("gru2array", out.getvalue())
        shares = json.loads(pathlib.Path(self.place("report.json")).read_text())["accuracy"]
        self.assertGreaterEqual(shares["float"], 0.95)
        self.assertLessEqual(shares["float"] - shares["quantised"], 0.05)
        package = wpkg.Package.read(self.place("keyword_gru.wpkg"))
        self.assertEqual(package.find("/gru/GRU")["attributes"]["reset_every"], 30)
        codes, labels = np.load(self.place("input.npy"))[:600], np.load(self.place("utterance_labels.npy"))[:20]
        scores = run_package.run(package, {package.inputs[0]["name"]: codes})[package.outputs[0]]["npu_y"]
        self.assertGreaterEqual(accuracy(scores[29::30], labels), 0.9)


class Reports(Command):
    def setUp(self):
        super().setUp()
        random = np.random.default_rng(1)
        mlp(self.place("net.onnx"), random)
        np.save(self.place("cal.npy"), random.normal(size=(80, 12)))
        self.status, self.lines, _ = self.run_command(
            self.place("net.onnx"), "--calibration", self.place("cal.npy"), "-o", self.place("net.wpkg"), "--json",
            self.place("r.json"), "--html", self.place("r.html"), "--arithmetic", "witin_nn", "--bits-budget", "9.5")
        self.doc = json.loads(pathlib.Path(self.place("r.json")).read_text())

    def test_the_document_says_everything_about_every_layer(self):
        self.assertEqual((self.status, self.doc["format"], self.doc["version"]), (0, "witin.quantisation", 1))
        package = wpkg.Package.read(self.place("net.wpkg"))
        layers = {entry["name"]: entry for entry in self.doc["layers"]}
        self.assertEqual(list(layers), [node["name"] for node in package.nodes])
        for node in package.nodes:
            entry = layers[node["name"]]
            self.assertLess(entry["low"], entry["high"])
            self.assertEqual(entry["scale"], node["scale"])
            self.assertGreater(entry["sqnr_db"], 15)
            self.assertTrue(0 <= entry["saturated"] < 0.2)
            self.assertEqual(sum(entry["histogram"]["counts"]), 80 * node_size(package, node))
            if node["op"] == "linear":
                rows, columns = package.tensor(node, "weight").shape
                (use,) = entry["array"]
                self.assertEqual((use["rows"] // (2 if entry["neg_in"] == "pn" else 1), use["columns"]),
                                 (rows, columns))
                self.assertEqual(use["cells"], use["rows"] * use["columns"])
                self.assertEqual(entry["g"], node["attributes"]["g"])
        self.assertLessEqual(self.doc["bits"]["mean"], 9.5)
        self.assertTrue(self.doc["bits"]["steps"])

    def test_the_text_has_a_line_for_every_value(self):
        head = self.lines[0].split()
        self.assertEqual(head[:2], ["layer", "op"])
        for entry in self.doc["inputs"] + self.doc["layers"]:
            self.assertTrue(any(line.split()[:2] == [entry["name"], entry["op"]] for line in self.lines))
        self.assertTrue(any(line.startswith("output SQNR") for line in self.lines))

    def test_the_page_is_one_well_formed_file(self):
        text = pathlib.Path(self.place("r.html")).read_text()
        page = ElementTree.fromstring(text.replace("<!DOCTYPE html>", "").replace('<meta charset="utf-8">', "")
                                      .replace("&middot;", "").replace("<br>", " "))
        self.assertEqual(len(page.findall(".//tbody/tr")), len(self.doc["inputs"]) + len(self.doc["layers"]))
        self.assertGreater(len(page.findall(".//svg")), len(self.doc["layers"]))
        for word in ("<script", "http://", "https://", "src="):
            self.assertNotIn(word, text)

    def test_an_sqnr_is_what_its_definition_says(self):
        entry = self.doc["layers"][-1]
        package = wpkg.Package.read(self.place("net.wpkg"))
        x = np.load(self.place("cal.npy"))
        source = package.inputs[0]
        low, high = package.input_range(source)
        codes = np.clip(np.rint(x * source["scale"] + source.get("shift", 0)), low, high).astype(np.int64)
        got = run_package.run(package, {source["name"]: codes})[package.outputs[0]]["npu_y"] / entry["scale"]
        import onnx
        from onnx import numpy_helper
        tensors = [numpy_helper.to_array(t).astype(np.float64)
                   for t in onnx.load(self.place("net.onnx")).graph.initializer]
        value = x
        for k in range(0, len(tensors), 2):
            value = value @ tensors[k] + tensors[k + 1]
            value = value if k + 2 == len(tensors) else np.maximum(value, 0)
        self.assertAlmostEqual(entry["sqnr_db"], 10 * np.log10((value**2).sum() / ((value - got) ** 2).sum()), places=1)


def node_size(package, node):
    """Values of a frame behind `node` of a dense network."""
    while node["op"] != "linear":
        node = package.find(node["inputs"][0])
    return package.tensor(node, "weight").shape[1]


class Refusals(Command):
    def setUp(self):
        super().setUp()
        self.random = np.random.default_rng(2)
        self.model, self.data = self.place("net.onnx"), self.place("cal.npy")
        mlp(self.model, self.random)
        np.save(self.data, self.random.normal(size=(20, 12)))

    def refused(self, text, *arguments):
        status, out, err = self.run_command(*arguments, "-o", self.place("out.wpkg"), "--json", self.place("out.json"))
        self.assertEqual((status, out, len(err)), (2, [], 1), err)
        self.assertRegex(err[0], text)
        self.assertTrue(err[0].startswith("quantize: "))
        self.assertFalse([name for name in os.listdir(self.scratch) if name.startswith("out")])

    def test_files_that_cannot_be_used(self):
        pathlib.Path(self.place("junk")).write_bytes(b"\x00\x01not a model")
        self.refused("not.*ONNX", self.place("junk"), "--calibration", self.data)
        self.refused("No such file|not a readable", self.place("none.onnx"), "--calibration", self.data)
        self.refused("junk: not a readable npy", self.model, "--calibration", self.place("junk"))
        self.refused("none.npy: not a readable npy", self.model, "--calibration", self.place("none.npy"))

    def test_calibration_data_that_cannot_be_used(self):
        np.save(self.data, np.zeros((20, 13)))
        self.refused(r"calibration data for x: shape \[20, 13\], expected \[N, 12\]", self.model, "--calibration",
                     self.data)
        values = self.random.normal(size=(20, 12))
        values[3, 4] = np.inf
        np.save(self.data, values)
        self.refused(r"calibration data for x: value inf at index \[3, 4\] is not finite", self.model, "--calibration",
                     self.data)
        np.save(self.data, np.array(["a", "b"]))
        self.refused("dtype <U1, expected numbers", self.model, "--calibration", self.data)
        np.save(self.data, np.zeros((20, 12)))
        self.refused("the model has no such input", self.model, "--calibration", f"y={self.data}")

    def test_networks_that_cannot_be_used(self):
        net = Net(x=[None, 12])
        net.save(self.model, net.node("Einsum", "x", equation="ij->ij", name="strange one"))
        self.refused(r"node strange one \(Einsum\): this operator is not supported", self.model, "--calibration",
                     self.data)
        net = Net(x=[None, 12])
        net.save(self.model, net.node("Gemm", "x", np.full((12, 2), np.nan)))
        self.refused("initializer tensor_0: value nan at index", self.model, "--calibration", self.data)

    def test_options_out_of_their_range(self):
        for option, value in (("--bias-rows", 0), ("--bias-rows", 33), ("--bits-budget", 13), ("--bits-budget", "nan"),
                              ("--percentile", 20), ("--reset-every", -1), ("--copies", 0)):
            self.refused(f"{option} {value}: expected", self.model, "--calibration", self.data, option, value)
        np.save(self.place("labels.npy"), np.zeros(3))
        self.refused("3 labels for 20 samples", self.model, "--calibration", self.data, "--labels",
                     self.place("labels.npy"))
        self.refused("--test needs --labels", self.model, "--calibration", self.data, "--test", self.data)

    def test_an_unwritable_output_leaves_nothing_behind(self):
        status, _, err = self.run_command(self.model, "--calibration", self.data, "-o", self.place("no/such/out.wpkg"))
        self.assertEqual((status, len(err)), (2, 1))


if __name__ == "__main__":
    unittest.main()
