"""Packages of quantize.py in the simulator: every value of every node as in the NumPy oracle. Needs $WITIN_SIM."""
import os
import subprocess
import sys
import tempfile
import unittest

import numpy as np

import shared_data  # noqa: F401  (finds scripts/)
import run_package
import wpkg
from quant import evaluate, pipeline
from quant.plan import Options
from quant_networks import Net, depthwise, mlp, recurrent, tdnn

SIMULATOR = os.environ.get("WITIN_SIM")
if not SIMULATOR:
    print("skipped: no WITIN_SIM", file=sys.stderr)


def everything(path, random):
    """Residual sum, product, join, pools, slopes, a transposed convolution: the operators the other networks lack."""
    net, r = Net(x=[None, 4, 8, 8]), random
    a = net.node("Relu", net.node("Conv", "x", r.normal(size=(8, 4, 3, 3)) / 4, pads=[1, 1, 1, 1]))
    b = net.node("Conv", a, r.normal(size=(8, 8, 1, 1)) / 2)
    c = net.node("Add", a, b)
    d = net.node("Mul", c, net.node("Sigmoid", b))
    e = net.node("PRelu", net.node("Concat", c, d, axis=1), r.uniform(0.1, 0.5, (16, 1, 1)))
    e = net.node("MaxPool", e, kernel_shape=[2, 2], strides=[2, 2])
    up = net.node("ConvTranspose", e, r.normal(size=(16, 4, 3, 3)) / 9, strides=[2, 2], pads=[1, 1, 0, 0])
    mean = net.node("GlobalAveragePool", net.node("AveragePool", up, kernel_shape=[2, 2], strides=[2, 2]))
    return net.save(path, net.node("Gemm", net.node("Flatten", mean), r.normal(size=(4, 5))))


@unittest.skipUnless(SIMULATOR, "skipped: no WITIN_SIM")
class Simulator(unittest.TestCase):
    def check(self, build, x, streaming=None, **options):
        random = np.random.default_rng(21)
        with tempfile.TemporaryDirectory() as folder:
            place = lambda name: os.path.join(folder, name)
            build(place("m.onnx"), random)
            result = pipeline.quantise(place("m.onnx"), {"x": x}, Options(**options), streaming)
            result.package.write(place("m.wpkg"))
            (codes,) = evaluate.codes_of(result.plan, result.frames).values()
            codes = codes[:200]
            np.save(place("input.npy"), codes.astype(np.int16))
            run = subprocess.run([SIMULATOR, "run", place("m.wpkg"), place("input.npy"), "--trace", place("t.wtrace")],
                                 capture_output=True, text=True, check=False)
            self.assertEqual(run.returncode, 0, run.stderr)
            _, traced = wpkg.read_trace(place("t.wtrace"))
        wanted = run_package.run(result.package, {result.package.inputs[0]["name"]: codes})
        self.assertEqual(set(traced), set(wanted))
        for name, fields in wanted.items():
            np.testing.assert_array_equal(traced[name]["npu_y"], fields["npu_y"], name)
        return result

    def test_dense_and_convolutional_networks(self):
        random = np.random.default_rng(22)
        for arithmetic in ("wtm2101", "witin_nn"):
            for neg_in in ("pn", "shift"):
                self.check(mlp, random.normal(size=(100, 12)), arithmetic=arithmetic, neg_in=neg_in)
            self.check(mlp, random.normal(size=(100, 12)), arithmetic=arithmetic, bits_budget=11.0)
            self.check(lambda path, r: depthwise(path, r, 30), random.normal(size=(20, 3, 10, 10)),
                       arithmetic=arithmetic)
            for average in ("array", "digital"):
                self.check(everything, random.normal(size=(20, 4, 8, 8)), arithmetic=arithmetic, average=average)

    def test_repeated_rows(self):
        weight = np.random.default_rng(23).normal(size=(4, 1, 2, 2)) / 9
        weight -= weight.mean((2, 3), keepdims=True)

        def build(path, random):
            net = Net(x=[None, 2, 4, 4])
            net.save(path, net.node("Conv", "x", weight, group=2))

        result = self.check(build, np.random.default_rng(24).uniform(0.8, 1, (30, 2, 4, 4)))
        self.assertGreater(len(result.package.nodes), 1)

    def test_networks_over_time(self):
        random = np.random.default_rng(25)
        self.check(tdnn, random.normal(size=(5, 8, 16)), streaming=True)
        for op, after in (("GRU", 1), ("GRU", 0), ("LSTM", 0)):
            self.check(lambda path, r: recurrent(path, r, op, after), random.normal(size=(5, 20, 6)), reset_every=20)


if __name__ == "__main__":
    unittest.main()
