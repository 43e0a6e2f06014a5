"""scripts/import_mapper.py: folders as the mapper writes them, published ones and made ones."""
import contextlib
import io
import json
import os
import tempfile
import unittest

import numpy as np

from shared_data import needs_shared, shared
import import_mapper
import mapper_folder
import run_package
import wpkg
import wtm2101
from import_mapper import build
from mapper_folder import IDENTITY, RELU_MAP, FolderError
from onnx_dialect import importer

SQUARE = np.concatenate([np.arange(128) ** 2 // 128, np.arange(-128, 0) ** 2 // 256 - 64])


def write_text(path, rows, separator=" "):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", newline="") as stream:
        stream.writelines(separator.join(map(str, row)) + "\r\n" for row in np.atleast_2d(rows).tolist())


def write_folder(root, nets, tables):
    """nets: lists of (name, W, bias rows, G, driven frames, frames after the table), as the mapper lays them out."""
    places, column = [], 0
    for net, layers in enumerate(nets):
        for number, (name, weight, rows, g, x, y) in enumerate(layers, 1):
            places.append([column, column + weight.shape[1] - 1, 0, len(weight) - 1, 0, len(rows) - 1, g])
            column += weight.shape[1]
            folder = os.path.join(root, "params", f"net{net}", f"layer{number}")
            write_text(folder + "/weight.txt", weight)
            write_text(folder + "/bias.txt", rows)
            write_text(folder + "/bias_high.txt", np.zeros(weight.shape[1], int))
            if x is not None:
                debug = os.path.join(root, "layer_debug", f"net{net}", f"{number}_{name}", f"round{number - 1}")
                write_text(debug + "/input0.txt", x)
                write_text(debug + "/output0.txt", y)
    write_text(os.path.join(root, "map", "layers.txt"), places, ", ")
    words = np.concatenate(tables).astype(np.int8).view("<u4")
    config = {"nets": [{"net_inputs": [{"comment": f"in{n}"}],
                        "diff_lookup_table": {"data": ",".join(f"0x{w:08x}" for w in words), "len": 256 * len(tables)}}
                       for n in range(len(nets))]}
    with open(os.path.join(root, "BoardConfigDebug.json"), "w") as stream:
        json.dump(config, stream)


class Folders(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = os.path.join(folder.name, "mapped")
        self.rng = np.random.default_rng(11)

    def layer(self, name, x, columns, g=512, after=lambda y: y, weight=None, rows=3):
        """A layer as the folder records it, and its output."""
        weight = self.rng.integers(-100, 101, (x.shape[1], columns)) if weight is None else weight
        bias = self.rng.integers(-20, 21, (rows, columns))
        y = after(wtm2101.gemm(x, weight, bias.sum(0), g))
        return (name, weight, bias, g, x, y), y

    def chain(self):
        """ReLU, a table, none, doubled rows, shifted rows; then a layer that reads something of its own."""
        x = self.rng.integers(0, 256, (40, 12))
        first, y = self.layer("first", x, 10, 512, wtm2101.relu)
        second, y = self.layer("second", y, 8, 256, lambda y: SQUARE[y & 255])
        third, y = self.layer("third", wtm2101.pn_split(y), 6, 256,
                              weight=self.doubled(8, 6, 8))
        fourth, y = self.layer("fourth", wtm2101.pn_split(y, 2), 5, 256, weight=self.doubled(6, 5, 2))
        fifth, y = self.layer("fifth", y, 4, 256, wtm2101.relu)
        patch, _ = self.layer("patch", self.rng.integers(0, 256, (40, 9)), 3)
        return [first, second, third, fourth, fifth, patch]

    def doubled(self, rows, columns, count):
        weight = self.rng.integers(-100, 101, (rows, columns))
        return np.concatenate([weight, -weight[:count]])

    def test_layers_are_found_connected_and_recomputed(self):
        layers = self.chain()
        write_folder(self.root, [layers], [RELU_MAP, IDENTITY, SQUARE])
        package = build(self.root)
        path = self.root + ".wpkg"
        package.write(path)
        package = wpkg.Package.read(path)
        self.assertEqual([(n["name"], n["op"]) for n in package.nodes], [
            ("first", "linear"), ("first_relu", "relu"), ("second", "linear"), ("second_lut", "lut"),
            ("third", "linear"),
            ("fourth", "linear"), ("fifth", "linear"), ("fifth_relu", "relu"), ("patch", "linear")])
        self.assertEqual([i["name"] for i in package.inputs], ["in0", "patch_in"])
        self.assertEqual(package.outputs, ["fifth_relu", "patch"])
        attributes = {n["name"]: n["attributes"] for n in package.nodes if n["op"] == "linear"}
        self.assertEqual(attributes["first"], {"g": 512, "bias_rows": 3})
        self.assertEqual(attributes["third"], {"g": 256, "neg_in": "pn", "bias_rows": 3})
        self.assertTrue(attributes["fourth"]["x_signed"] and attributes["fifth"]["x_signed"])
        results = run_package.run(package, {"in0": layers[0][4], "patch_in": layers[5][4]})
        for name, layer in zip(("first_relu", "second_lut", "third", "fourth", "fifth_relu", "patch"), layers):
            self.assertEqual(results[name]["npu_y"].tolist(), layer[5].tolist(), name)

    def test_signed_inputs(self):
        x = self.rng.integers(-128, 128, (30, 7))
        weight = self.doubled(7, 5, 7)
        layer, y = self.layer("head", wtm2101.pn_split(x), 5, weight=weight)
        write_folder(self.root, [[layer]], [IDENTITY])
        package = build(self.root)
        self.assertEqual(package.input_range(package.inputs[0]), (-255, 255))
        self.assertEqual(package.tensor(package.nodes[0], "weight").tolist(), weight[:7].tolist())
        self.assertEqual(run_package.run(package, {"in0": x})["head"]["npu_y"].tolist(), y.tolist())
        package = build(self.root, as_driven=True)
        self.assertEqual((package.inputs[0]["shape"], package.input_range(package.inputs[0])), ([14], (0, 255)))
        self.assertEqual(run_package.run(package, {"in0": layer[4]})["head"]["npu_y"].tolist(), y.tolist())

    def test_nets(self):
        nets = [[self.layer("a", self.rng.integers(0, 256, (20, 6)), 4)[0]],
                [self.layer("b", self.rng.integers(0, 256, (10, 3)), 2, rows=5)[0]]]
        write_folder(self.root, nets, [IDENTITY])
        package = build(self.root, 1)
        self.assertEqual((package.nodes[0]["name"], package.inputs[0]["name"]), ("b", "in1"))
        self.assertEqual(package.nodes[0]["attributes"]["bias_rows"], 5)
        with self.assertRaisesRegex(FolderError, "has no net 2, but 0, 1"):
            build(self.root, 2)

    def test_without_recorded_frames(self):
        layers = [layer[:4] + (None, None) for layer in self.chain()[:2]]
        write_folder(self.root, [layers], [RELU_MAP, IDENTITY])
        lines = []
        package = build(self.root, report=lines.append)
        self.assertEqual([(n["name"], n["op"]) for n in package.nodes],
                         [("layer1", "linear"), ("layer1_relu", "relu"), ("layer2", "linear")])
        self.assertEqual(sum(line.startswith("note:") for line in lines), 3)

    def test_a_changed_number_is_found(self):
        layers = self.chain()
        for change in ("weight", "bias", "output", "g"):
            changed = [list(layer) for layer in layers]
            if change == "weight":
                changed[1][1] = changed[1][1] + 3 * (np.arange(8) == 5)
            elif change == "bias":
                changed[1][2] = changed[1][2] + 40
            elif change == "output":
                changed[1][5] = changed[1][5].copy()
                changed[1][5][3, 2] ^= 1
            else:
                changed[1][3] = 512
            write_folder(self.root, [changed], [RELU_MAP, IDENTITY, SQUARE])
            with self.assertRaisesRegex(FolderError,
                                        r"layer second: frame \d+, column \d+: recorded -?\d+, its weights"):
                build(self.root)

    def test_damaged_folders(self):
        def damaged(path, content, message):
            write_folder(self.root, [self.chain()[:1]], [RELU_MAP, IDENTITY])
            target = os.path.join(self.root, path)
            if content is None:
                os.unlink(target)
            else:
                with open(target, "w") as stream:
                    stream.write(content)
            with self.assertRaisesRegex(FolderError, message):
                build(self.root)

        damaged("map/layers.txt", None, "layers.txt: No such file")
        damaged("map/layers.txt", "0, 9, 0, 11, 0, 2\n", "row 1 has 6 integers, expected 7")
        damaged("map/layers.txt", "0, 9, 0, 11, 0, 2, 512\n" * 2, "has 2 layers, params has 1")
        damaged("map/layers.txt", "0, 9, 0, 11, 0, 2, 0\n", "G = 0 of layer 1")
        damaged("map/layers.txt", "0, 9, 0, 10, 0, 2, 512\n", "weight.txt: 12 rows, map/layers.txt says 11")
        damaged("map/layers.txt", "0, 8, 0, 11, 0, 2, 512\n", "weight.txt: row 1 has 10 integers, expected 9")
        damaged("params/net0/layer1/weight.txt", "1 2 x\n", "something else than integers")
        damaged("params/net0/layer1/bias.txt", "1 1 1 1 1 1 1 1 1 1\n", "bias.txt: 1 rows, map/layers.txt says 3")
        damaged("params/net0/layer1/bias_high.txt", "0 0 0 0 0 0 0 0 0 1\n", "digital high part is not mapped")
        damaged("layer_debug/net0/1_first/round0/input0.txt", "1 2 3\n", "input0 has 3 values a frame, the layer 12")
        damaged("layer_debug/net0/1_first/round0/input0.txt", None, "not recorded alike")
        damaged("BoardConfigDebug.json", "{", "BoardConfigDebug.json: not readable")
        damaged("BoardConfigDebug.json", '{"nets": [{"diff_lookup_table": {"data": "0xyz"}}]}', "not a list of 32-bit")
        with self.assertRaisesRegex(FolderError, "No such file"):
            mapper_folder.read(os.path.join(self.root, "gone"), 0)

    def test_command_line(self):
        write_folder(self.root, [self.chain()], [RELU_MAP, IDENTITY, SQUARE])
        target = self.root + ".wpkg"
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            self.assertEqual(import_mapper.main([self.root, "-o", target]), 0)
            self.assertEqual(import_mapper.main([self.root, "-o", target + "2", "--net", "7"]), 2)
        self.assertIn("layer second [10, 8] g 256 <- first_relu", out.getvalue())
        self.assertEqual(err.getvalue(), f"import_mapper: {self.root}: has no net 7, but 0\n")
        self.assertEqual((os.path.exists(target), os.path.exists(target + "2")), (True, False))


@needs_shared
class Published(unittest.TestCase):
    def compare(self, package, other, inputs):
        """Tensors and output equal; returns the results of the first."""
        matrices = lambda p: [[p.tensor(n, role) for role in ("weight", "bias")] for n in p.nodes
                              if n["op"] == "linear"]
        for (weight, bias), (other_weight, other_bias) in zip(matrices(package), matrices(other), strict=True):
            self.assertEqual((weight.dtype, weight.tolist(), bias.tolist()),
                             (other_weight.dtype, other_weight.tolist(), other_bias.tolist()))
        results = run_package.run(package, {package.inputs[0]["name"]: inputs})
        same = run_package.run(other, {other.inputs[0]["name"]: inputs})
        self.assertEqual(results[package.outputs[0]]["npu_y"].tolist(), same[other.outputs[0]]["npu_y"].tolist())
        return results

    def check(self, root, package, results, net):
        """Every value of layer_debug, and of expected_out, which is before ReLU."""
        start, indices = random_indices(os.path.join(root, "map", "random_idx.txt"))
        expected = wtm2101.read_expected(os.path.join(root, "map"))
        for (_, before), layer, index in zip(expected, wtm2101.read_folder(root), indices, strict=True):
            if layer["net"] != net:
                continue
            name = layer["name"].split("_", 1)[1]
            own = results[name]["npu_y"]
            shown = results.get(f"{name}_relu", results[name])["npu_y"]
            self.assertEqual(int((shown != layer["y"]).sum()), 0, name)
            self.assertEqual(int((own[start + index] != before).sum()), 0, name)

    def test_speech5(self):
        root = shared("vendor", "speech5", "mapped")
        package = build(root)
        other = importer.build(shared("vendor", "speech5", "bestModel.onnx"))
        x = importer.convert_input(other, np.load(shared("vendor", "speech5", "test_data_0_100.npy")))
        self.check(root, package, self.compare(package, other, x), 0)

    def test_attention(self):
        root = shared("vendor", "attention", "mapped")
        for net, (model, data) in enumerate((("net1.onnx", "qkv_input.npy"), ("net2.onnx", "head_input.npy"))):
            package = build(root, net)
            other = importer.build(shared("vendor", "attention", model))
            x = importer.convert_input(other, np.load(shared("vendor", "attention", data)))
            self.check(root, package, self.compare(package, other, x), net)
        driven = build(root, 1, as_driven=True)
        layer = wtm2101.read_folder(root)[1]
        found = run_package.run(driven, {"in2": layer["x"]})["head"]["npu_y"]
        self.assertEqual(int((found != layer["y"]).sum()), 0)


def random_indices(path):
    """(calibration start, indices of the expected frames of each layer)."""
    with open(path) as stream:
        lines = [line.strip() for line in stream if line.strip()]
    return int(lines[0].split()[2]), [np.array(line.strip(",").split(","), int) for line in lines[2::2]]


if __name__ == "__main__":
    unittest.main()
