"""scripts/import_witin_nn.py: the imported integers are the training library's, on published checkpoints and on random
networks by the rules of scripts/reference. Zero values may differ.
"""
import contextlib
import glob
import io
import json
import os
import subprocess
import sys
import tempfile
import unittest

import numpy as np

from shared_data import needs_shared, shared
import run_package
import wpkg
from witin_checkpoint import checkpoint, chip, float_functions, importer, network, scales
import witin_nn_networks
import witin_nn_oracle

F32 = np.float32
SEEDS = 100


def quantised(entry, x):
    """A float array as codes of a package input, by the package's contract."""
    low, high = wpkg.Package("", "witin_nn").input_range(entry)
    value = np.asarray(x, F32) * F32(entry["scale"]) + F32(entry.get("shift", 0))
    return np.clip(np.rint(value), low, high).astype(np.int64)


def codes_of(package, floats):
    """{package input: codes}; x-quantises names the network input where it is not the package input's own name."""
    return {entry["name"]: quantised(entry, floats[entry.get("x-quantises",
                                                             entry["name"])]) for entry in package.inputs}


def imported(document, tensors, **options):
    return importer.build(network.check(document, "net", "net.json"), checkpoint.State(tensors, "net.pth"), **options)


class Equality(unittest.TestCase):
    def assert_equal(self, found, expected, what):
        found, expected = np.asarray(found), np.asarray(expected)
        self.assertEqual(found.shape, expected.shape, what)
        self.assertEqual(int((found != expected).sum()), 0, f"{what}: values differ")

    def check_network(self, net, where):
        """Every layer's output codes, scales, weights and biases equal the oracle's. Returns how many values."""
        package = imported(net.document, net.tensors).package
        results = run_package.run(package, codes_of(package, net.inputs))
        count = 0
        for name, layer in witin_nn_oracle.forward(net.document, net.tensors, net.inputs).items():
            node = package.find(name)
            self.assert_equal(results[name]["npu_y"], layer.y, f"{where}, layer {name}: NPU_y")
            self.assertEqual(node["scale"], layer.scale, f"{where}, layer {name}: scale")
            count += layer.y.size
            if layer.weight is not None:
                weight = package.tensor(node, "weight")
                self.assert_equal(weight.T if node["op"] == "linear" else weight, layer.weight, f"{where}, {name}: "
                                                                                                f"NPU_weight")
                self.assert_equal(package.tensor(node, "bias"), layer.bias, f"{where}, {name}: NPU_bias")
                digital = package.tensor(node, "bias_d")
                self.assert_equal(layer.bias_d * 0 if digital is None else digital, layer.bias_d, f"{where}, {name}: "
                                                                                                  f"NPU_bias_d")
        return count


@unittest.skipUnless(os.environ.get("WITIN_SIM"), "WITIN_SIM names no simulator")
class Simulator(Equality):
    """The same by the simulator that $WITIN_SIM names: real values in, every layer's codes out."""

    def test_random_networks(self):
        for seed in range(40):
            net = witin_nn_networks.RandomNetwork(1000 + seed, ("auto", "pow2", "any", "auto")[seed % 4]).grow(8)
            with tempfile.TemporaryDirectory() as folder:
                model, x, trace = (os.path.join(folder, name) for name in ("m.wpkg", "x.npy", "t.wtrace"))
                imported(net.document, net.tensors).package.write(model)
                np.save(x, net.inputs["in"])
                run = subprocess.run([os.environ["WITIN_SIM"], "run", model, x, "--quantize-input", "--trace", trace,
                                      "--trace-level", "nodes"], capture_output=True, text=True)
                self.assertEqual(run.returncode, 0, f"seed {seed}: {run.stderr}")
                values = wpkg.read_trace(trace)[1]
            for name, layer in witin_nn_oracle.forward(net.document, net.tensors, net.inputs).items():
                self.assert_equal(values[name]["npu_y"], layer.y, f"seed {seed}, layer {name}")


class RandomNetworks(Equality):
    """The generator's choices are checked too: a width, mode or layer that never occurs proves nothing."""

    def test_equal_the_library(self):
        covered, count = set(), 0
        for seed in range(SEEDS):
            style = ("auto", "auto", "pow2", "any")[seed % 4]
            net = witin_nn_networks.RandomNetwork(seed, style).grow(8)
            count += self.check_network(net, f"seed {seed} ({style})")
            covered |= net.covered
        self.assertGreater(count, 200_000)
        kinds = {entry[0] for entry in covered}
        missing = set(network.TYPES) - kinds
        self.assertFalse(missing, f"layer types that no seed made: {missing}")
        for kind in witin_nn_networks.ARRAY:
            modes = {(entry[1], entry[2] > 8) for entry in covered if entry[0] == kind and entry[4] == "ARRAY"}
            wanted = {(mode, wide) for mode in ("FALSE", "PN", "Shift") for wide in (False, True)
                      if (kind, mode) != ("conv_transpose2d", "Shift")}
            self.assertEqual(wanted - modes, set(), f"{kind}: modes and widths that no seed made")
        widths = {entry[2] for entry in covered if entry[0] in witin_nn_networks.ARRAY}
        self.assertEqual(widths, {8, 9, 10, 11, 12})

    def test_through_the_files(self):
        """The same through a checkpoint file and the command, a package read back."""
        try:
            import torch
        except ImportError:
            print("skipped: no torch", file=sys.stderr)
            self.skipTest("skipped: no torch")
        import import_witin_nn
        with tempfile.TemporaryDirectory() as folder:
            path = lambda name: os.path.join(folder, name)
            net = witin_nn_networks.RandomNetwork(3, "auto").grow(8)
            torch.save({k: torch.from_numpy(np.array(v)) for k, v in net.tensors.items()}, path("c.pth"))
            with open(path("n.json"), "w") as stream:
                json.dump(net.document, stream)
            with contextlib.redirect_stderr(io.StringIO()):
                status = import_witin_nn.main([path("c.pth"), "--network", path("n.json"), "-o", path("m.wpkg"), "-q"])
            self.assertEqual(status, 0)
            package = wpkg.Package.read(path("m.wpkg"))
            memory = imported(net.document, net.tensors).package
            self.assertEqual(package.nodes, memory.nodes)
            results = run_package.run(package, codes_of(package, net.inputs))
            output = net.document["output"]
            expected = witin_nn_oracle.forward(net.document, net.tensors, net.inputs)[output].y
            self.assert_equal(results[output]["npu_y"], expected, "output")


class Inputs(Equality):
    """How a float input becomes codes."""

    def net(self, seed=0, shape=(4, 5, 5)):
        net = witin_nn_networks.RandomNetwork(seed, "auto", shape)
        x = np.rint(net.inputs["in"] * F32(1024)) / F32(1024)      # ties at every scale used below
        x.reshape(-1)[:4] = 0.5 + 2.0 ** -24, -0.5, 100, -100
        net.inputs["in"] = net.values["in"] = x
        return net

    def branches(self, *configs):
        """A network whose input feeds one native convolution for each config."""
        net = self.net()
        for config in configs:
            net.values = {"in": net.inputs["in"]}
            net.layer("conv2d", {"hardware": "ARRAY", "to_linear": False, "x_quant_bits": 8, "y_quant_bits": 8,
                                 **config},
                      padding_mode="zeros")
        net.document["outputs"] = [layer["name"] for layer in net.document["layers"]]
        return net

    def set_io_max(self, net, index, value):
        net.tensors[f"{net.document['layers'][index]['name']}.autoscale_x_obj.io_max"] = F32(value)

    def test_one_scale_is_one_input_of_the_widest_range(self):
        net = self.branches({"handle_neg_in": "PN"}, {"handle_neg_in": "FALSE", "x_quant_bits": 9},
                            {"handle_neg_in": "FALSE", "hardware": "VPU", "x_quant_bits": 9})
        for index in range(3):
            self.set_io_max(net, index, 3.5)
        package = imported(net.document, net.tensors).package
        self.assertEqual(package.inputs, [{"name": "in", "shape": [4, 5, 5], "bits": 9, "signed": True, "scale": 64}])
        self.assertGreater(self.check_network(net, "one scale"), 0)

    def test_other_scales_are_inputs_of_their_own(self):
        """Codes of the coarser scale made from the finer one's would differ: the float would be rounded twice."""
        net = self.branches({"handle_neg_in": "PN"}, {"handle_neg_in": "PN", "x_quant_bits": 10})
        for index in range(2):
            self.set_io_max(net, index, 3.5)
        package = imported(net.document, net.tensors).package
        self.assertEqual([(e["scale"], e["bits"], e["neg_in"], e["x-quantises"]) for e in package.inputs],
                         [(64, 8, "pn", "in"), (256, 10, "pn", "in")])
        codes = codes_of(package, net.inputs)
        coarse, fine = codes.values()
        self.assertGreater(int((np.clip(np.rint(fine / 4), -255, 255) != coarse).sum()), 0)
        self.check_network(net, "two scales")

    def test_a_shift_is_a_quantisation_of_its_own(self):
        """S is added before the rounding: with S odd the ties go the other way, and f32(t + S) rounds as well."""
        net = self.branches({"handle_neg_in": "Shift"}, {"handle_neg_in": "PN"})
        net.document["layers"][0]["config"]["shift_num"] = 65 / 64
        self.set_io_max(net, 0, 1.9)        # 8 bits: 2^7 / 2^1
        self.set_io_max(net, 1, 3.5)        # 9 bits: 2^8 / 2^2
        package = imported(net.document, net.tensors).package
        self.assertEqual([(e["scale"], e.get("shift"), e["neg_in"]) for e in package.inputs],
                         [(64, 65, "shift"), (64, None, "pn")])
        self.check_network(net, "shift")

    def test_operations_on_the_float_input_run_on_its_codes(self):
        for config in ({"handle_neg_in": "Shift"}, {"handle_neg_in": "PN"}):
            net = self.net(shape=(4, 9, 9))
            net.add("relu", ["in"], {}, {})
            net.add("max_pool2d", ["relu_0"], {"kernel_size": [3, 3], "stride": [2, 2], "padding": [1, 1]}, {})
            net.values = {"max_pool2d_1": net.values["max_pool2d_1"]}
            for _ in range(2):
                net.layer("conv2d", {"hardware": "ARRAY", "to_linear": False, "x_quant_bits": 8, "y_quant_bits": 8,
                                     **config})
                net.values = {"max_pool2d_1": net.values["max_pool2d_1"]}
            net.document["outputs"] = [layer["name"] for layer in net.document["layers"][2:]]
            self.set_io_max(net, 2, 3.0)
            self.set_io_max(net, 3, 1.0)
            self.check_network(net, str(config))


class Requantisation(Equality):
    def test_float32_order_between_layers(self):
        """Scales for which f32(f32(code / from) * to) rounds to another code than the real quotient does."""
        rng, tried = np.random.default_rng(0), 0
        while tried < 3:
            scale_from, scale_to = (float(f"{v:.3g}") for v in rng.uniform(5, 40, 2))
            codes = np.arange(-128, 128)
            library = np.rint(codes.astype(F32) / F32(scale_from) * F32(scale_to))
            if np.array_equal(library, np.rint(codes * (scale_to / scale_from))):
                continue
            tried += 1
            config = {"use_quantization": True, "use_auto_scale": False}
            document = {"input": {"name": "in", "shape": [256]}, "output": "b", "layers": [
                {"name": "a", "type": "prelu", "inputs": ["in"],
                 "config": {**config, "scale_x": scale_from, "scale_weight": 64, "scale_y": scale_from}},
                {"name": "b", "type": "element_add", "inputs": ["a", "a"],
                 "config": {**config, "scale_x_left": scale_to, "scale_x_right": scale_to, "scale_y": 16}}]}
            package = imported(document, {"a.weight": np.array([1.0], F32)}).package
            x = (codes.astype(F32) / F32(scale_from))[None]
            results = run_package.run(package, codes_of(package, {"in": x}))
            expected = witin_nn_oracle.forward(document, {"a.weight": np.array([1.0], F32)}, {"in": x})
            self.assert_equal(results["a"]["npu_y"][0], codes, "every code occurs")
            self.assert_equal(results["b:x1"]["npu_y"][0], np.clip(library, -128, 127), f"{scale_from} to {scale_to}")
            self.assert_equal(results["b"]["npu_y"], expected["b"].y, f"{scale_from} to {scale_to}: output")


class Scales(unittest.TestCase):
    def test_log2_is_float32(self):
        """A few ulp above a power of two count as the power; torch.log2 says how many, where torch is there."""
        near = [(exponent, np.float32(2.0 ** exponent) * np.float32(1 + ulp * 2.0 ** -23))
                for exponent in range(-12, 13) for ulp in range(-4, 40)]
        found = [scales.auto_scale(value, 8) for _, value in near]
        self.assertEqual(scales.auto_scale(np.nextafter(F32(16), F32(32)), 8), 8)
        self.assertEqual(scales.auto_scale(F32(16.001), 8), 4)
        try:
            import torch
        except ImportError:
            print("skipped: no torch", file=sys.stderr)
            self.skipTest("skipped: no torch")
        for (_, value), scale in zip(near, found):
            self.assertEqual(scale, float(2 ** 7 / 2 ** torch.log2(torch.tensor(value)).ceil()), f"io_max {value!r}")


class FloatFunctions(unittest.TestCase):
    """sigmoid, tanh and gelu bit for bit."""
    FUNCTIONS = {"sigmoid": float_functions.sigmoid, "tanh": float_functions.tanh, "gelu": float_functions.gelu,
                 "gelu_tanh": lambda x: float_functions.gelu(x, "tanh")}

    @needs_shared
    def test_near_ties_of_the_library(self):
        points = 0
        with np.load(shared("vectors", "witin_nn_digital", "near_tie_tables.npz")) as tables:
            for key in tables.files:
                if key == "columns" or not len(tables[key]):
                    continue
                x_log2, y_log2, code, expected = tables[key].T
                value = self.FUNCTIONS[key.rpartition("_vs_")[0]](np.ldexp(code.astype(F32), -x_log2))
                self.assertEqual(int((np.rint(value * np.ldexp(F32(1), y_log2)) != expected).sum()), 0, key)
                points += len(expected)
        self.assertGreater(points, 20_000)

    def test_every_16_bit_code_against_torch(self):
        try:
            import torch
        except ImportError:
            print("skipped: no torch", file=sys.stderr)
            self.skipTest("skipped: no torch")
        theirs = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "gelu": torch.nn.functional.gelu,
                  "gelu_tanh": lambda x: torch.nn.functional.gelu(x, approximate="tanh")}
        for scale in range(0, 16, 5):
            x = np.ldexp(np.arange(-1 << 15, 1 << 15).astype(F32), -scale)
            for name, function in self.FUNCTIONS.items():
                mine, library = function(x), theirs[name](torch.from_numpy(x)).numpy()
                for y_log2 in (7, 11, 15):
                    differ = np.rint(mine * F32(2 ** y_log2)) != np.rint(library * F32(2 ** y_log2))
                    self.assertEqual(int(differ.sum()), 0, f"{name} of codes at 2^{scale} to 2^{y_log2}")


class Chip(Equality):
    def test_same_integers_on_the_chips_rule(self):
        net = witin_nn_networks.RandomNetwork(5, "auto", (3, 6, 6))
        net.layer("conv2d", {"handle_neg_in": "PN", "x_quant_bits": 8, "y_quant_bits": 8, "hardware": "ARRAY",
                             "to_linear": False})
        net.layer("gelu", {"x_quant_bits": 8, "y_quant_bits": 8})
        net.layer("element_mul", {"x_left_quant_bits": 8, "x_right_quant_bits": 8})
        net.layer("linear", {"handle_neg_in": "FALSE", "x_quant_bits": 10, "y_quant_bits": 10})
        net.document["output"] = net.document["layers"][-1]["name"]
        result = imported(net.document, net.tensors)
        library = imported(net.document, net.tensors).package
        warnings = chip.to_wtm2101(result.package)
        package = result.package
        self.assertEqual(package.arithmetic, "wtm2101")
        for node in package.nodes:
            on_array = node["op"] in ("conv2d", "linear")
            same_everywhere = node["op"] in ("requantize", "lut")
            self.assertEqual(node.get("arithmetic"), None if on_array or same_everywhere else "witin_nn", node["name"])
        self.assertEqual(sorted(package.tensors), sorted(library.tensors))
        for key in package.tensors:
            self.assert_equal(package.tensors[key], library.tensors[key], key)
        self.assertTrue(any("y_bits 10" in text for text in warnings), warnings)
        results = run_package.run(package, codes_of(package, net.inputs))
        conv = net.document["layers"][0]["name"]
        node, acc = package.find(conv), results[conv]["npu_acc"]
        quotient = 4 * acc / node["attributes"]["g"]
        expected = np.clip((np.trunc(quotient).astype(int) + 2) >> 2, -128, 127)
        self.assert_equal(results[conv]["npu_y"], expected, "the chip's rule")
        theirs = run_package.run(library, codes_of(library, net.inputs))
        self.assertGreater(int((theirs[conv]["npu_y"] != results[conv]["npu_y"]).sum()), 0)


class Checkpoints(Equality):
    """The published checkpoints, by the command, against what the library computed."""

    @needs_shared
    def test_equal_expected(self):
        import import_witin_nn
        folders = sorted(glob.glob(shared("checkpoints", "*", "checkpoint.pth")))
        self.assertGreaterEqual(len(folders), 8)
        for path in folders:
            folder = os.path.dirname(path)
            with tempfile.TemporaryDirectory() as out:
                model = os.path.join(out, "model.wpkg")
                self.assertEqual(import_witin_nn.main([path, "--network", os.path.join(folder, "network.json"), "-o",
                                                       model,
                                                       "-q"]), 0, folder)
                package = wpkg.Package.read(model)
                x, expected = np.load(os.path.join(folder, "x.npy")), np.load(os.path.join(folder, "expected.npy"))
                with open(os.path.join(folder, "expected.json")) as stream:
                    self.assertEqual(package.find(package.outputs[0])["scale"], json.load(stream)["scale_y"], folder)
                results = run_package.run(package, codes_of(package, {"in": x}))
                self.assert_equal(results[package.outputs[0]]["npu_y"], expected, folder)
                self.check_simulator(model, os.path.join(folder, "x.npy"), expected, out)

    def check_simulator(self, model, x, expected, out):
        simulator = os.environ.get("WITIN_SIM")
        if not simulator:
            return
        y = os.path.join(out, "y.npy")
        run = subprocess.run([simulator, "run", model, x, "--quantize-input", "-o", y], capture_output=True, text=True)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assert_equal(np.load(y), expected, f"{simulator} on {model}")


if __name__ == "__main__":
    unittest.main()
