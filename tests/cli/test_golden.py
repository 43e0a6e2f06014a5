"""witin-sim golden: the four formats, read back by other means; the published folders byte for byte."""
import json
import os
import shutil
import subprocess
import sys
import unittest

import numpy as np
from program import DIGITS, GOLDEN, ROOT, CliTest, wpkg

sys.path.insert(0, os.path.join(ROOT, "scripts", "reference"))
import import_mapper  # noqa: E402
import wtm2101  # noqa: E402
from onnx_dialect import importer  # noqa: E402

SHARED = os.environ.get("WITIN_SHARED") or os.path.join(ROOT, "..", "shared")
MLP = os.path.join(GOLDEN, "digits_mlp")
VENDOR = os.path.join(SHARED, "vendor")


def needs_shared(test):
    if os.path.isdir(VENDOR):
        return test
    print("skipped: no ../shared", file=sys.stderr)
    return unittest.skip("skipped: no ../shared")(test)


def content(path):
    with open(path, "rb") as stream:
        return stream.read()


def tree(folder):
    return {os.path.relpath(os.path.join(at, name), folder): content(os.path.join(at, name))
            for at, _, names in os.walk(folder) for name in names}


class GoldenTest(CliTest):
    def golden(self, *arguments, **options):
        return self.document("golden", *arguments, "-o", self.path("out"), "--json", **options)

    def write_mixed(self):
        """Signed inputs, a table, ReLU, -128, an empty bias; a convolution with groups, stride and padding."""
        rng = np.random.default_rng(5)
        package = wpkg.Package("mixed", "wtm2101")
        package.input("in", [4, 5, 5], signed=True)
        weight = rng.integers(-128, 128, (6, 2, 3, 3))
        weight[0, 0, 0, 0] = -128
        package.node("conv", "conv2d", ["in"], {"weight": weight, "bias": 128 * rng.integers(-300, 300, 6)},
                     {"g": 512, "groups": 2, "strides": [2, 1], "pads": [1, 0, 1, 2], "x_signed": True})
        package.node("act", "relu", ["conv"])
        package.node("flat", "reshape", ["act"], None, {"shape": [90]})
        package.node("fc", "linear", ["flat"], {"weight": rng.integers(-100, 100, (90, 7))}, {"g": 2048})
        package.node("table", "lut", ["fc"], {"table": rng.integers(-128, 128, 256)})
        package.node("last", "linear", ["table"], {"weight": rng.integers(-128, 128, (7, 3)),
                                                   "bias": 128 * rng.integers(-9, 9, 3)},
                     {"g": 256, "x_signed": True, "bias_rows": 5})
        package.output("last")
        package.write(self.path("mixed.wpkg"))
        x = rng.integers(-128, 128, (30, 4, 5, 5))
        np.save(self.path("x.npy"), x)
        return package, x

    def trace(self, model, *inputs):
        self.done("run", model, *inputs, "--trace", self.path("t.wtrace"), "--trace-level", "full", "-o",
                  self.path("ignored.npz"))
        with np.load(self.path("t.wtrace")) as members:
            return {key: members[key] for key in members.files if "/" in key}


class Mapper(GoldenTest):
    @needs_shared
    def test_published_speech_network(self):
        root = os.path.join(VENDOR, "speech5", "mapped")
        package = importer.build(os.path.join(VENDOR, "speech5", "bestModel.onnx"))
        data = importer.convert_input(package, np.load(os.path.join(VENDOR, "speech5", "test_data_0_100.npy")))
        np.save(self.path("x.npy"), data)
        for package in (package, import_mapper.build(root)):
            package.write(self.path("m.wpkg"))
            self.golden("m.wpkg", "x.npy", "--place", os.path.join(root, "map", "layers.txt"), "--random-idx",
                        os.path.join(root, "map", "random_idx.txt"), "--force")
            self.compare(root, ["expected_in", "expected_out", "expected_in_complete", "expected_out_complete"])

    @needs_shared
    def test_published_attention_networks(self):
        root, models = os.path.join(VENDOR, "attention", "mapped"), []
        for net, (model, data) in enumerate((("net1.onnx", "qkv_input.npy"), ("net2.onnx", "head_input.npy"))):
            package = importer.build(os.path.join(VENDOR, "attention", model))
            package.write(self.path(f"{net}.wpkg"))
            np.save(self.path(f"{net}.npy"),
                    importer.convert_input(package, np.load(os.path.join(VENDOR, "attention", data))))
            models.append((f"{net}.wpkg", f"{net}.npy"))
        self.golden(*models[0], "--net", *models[1], "--place", os.path.join(root, "map", "layers.txt"),
                    "--random-idx", os.path.join(root, "map", "random_idx.txt"))
        self.compare(root, ["expected_in", "expected_out", "expected_in_complete", "expected_out_complete"])
        published, own = (json.loads(content(os.path.join(folder, "map", "map.json"))) for folder in
                          (root, self.path("out")))
        for document in (published, own):
            for key in ("date", "version"):
                document.pop(key)
            for net in document["nets"]:
                for layer in net["layers"]:
                    for key in ("expected_input_data", "expected_output_data"):  # another sample
                        layer[key] = [(frame["element_num"], sorted(frame)) for frame in layer[key]]
        self.assertEqual(own, published)
        # The layout, too: up to the first frame of the sample.
        first = content(os.path.join(root, "map", "map.json")).split(b'"data" : ')[0].splitlines()
        mine = content(self.path("out", "map", "map.json")).split(b'"data" : ')[0].splitlines()
        self.assertEqual([line for line in mine if b"date" not in line],
                         [line for line in first if b"date" not in line])

    def compare(self, root, expected):
        names = ["map/layers.txt", "map/map.csv", "map/random_idx.txt", "addr.csv"]
        names += [f"map/{name}.{kind}" for name in expected for kind in ("bin", "txt")]
        names += sorted(name for name in tree(root) if name.startswith(("params/", "layer_debug/")))
        for name in names:
            path = os.path.join(root, name)
            if not os.path.exists(path):
                self.assertEqual(name, "map/map.csv")  # not among the files of speech5
                continue
            published = content(path).replace(b"\r\n", b"\n")
            self.assertTrue(content(self.path("out", name)) == published, name)

    @needs_shared
    def test_map_csv_without_a_published_one(self):
        root = os.path.join(VENDOR, "speech5", "mapped")
        package = import_mapper.build(root)
        package.write(self.path("m.wpkg"))
        np.save(self.path("x.npy"), np.zeros((20, 800), np.uint8))
        self.golden("m.wpkg", "x.npy", "--place", os.path.join(root, "map", "layers.txt"))
        places = wtm2101.read_layers_txt(os.path.join(root, "map", "layers.txt"))
        cells = [tuple(np.loadtxt(os.path.join(root, "params", "net0", f"layer{i}", f"{what}.txt"), int, ndmin=2)
                       for what in ("weight", "bias")) for i in range(1, 6)]
        self.assertEqual(content(self.path("out", "map", "map.csv")).decode(), wtm2101.map_csv(places, cells))
        image = np.loadtxt(self.path("out", "map", "map.txt"), int)
        self.assertTrue(np.array_equal(image, wtm2101.array_image(places, cells)))

    def reimport(self, model, inputs, names):
        """The folder imported again: the same tensors and the same trace. `names`: own node -> imported node."""
        own = wpkg.Package.read(model)
        fields = self.trace(model, *inputs)
        again = import_mapper.build(self.path("out"))
        again.write(self.path("again.wpkg"))
        again = wpkg.Package.read(self.path("again.wpkg"))
        traced = self.trace("again.wpkg", *inputs)
        for name, other in names.items():
            node, imported = own.find(name), again.find(other)
            for role in node.get("tensors", {}):
                self.assertEqual(again.tensor(imported, role).tolist(), own.tensor(node, role).tolist(), name)
            self.assertTrue(np.array_equal(traced[other + "/npu_y"], fields[name + "/npu_y"]), name)

    def test_shipped_network_again(self):
        model, x = os.path.join(MLP, "model.wpkg"), os.path.join(MLP, "input.npy")
        document = self.golden(model, x)
        self.assertEqual((document["first_frame"], document["frames"]), (10, 100))
        self.reimport(model, [x], {"fc_1": "fc_1", "relu_1": "fc_1_relu", "fc_2": "fc_2", "relu_2": "fc_2_relu",
                                   "fc_3": "fc_3"})

    @needs_shared
    def test_published_network_again(self):
        package = importer.build(os.path.join(VENDOR, "speech5", "bestModel.onnx"))
        package.write(self.path("m.wpkg"))
        data = importer.convert_input(package, np.load(os.path.join(VENDOR, "speech5", "test_data_0_100.npy")))
        data[::2] = -data[::2]  # both polarities
        np.save(self.path("x.npy"), data)
        self.golden("m.wpkg", "x.npy")
        self.reimport(self.path("m.wpkg"), ["x.npy"], {f"linear_{i}": f"linear_{i}" for i in range(1, 6)})

    def test_convolutions_tables_and_signs(self):
        package, x = self.write_mixed()
        self.golden("mixed.wpkg", "x.npy", "--frames", 50)
        fields = self.trace("mixed.wpkg", "x.npy")
        layers = wtm2101.read_layers_txt(self.path("out", "map", "layers.txt"))
        image = np.loadtxt(self.path("out", "map", "map.txt"), int)
        lines = [x.shape[0] * 3 * 5] * 2 + [30, 30]
        names = ["1_conv_g0", "2_conv_g1", "3_fc", "4_last"]
        results = []
        for index, (x0, x1, y0, y1, z0, z1, g) in enumerate(layers):
            debug = self.path("out", "layer_debug", "net0", names[index], f"round{index}")
            driven = np.loadtxt(os.path.join(debug, "input0.txt"), int)
            self.assertEqual(driven.shape, (lines[index], y1 - y0 + 1))
            self.assertTrue(0 <= driven.min() and driven.max() <= 255)
            bias = 128 * image[2049 + 2 * z0:2050 + 2 * z1:2, x0:x1 + 1].sum(0)
            results.append(wtm2101.array_out(driven @ image[y0:y1 + 1, x0:x1 + 1] + bias, g))
        conv = np.concatenate([y.reshape(30, 5, 3, 3).transpose(0, 3, 2, 1) for y in results[:2]], axis=1)
        for name, y in (("conv", conv), ("fc", results[2]), ("last", results[3])):
            self.assertTrue(np.array_equal(y, fields[name + "/npu_y"]), name)
        expected = wtm2101.read_expected(self.path("out", "map"))
        start, lists = random_indices(self.path("out", "map", "random_idx.txt"))
        for (_, y), all_lines, indices in zip(expected, results, lists):
            self.assertEqual(len(indices), 50)
            self.assertTrue(np.array_equal(y, all_lines[start + indices]))
        again = import_mapper.build(self.path("out"))
        self.assertEqual([node["op"] for node in again.nodes],
                         ["linear", "relu", "linear", "relu", "linear", "lut", "linear"])
        self.assertEqual(again.tensor(again.find("fc_lut"), "table").tolist(),
                         package.tensor(package.find("table"), "table").tolist())

    def test_recurrent_networks(self):
        for name in ("lstm", "gru", "gru_single", "gru2array", "tdnn", "streaming"):
            case = os.path.join(GOLDEN, "operators", name)
            shutil.rmtree(self.path("out"), ignore_errors=True)
            document = self.golden(os.path.join(case, "model.wpkg"), os.path.join(case, "input.npy"),
                                   "--calibration-start", 0)
            self.assertGreater(len(document["layers"]), 0)
            image = np.loadtxt(self.path("out", "map", "map.txt"), int)
            layers = wtm2101.read_layers_txt(self.path("out", "map", "layers.txt"))
            for (x0, x1, y0, y1, z0, z1, g), (x, y) in zip(
                    layers, wtm2101.read_expected(self.path("out", "map")), strict=True):
                bias = 128 * image[2049 + 2 * z0:2050 + 2 * z1:2, x0:x1 + 1].sum(0)
                self.assertTrue(np.array_equal(wtm2101.array_out(x @ image[y0:y1 + 1, x0:x1 + 1] + bias, g), y), name)

    def test_same_bytes(self):
        self.write_mixed()
        for kind in ("mapper", "npz", "c", "hex"):
            trees = []
            for threads in (1, 3):
                self.golden("mixed.wpkg", "x.npy", "--format", kind, "--threads", threads, "--force")
                trees.append(tree(self.path("out")))
            self.assertEqual(*trees)
            self.assertFalse(any("recording" in name for name in trees[0]))

    def test_refusals(self):
        self.write_mixed()
        out = ("-o", self.path("out"))
        layers = self.path("layers.txt")

        def place(*rows):
            with open(layers, "w", encoding="ascii") as stream:
                stream.writelines(row + "\n" for row in rows)
            return ("golden", "mixed.wpkg", "x.npy", *out, "--place", layers)

        good = ["0, 2, 0, 35, 0, 15, 512", "3, 5, 0, 35, 0, 15, 512", "6, 12, 0, 89, 0, 0, 2048",
                "13, 15, 0, 13, 0, 4, 256"]
        self.done(*place(*good))
        shutil.rmtree(self.path("out"))
        self.refused("golden.place", *place(*good[:3]))
        self.refused("golden.place", *place(*good[:3], "13, 15, 0, 13, 0, 4, 512"))
        self.refused("golden.place", *place(*good[:3], "13, 14, 0, 13, 0, 4, 256"))
        self.refused("golden.place", *place(*good[:3], "13, 15, 2040, 2053, 0, 4, 256"))
        self.refused("golden.overlap", *place(*good[:3], "12, 14, 0, 13, 0, 4, 256"))
        self.refused("golden.rows", *place(*good[:3], "13, 15, 0, 5, 0, 4, 256"))
        self.refused("golden.bias", *place("0, 2, 0, 35, 0, 0, 512", *good[1:]))
        self.refused("golden.driven", *place(*good[:3], "13, 15, 0, 6, 0, 4, 256"))
        self.refused("text.integers", *place(*good[:3], "13, 15, 0, 13, 0, x, 256"))
        self.refused("golden.frames", "golden", "mixed.wpkg", "x.npy", *out, "--calibration-start", 30)
        self.refused("golden.frames", "golden", "mixed.wpkg", "x.npy", *out, "--frames", 0)
        self.refused("golden.frames", "golden", "mixed.wpkg", "x.npy", *out, "--format", "c", "--frames", 31)
        self.refused("golden.format", "golden", "mixed.wpkg", "x.npy", *out, "--format", "c", "--place", layers)
        self.refused("golden.layer", "golden", "mixed.wpkg", "x.npy", *out, "--arithmetic", "witin_nn")
        wide = os.path.join(GOLDEN, "operators", "wide_inputs")
        self.refused("golden.layer", "golden", os.path.join(wide, "model.wpkg"), os.path.join(wide, "input.npy"), *out)
        self.write_relu()
        self.write_input("r.npy")
        self.refused("golden.nothing", "golden", "relu.wpkg", "r.npy", *out)
        with open(self.path("idx.txt"), "w", encoding="ascii") as stream:
            stream.write("calibration_start = 10\n" + "\nnet 0, layer 1\n0,1,25," * 4)
        self.refused("golden.random_idx", "golden", "mixed.wpkg", "x.npy", *out, "--random-idx", "idx.txt")
        os.mkdir(self.path("out"))
        self.done("golden", "mixed.wpkg", "x.npy", *out)  # empty
        self.refused("output.folder", "golden", "mixed.wpkg", "x.npy", *out)
        self.refused("usage.overwrite", "golden", "mixed.wpkg", "x.npy", "-o", self.dir, "--force")
        self.refused("usage.overwrite", "golden", "mixed.wpkg", "x.npy", "-o", ".", "--force")
        self.done("golden", "mixed.wpkg", "x.npy", *out, "--force", "--format", "npz")
        self.assertEqual(sorted(os.listdir(self.path("out"))),
                         ["golden.json", "inputs.npz", "parameters.npz", "trace.npz"])
        self.assertEqual([name for name in os.listdir(self.dir) if name.startswith(".witin")], [])

    def test_no_room(self):
        package = wpkg.Package("large", "wtm2101")
        package.input("in", [1500])
        for name in ("a", "b"):
            package.node(name, "linear", ["in"], {"weight": np.ones((1500, 600), np.int8)}, {"g": 1024})
            package.output(name)
        package.write(self.path("large.wpkg"))
        np.save(self.path("x.npy"), np.zeros((12, 1500), np.uint8))
        self.refused("golden.no_room", "golden", "large.wpkg", "x.npy", "-o", self.path("out"))


def random_indices(path):
    with open(path, encoding="ascii") as stream:
        lines = [line.strip() for line in stream if line.strip()]
    return int(lines[0].split()[2]), [np.array(line.strip(",").split(","), int) for line in lines[2::2]]


class Npz(GoldenTest):
    def test_content(self):
        package, x = self.write_mixed()
        self.golden("mixed.wpkg", "x.npy", "--format", "npz", "--calibration-start", 3, "--frames", 20)
        with np.load(self.path("out", "inputs.npz")) as inputs:
            self.assertEqual(inputs.files, ["in"])
            self.assertTrue(np.array_equal(inputs["in"], x[3:23]))
        fields = self.trace("mixed.wpkg", "x.npy")
        with np.load(self.path("out", "trace.npz")) as trace:
            self.assertEqual(sorted(key for key in trace.files if "/" in key), sorted(fields))
            for key, values in fields.items():
                self.assertTrue(np.array_equal(trace[key], values[3:23]), key)
        with np.load(self.path("out", "parameters.npz")) as parameters:
            for node in package.nodes:
                for role in node.get("tensors", {}):
                    self.assertTrue(np.array_equal(parameters[f"{node['name']}/{role}"], package.tensor(node, role)))
        index = json.loads(content(self.path("out", "golden.json")))
        self.assertEqual((index["first_frame"], index["frames"]), (3, 20))
        self.assertEqual(index["nodes"][0]["attributes"]["groups"], 2)

    def test_is_a_case_of_verify(self):
        self.write_mixed()
        self.golden("mixed.wpkg", "x.npy", "--format", "npz")
        os.mkdir(self.path("case"))
        shutil.copy(self.path("mixed.wpkg"), self.path("case", "model.wpkg"))
        shutil.copy(self.path("out", "inputs.npz"), self.path("case", "input.npz"))
        shutil.copy(self.path("out", "trace.npz"), self.path("case", "expected.npz"))
        self.assertTrue(self.done("verify", "case").startswith("equal "))


def recompute(g, x, weight, bias_rows):
    return wtm2101.array_out(x.astype(np.int64) @ weight + 128 * bias_rows.sum(0), g)


class C(GoldenTest):
    PRINTER = r"""
#include <stdio.h>
#include "golden.h"
static long value(const void* data, int bits, int is_signed, long i) {
  if (bits == 8) return is_signed ? ((const int8_t*)data)[i] : ((const uint8_t*)data)[i];
  if (bits == 16) return is_signed ? ((const int16_t*)data)[i] : ((const uint16_t*)data)[i];
  return ((const int32_t*)data)[i];
}
static void print(const char* what, const char* name, const void* data, int bits, int is_signed, long count) {
  long i;
  printf("%s %s", what, name);
  for (i = 0; i < count; ++i) printf(" %ld", value(data, bits, is_signed, i));
  printf("\n");
}
static void codes(const char* what, const witin_codes* c) {
  print(what, c->name, c->data, c->bits, c->is_signed, (long)c->frames * c->codes);
}
int main(void) {
  int i;
  for (i = 0; i < WITIN_INPUTS; ++i) codes("input", &witin_inputs[i]);
  for (i = 0; i < WITIN_NODES; ++i) codes("node", &witin_nodes[i]);
  for (i = 0; i < WITIN_LAYERS; ++i) {
    const witin_layer* l = &witin_layers[i];
    printf("layer %s %d %d %d %d %.17g\n", l->name, (int)l->lines, (int)l->rows, (int)l->columns,
           (int)l->bias_row_count, l->g);
    print("x", l->name, l->x, 8, 0, (long)l->lines * l->rows);
    print("weight", l->name, l->weight, l->weight_bits, 1, (long)l->rows * l->columns);
    print("bias", l->name, l->bias_rows, 8, 1, (long)l->bias_row_count * l->columns);
    print("expected", l->name, l->expected, l->expected_bits, l->expected_signed, (long)l->lines * l->columns);
  }
  return 0;
}
"""

    def test_compiles_and_holds_the_values(self):
        compiler = shutil.which("gcc")
        if compiler is None:
            self.skipTest("skipped: no gcc")
        _, x = self.write_mixed()
        document = self.golden("mixed.wpkg", "x.npy", "--format", "c", "--calibration-start", 2, "--frames", 4)
        with open(self.path("out", "main.c"), "w", encoding="ascii") as stream:
            stream.write(self.PRINTER)
        subprocess.run([compiler, "-std=c99", "-Wall", "-Wextra", "-Wconversion", "-pedantic", "-Werror", "main.c",
                        "-o",
                        "main"], cwd=self.path("out"), check=True)
        printed = subprocess.run([self.path("out", "main")], check=True, capture_output=True, text=True).stdout
        found = {(words[0], words[1]): words[2:] for words in (line.split() for line in printed.splitlines())}
        fields = self.trace("mixed.wpkg", "x.npy")
        self.assertEqual(found["input", "in"], [str(v) for v in x[2:6].reshape(-1)])
        for key, values in fields.items():
            if key.endswith("/npu_y"):
                self.assertEqual(found["node", key[:-6]], [str(v) for v in values[2:6].reshape(-1)], key)
        self.assertEqual(len(document["layers"]), 4)
        for layer in document["layers"]:
            name = layer["name"]
            lines, rows, columns, bias_rows = (int(v) for v in found["layer", name][:4])
            x, weight, bias, expected = (np.array(found[part, name], int) for part in
                                         ("x", "weight", "bias", "expected"))
            y = recompute(float(found["layer", name][4]), x.reshape(lines, rows), weight.reshape(rows, columns),
                          bias.reshape(bias_rows, columns))
            self.assertEqual(y.reshape(-1).tolist(), expected.tolist(), name)


class Hex(GoldenTest):
    def read(self):
        index = json.loads(content(self.path("out", "golden.json")))
        arrays = {}
        for image in index["images"]:
            lines = content(self.path("out", image["file"])).decode("ascii").splitlines()
            self.assertEqual(len(lines), image["words"])
            self.assertTrue(all(len(line) * 4 == image["bits"] for line in lines))
            values = np.array([int(line, 16) for line in lines], np.int64)
            if image["signed"]:
                values -= (values >> (image["bits"] - 1)) << image["bits"]
            arrays[image["group"], image["name"], image["part"]] = values.reshape(image["shape"]), image
        return arrays, index

    def test_holds_the_values(self):
        _, x = self.write_mixed()
        self.golden("mixed.wpkg", "x.npy", "--format", "hex", "--calibration-start", 5)
        arrays, index = self.read()
        self.assertTrue(np.array_equal(arrays["input", "in", "codes"][0], x[5:]))
        for key, values in self.trace("mixed.wpkg", "x.npy").items():
            if key.endswith("/npu_y"):
                self.assertTrue(np.array_equal(arrays["node", key[:-6], "expected"][0], values[5:]), key)
        layers = [key[1] for key in arrays if key[0] == "layer" and key[2] == "x"]
        self.assertEqual(layers, ["conv_g0", "conv_g1", "fc", "last"])
        for name in layers:
            y = recompute(arrays["layer", name, "x"][1]["g"], arrays["layer", name, "x"][0],
                          arrays["layer", name, "weight"][0], arrays["layer", name, "bias_rows"][0])
            self.assertTrue(np.array_equal(y, arrays["layer", name, "expected"][0]), name)
        self.assertEqual(index["left_out"], [])

    def test_what_is_no_layer_is_listed(self):
        wide = os.path.join(GOLDEN, "operators", "wide_inputs")
        document = self.golden(os.path.join(wide, "model.wpkg"), os.path.join(wide, "input.npy"), "--format", "hex")
        self.assertTrue(document["left_out"])
        arrays, index = self.read()
        self.assertEqual([entry["code"] for entry in index["left_out"]],
                         [entry["code"] for entry in document["left_out"]])
        self.assertEqual({key[1] for key in arrays if key[0] == "node"}, {node["name"] for node in index["nodes"]})

    def test_readmemh(self):
        iverilog = shutil.which("iverilog")
        if iverilog is None:
            self.skipTest("skipped: no iverilog")
        self.write_mixed()
        self.golden("mixed.wpkg", "x.npy", "--format", "hex", "--frames", 2)
        arrays, _ = self.read()
        values, image = arrays["layer", "fc", "weight"]
        with open(self.path("bench.v"), "w", encoding="ascii") as stream:
            stream.write(f"module b; reg signed [{image['bits'] - 1}:0] m [0:{image['words'] - 1}]; integer i; "
                         f"initial begin $readmemh(\"{self.path('out', image['file'])}\", m); "
                         f"for (i = 0; i < {image['words']}; i = i + 1) $display(\"%0d\", m[i]); end endmodule")
        subprocess.run([iverilog, "-o", self.path("bench"), self.path("bench.v")], check=True)
        printed = subprocess.run([self.path("bench")], check=True, capture_output=True, text=True).stdout
        self.assertEqual([int(v) for v in printed.split()], values.reshape(-1).tolist())


class Shipped(GoldenTest):
    def test_every_format_of_the_digits(self):
        for folder in (DIGITS, MLP):
            for kind in ("mapper", "npz", "c", "hex"):
                document = self.golden(os.path.join(folder, "model.wpkg"), os.path.join(folder, "input.npy"),
                                       "--format", kind, "--frames", 5, "--force")
                self.assertEqual(sorted(tree(self.path("out"))), document["files"])


if __name__ == "__main__":
    unittest.main()
