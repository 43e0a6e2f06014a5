"""--model: a torch model with layer configurations becomes the same package as its state dict and network file."""
import contextlib
import io
import os
import sys
import tempfile
import unittest

import numpy as np

from shared_data import ROOT  # noqa: F401  (sets the import path)
import import_witin_nn
import run_package
import wpkg

try:
    import torch
    import witin_nn_lookalike
except ImportError:
    torch = None

LAYERS = [("features.0", "conv2d"), ("features.1", "relu"), ("features.2", "max_pool2d"), ("gate", "conv2d"),
          ("sigmoid", "sigmoid"), ("multiply", "element_mul"), ("relu", "relu"), ("cat", "cat"),
          ("transpose", "permute"),
          ("getitem_1", "slice"), ("permute", "permute"), ("view", "reshape"), ("max_pool2d", "max_pool2d"),
          ("flatten", "reshape"), ("getitem_2_1", "slice"), ("reshape", "reshape"), ("fc", "linear")]


class TorchModel(unittest.TestCase):
    def setUp(self):
        if torch is None:
            print("skipped: no torch", file=sys.stderr)
            self.skipTest("skipped: no torch")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = lambda name: os.path.join(folder.name, name)

    def run_import(self, *arguments):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = import_witin_nn.main([*arguments, "-o", self.path("m.wpkg")])
        return status, out.getvalue(), err.getvalue()

    def test_the_model_runs_as_its_layers_say(self):
        status, out, err = self.run_import("--model", "witin_nn_lookalike:network", "--input-shape", "2,6,6")
        self.assertEqual(status, 0, err)
        package = wpkg.Package.read(self.path("m.wpkg"))
        self.assertEqual(package.inputs[0]["shape"], [2, 6, 6])
        self.assertEqual(package.find("gate")["attributes"]["x_bits"], 10)
        self.assertEqual(package.find("features.0")["attributes"]["pads"], [1, 1, 1, 1])
        self.assertEqual(package.outputs, ["fc"])
        x = torch.randn(3, 2, 6, 6)
        entry = package.inputs[0]
        codes = np.clip(np.rint(x.numpy() * np.float32(entry["scale"])), *package.input_range(entry)).astype(int)
        y = run_package.run(package, {"x": codes})["fc"]["npu_y"] / package.find("fc")["scale"]
        with torch.no_grad():
            expected = witin_nn_lookalike.network().eval()(x).numpy()
        correlation = np.corrcoef(y.reshape(-1), expected.reshape(-1))[0, 1]
        self.assertGreater(correlation, 0.95, "floats and codes agree in the wiring only")

    def test_equals_the_network_file(self):
        from witin_checkpoint import importer, network, torch_model
        model = torch_model.make("witin_nn_lookalike:network")
        document, name, where = torch_model.describe(model, [(2, 6, 6)], "witin_nn_lookalike:network")
        self.assertEqual([(layer["name"], layer["type"]) for layer in document["layers"]], LAYERS)
        torch.save(model.state_dict(), self.path("c.pth"))
        self.assertEqual(self.run_import("--model", where, "--input-shape", "2,6,6")[0], 0)
        first = wpkg.Package.read(self.path("m.wpkg"))
        self.assertEqual(self.run_import(self.path("c.pth"), "--model", where, "--input-shape", "2,6,6")[0], 0)
        second = wpkg.Package.read(self.path("m.wpkg"))
        from witin_checkpoint import checkpoint
        third = importer.build(network.check(document, name, where), checkpoint.load(self.path("c.pth"))).package
        for other in (second, third):
            self.assertEqual(first.nodes, other.nodes)
            for key, values in first.tensors.items():
                np.testing.assert_array_equal(values, other.tensors[key])

    def test_refusals(self):
        for reference, shape, pattern in (
                ("witin_nn_lookalike:unconfigured", "2,6,6", "fc: the WitinLinear carries no layer_config"),
                ("witin_nn_lookalike:plain_addition", "2,6,6", "add is not exact on codes"),
                ("witin_nn_lookalike:network", "2,6", "cannot be traced"),
                ("witin_nn_lookalike:none", "2,6,6", "has no attribute 'none'"),
                ("no_such_module_here:f", "2,6,6", "No module named"),
                ("witin_nn_lookalike:Config", "2,6,6", "expected a torch.nn.Module")):
            status, _, err = self.run_import("--model", reference, "--input-shape", shape)
            self.assertEqual((status, len(err.splitlines())), (2, 1), err)
            self.assertIn(pattern, err)
        self.assertIn("0 times", self.run_import("--model", "witin_nn_lookalike:network")[2])


if __name__ == "__main__":
    unittest.main()
