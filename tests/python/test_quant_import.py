"""scripts/quant: ONNX networks become float graphs that compute what PyTorch does; what cannot be done is refused."""
import contextlib
import importlib.util
import io
import os
import tempfile
import unittest
import warnings

import numpy as np

import shared_data  # noqa: F401  (finds scripts/)
from quant import calibrate, equalise, float_ops, fold, load
from quant.graph import QuantError
from quant_networks import Net, depthwise, recurrent, tdnn

TORCH = importlib.util.find_spec("torch")


def imported(model, arrays, **how):
    """(graph, frames, steps, layout)"""
    graph, layout = load.import_graph(model, "net", {k: v.shape for k, v in arrays.items()}, **how)
    frames, steps = {}, 1
    for name, entry in zip(load.input_names(model), graph.inputs):
        frames[entry], steps = load.to_frames(np.asarray(arrays[name], np.float64), layout)
    return graph, frames, steps, layout


@unittest.skipUnless(TORCH, "skipped: no python3-torch")
class AgainstTorch(unittest.TestCase):
    def check(self, module, x, ops, last=False, **how):
        """The graph has these operators, and its float outputs are the module's, before and after folding."""
        import onnx
        import torch
        module.eval()
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(), \
                contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            path = os.path.join(folder, "m.onnx")
            torch.onnx.export(module, x[:1], path, input_names=["x"], dynamic_axes={"x": {0: "N"}}, opset_version=13)
            model = onnx.load(path)
        wanted = module(x).detach().numpy()
        graph, frames, steps, layout = imported(model, {"x": x.numpy()}, **how)
        for folded in (False, True):
            if folded:
                fold.fold(graph)
                equalise.equalise(graph)
            values = float_ops.run(graph, frames, steps)[graph.outputs[0]]
            if layout:
                values = values.reshape(len(x), steps, -1)
                values = values[:, -1] if last else values
                values = values if wanted.shape == values.shape else values.transpose(0, 2, 1)
            np.testing.assert_allclose(values, wanted, rtol=0, atol=2e-5 * max(1, np.abs(wanted).max()))
        self.assertEqual([layer.op for layer in graph.layers], ops)

    def setUp(self):
        import torch
        torch.manual_seed(1)
        torch.set_num_threads(1)

    def statistics(self, module):
        """Batch normalisation as after training."""
        import torch
        for layer in module.modules():
            if hasattr(layer, "running_var"):
                torch.nn.init.uniform_(layer.running_var, 0.3, 3)
                torch.nn.init.normal_(layer.running_mean)
                torch.nn.init.normal_(layer.weight)
                torch.nn.init.normal_(layer.bias)
        return module

    def test_convolutions_pools_and_normalisation(self):
        import torch
        from torch import nn

        class Network(nn.Module):
            def __init__(self):
                super().__init__()
                self.first = nn.Conv2d(3, 8, 3, stride=2, padding=1)
                self.norm = nn.BatchNorm2d(8)
                self.depth = nn.Conv2d(8, 8, 3, padding=2, dilation=2, groups=8, bias=False)
                self.late = nn.BatchNorm2d(8)
                self.point = nn.Conv2d(8, 6, 1)
                self.up = nn.ConvTranspose2d(6, 4, 3, stride=2, padding=1, output_padding=1, groups=2)
                self.pool, self.mean = nn.MaxPool2d(3, 2, 1), nn.AvgPool2d(2)
                self.scores = nn.Linear(4 * 4, 5)

            def forward(self, x):
                x = self.norm(self.first(x))
                x = self.late(torch.relu(self.depth(torch.relu(x))))
                x = torch.relu(self.up(self.point(x)))
                return self.scores(self.mean(self.pool(x)).flatten(1))

        self.check(self.statistics(Network()), torch.randn(5, 3, 8, 9)[:, :, :, :8],
                   ["conv2d", "relu", "conv2d", "relu", "conv2d", "conv_transpose2d", "relu", "max_pool", "avg_pool",
                    "reshape", "linear"])

    def test_functions_of_one_value_become_one_table(self):
        import torch
        from torch import nn

        class Network(nn.Module):
            def __init__(self):
                super().__init__()
                self.a, self.b, self.c = nn.Linear(6, 6), nn.Linear(6, 6), nn.Linear(6, 6)
                self.slope = nn.PReLU(6)

            def forward(self, x):
                x = nn.functional.gelu(self.a(x))
                x = nn.functional.silu(self.b(x))
                x = nn.functional.hardswish(self.slope(self.c(x)) + 1)
                return nn.functional.elu(x) * 0.5

        self.check(Network(), torch.randn(20, 6), ["linear", "unary", "linear", "unary", "linear", "prelu", "unary"])

    def test_joins_slices_and_permutations(self):
        import torch
        from torch import nn

        class Network(nn.Module):
            def __init__(self):
                super().__init__()
                self.a, self.b = nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(4, 4, 1)

            def forward(self, x):
                left, right = self.a(x), torch.sigmoid(self.b(x))
                y = torch.cat([left * right, left - right, x[:, 1:3]], 1)
                return y[:, :, 1:, ::2].permute(0, 2, 1, 3).mean((2, 3))

        self.check(Network(), torch.randn(4, 4, 5, 6), ["conv2d", "conv2d", "unary", "mul", "unary", "add", "slice",
                                                        "concat", "slice", "slice", "permute", "global_avg_pool",
                                                        "reshape"])

    def test_one_dimensional_convolutions_are_maps_without_recurrence(self):
        import torch
        from torch import nn
        network = nn.Sequential(nn.Conv1d(3, 8, 5, padding=2, stride=2), nn.BatchNorm1d(8), nn.ReLU(), nn.MaxPool1d(2),
                                nn.Conv1d(8, 8, 3, dilation=2), nn.Flatten(), nn.Linear(8 * 2, 4))
        self.check(self.statistics(network), torch.randn(6, 3, 24),
                   ["reshape", "conv2d", "relu", "max_pool", "conv2d", "reshape", "linear"])

    def test_recurrent_layers_stream(self):
        import torch
        from torch import nn

        class Keyword(nn.Module):
            def __init__(self):
                super().__init__()
                self.front, self.gru = nn.Linear(5, 6), nn.GRU(6, 7, num_layers=2, batch_first=True)
                self.scores = nn.Linear(7, 3)

            def forward(self, x):
                return self.scores(self.gru(torch.relu(self.front(x)))[0][:, -1])

        class Labels(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv, self.norm, self.lstm = nn.Conv1d(5, 6, 3), nn.BatchNorm1d(6), nn.LSTM(6, 7)
                self.scores = nn.Linear(7, 3)

            def forward(self, x):
                x = torch.relu(self.norm(self.conv(nn.functional.pad(x, (2, 0)))))
                return self.scores(self.lstm(x.permute(2, 0, 1))[0]).permute(1, 0, 2)

        class States(nn.Module):
            def __init__(self):
                super().__init__()
                self.lstm, self.scores = nn.LSTM(5, 7, num_layers=3, batch_first=True), nn.Linear(7, 3)

            def forward(self, x):
                return self.scores(self.lstm(x)[1][0][-1])

        self.check(States(), torch.randn(4, 9, 5), ["lstm", "lstm", "lstm", "linear"], last=True)
        self.check(Keyword(), torch.randn(4, 9, 5), ["linear", "relu", "gru", "gru", "linear"], last=True)
        self.check(self.statistics(Labels()), torch.randn(4, 5, 9), ["tdnn", "relu", "lstm", "linear"])

    def test_causal_convolutions_stream_on_request(self):
        import torch
        from torch import nn

        class Network(nn.Module):
            def __init__(self):
                super().__init__()
                self.a, self.b = nn.Conv1d(5, 6, 3, dilation=2), nn.Conv1d(6, 4, 2, groups=2)

            def forward(self, x):
                return self.b(nn.functional.pad(torch.relu(self.a(nn.functional.pad(x, (4, 0)))), (1, 0)))

        self.check(Network(), torch.randn(3, 5, 12), ["tdnn", "relu", "tdnn"], streaming=True)


class Structure(unittest.TestCase):
    def setUp(self):
        self.random = np.random.default_rng(5)
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.path = os.path.join(scratch.name, "m.onnx")

    def test_a_reset_before_the_product_keeps_onnx_semantics(self):
        """ONNX's GRU without linear_before_reset, written out."""
        model = load.read_model(recurrent(self.path, self.random, "GRU", reset_after=0))
        x = self.random.normal(size=(2, 5, 6))
        graph, frames, steps, _ = imported(model, {"x": x})
        got = float_ops.run(graph, frames, steps)[graph.outputs[0]].reshape(2, 5, 4)[:, -1]
        w, r, b = self.gru_weights(model)
        s = lambda v: 1 / (1 + np.exp(-v))
        h = np.zeros((2, 10))
        for t in range(5):
            wz, wr, wh = (x[:, t] @ part.T for part in np.split(w[0], 3))
            rz, rr, rh = np.split(r[0], 3)
            wbz, wbr, wbh, rbz, rbr, rbh = np.split(b[0], 6)
            z, gate = s(wz + h @ rz.T + wbz + rbz), s(wr + h @ rr.T + wbr + rbr)
            n = np.tanh(wh + (gate * h) @ rh.T + rbh + wbh)
            h = (1 - z) * n + z * h
        from onnx import numpy_helper
        dense = [numpy_helper.to_array(t) for t in model.graph.initializer][-2:]
        np.testing.assert_allclose(got, h @ dense[0] + dense[1], atol=1e-6)

    @staticmethod
    def gru_weights(model):
        from onnx import numpy_helper
        known = {t.name: numpy_helper.to_array(t).astype(np.float64) for t in model.graph.initializer}
        return [known[name] for name in model.graph.node[1].input[1:4]]

    def test_folding_and_equalising_change_no_float_output(self):
        for build in (lambda: depthwise(self.path, self.random, 100), lambda: self.normalised()):
            model = load.read_model(build())
            shape = [n.dim_value or 4 for n in model.graph.input[0].type.tensor_type.shape.dim]
            graph, frames, steps, _ = imported(model, {"x": self.random.normal(size=shape)})
            before = calibrate.outputs(graph, frames, steps)[graph.outputs[0]]
            fold.fold(graph)
            pairs = equalise.equalise(graph)
            after = calibrate.outputs(graph, frames, steps)[graph.outputs[0]]
            np.testing.assert_allclose(after, before, atol=1e-9 * np.abs(before).max())
            self.assertGreater(pairs, 0)

    def normalised(self):
        """Normalisation before and after layers, with and without padding between."""
        r, net = self.random, Net(x=[None, 3, 6, 6])
        norm = lambda value, n: net.node("BatchNormalization", value, r.normal(size=n), r.normal(size=n),
                                         r.normal(size=n), r.uniform(0.5, 2, n))
        value = norm("x", 3)
        value = net.node("Conv", value, r.normal(size=(4, 3, 3, 3)), pads=[1, 1, 1, 1])
        value = net.node("Relu", norm(value, 4))
        value = net.node("Conv", norm(value, 4), r.normal(size=(4, 4, 1, 1)))
        value = net.node("Flatten", net.node("MaxPool", value, kernel_shape=[2, 2], strides=[2, 2]))
        value = net.node("Mul", net.node("Add", value, r.normal(size=36)), r.normal(size=36))
        return net.save(self.path, net.node("Gemm", value, r.normal(size=(36, 3)), r.normal(size=3)))

    def test_normalisation_before_padding_becomes_a_layer_and_is_told(self):
        graph, _, _, _ = imported(load.read_model(self.normalised()), {"x": np.zeros((2, 3, 6, 6))})
        fold.fold(graph)
        self.assertEqual([layer.op for layer in graph.layers],
                         ["conv2d", "conv2d", "relu", "conv2d", "max_pool", "reshape", "linear"])
        self.assertEqual(graph.layers[0].attrs["groups"], 3)
        self.assertTrue(any("array layer of its own" in note for note in graph.notes))

    def test_equalising_makes_the_ranges_of_neighbours_equal(self):
        graph, _, _, _ = imported(load.read_model(depthwise(self.path, self.random, 100)),
                                  {"x": np.zeros((2, 3, 10, 10))})
        spread = lambda: max(np.ptp(np.log(equalise.output_ranges(layer))) for layer in graph.layers
                             if layer.op == "conv2d")
        before = spread()
        equalise.equalise(graph)
        self.assertGreater(before, np.log(50))
        for first, second, repeat in equalise.pairs(graph):
            np.testing.assert_allclose(equalise.output_ranges(first), equalise.input_ranges(second, first.shape[0]),
                                       rtol=0.05)

    def test_a_stream_of_valid_convolutions_says_its_warm_up(self):
        net = Net(x=[None, 4, None])
        value = net.node("Conv", "x", self.random.normal(size=(4, 4, 3)))
        net.save(self.path, net.node("Conv", value, self.random.normal(size=(2, 4, 2)), dilations=[3]))
        x = self.random.normal(size=(2, 4, 15))
        model = load.read_model(self.path)
        graph, frames, steps, _ = imported(model, {"x": x}, streaming=True)
        self.assertTrue(any("first 5 frames" in note for note in graph.notes), graph.notes)
        streamed = float_ops.run(graph, frames, steps)[graph.outputs[0]].reshape(2, 15, 2)[:, 5:]
        whole, frames, steps, _ = imported(model, {"x": x})
        mapped = float_ops.run(whole, frames, steps)[whole.outputs[0]]
        np.testing.assert_allclose(streamed.transpose(0, 2, 1), mapped.reshape(2, 2, 10), atol=1e-9)

    def test_a_stream_and_a_map_of_causal_convolutions_agree(self):
        model, x = load.read_model(tdnn(self.path, self.random)), self.random.normal(size=(3, 8, 11))
        graph, frames, steps, layout = imported(model, {"x": x}, streaming=True)
        self.assertEqual((layout, graph.layers[0].attrs["time_offsets"]), ("NFT", [-4, -2, 0]))
        streamed = float_ops.run(graph, frames, steps)[graph.outputs[0]].reshape(3, 11, 6)
        whole, frames, steps, _ = imported(model, {"x": x})
        np.testing.assert_allclose(streamed.transpose(0, 2, 1),
                                   float_ops.run(fold.fold(whole), frames)[whole.outputs[0]]
                                   .reshape(3, 6, 11), atol=1e-9)

    # ------------------------------------------------------------------------------------------------ refusals
    def refused(self, build, shape, text, **how):
        net = Net(x=[None] + list(shape[1:]))
        net.save(self.path, build(net))
        with self.assertRaisesRegex(QuantError, text) as caught:
            graph, _, _, _ = imported(load.read_model(self.path), {"x": np.zeros(shape)}, **how)
            fold.fold(graph)
        self.assertNotIn("\n", str(caught.exception))

    def test_what_is_not_supported_is_refused_by_name_and_reason(self):
        r = self.random
        self.refused(lambda n: n.node("LRN", "x", size=3, name="norm/7"), (2, 3, 4, 4),
                     r"node norm/7 \(LRN\): this operator")
        self.refused(lambda n: n.node("MatMul", "x", "x"), (2, 4), "the right side must be a constant")
        self.refused(lambda n: n.node("Gemm", n.node("Softmax", "x"), r.normal(size=(4, 2))), (2, 4),
                     "only at the network's end")
        self.refused(lambda n: n.node("Transpose", "x", perm=[1, 0]), (2, 4), "moves the batch axis")
        self.refused(lambda n: n.node("Reshape", "x", np.array([-1, 2])), (2, 4), "does not keep the batch axis")
        self.refused(lambda n: n.node("Div", "x", n.node("Gemm", "x", r.normal(size=(4, 4)))), (2, 4),
                     "of two computed values")
        self.refused(lambda n: n.node("Add", "x", r.normal(size=(3, 4, 4))), (2, 3, 4, 4), "changes within a channel")
        self.refused(lambda n: n.node("Conv", "x", r.normal(size=(2, 5, 3, 3))), (2, 3, 4, 4), "over 3 channels")
        self.refused(lambda n: n.node("Conv", "x", r.normal(size=(2, 3, 7, 7))), (2, 3, 4, 4), "does not fit 4 values")
        self.refused(lambda n: n.node("MaxPool", n.node("Pad", "x", np.array([0, 0, 1, 1, 0, 0, 1, 1])),
                                      kernel_shape=[2, 2]),
                     (2, 3, 4, 4), "padding that no convolution follows")
        self.refused(lambda n: n.node("Conv", "x", np.full((2, 3, 1, 1), np.nan)), (2, 3, 4, 4),
                     r"value nan at index \[0, 0, 0, 0\]")
        self.refused(lambda n: n.node("Add", "x", "missing"), (2, 4), "input missing is not defined")

    def test_what_cannot_stream_is_refused(self):
        r = self.random
        weights = r.normal(size=(1, 6, 4)), r.normal(size=(1, 6, 2))
        gru = lambda n, x, **attrs: n.node("GRU", x, *weights, hidden_size=2, outputs=2, **attrs)[0]
        self.refused(lambda n: n.node("GRU", "x", np.tile(weights[0], (2, 1, 1)), np.tile(weights[1], (2, 1, 1)),
                                      outputs=2,
                                      hidden_size=2, direction="bidirectional")[0], (9, 2, 4), "needs the future")
        self.refused(lambda n: gru(n, n.node("Transpose", n.node("Conv", "x", r.normal(size=(4, 4, 3)), pads=[1, 1]),
                                             perm=[2, 0, 1])), (2, 4, 9), "pads 1 frames before and 1 after")
        self.refused(lambda n: gru(n, n.node("Transpose", n.node("Conv", "x", r.normal(size=(4, 4, 3))),
                                             perm=[2, 0, 1])),
                     (2, 4, 9), "lags 2 frames behind")
        self.refused(lambda n: n.node("ReduceMean", gru(n, "x"), axes=[0]), (9, 2, 4), "cannot stream")
        self.refused(lambda n: n.node("Conv", "x", r.normal(size=(4, 4, 3)), strides=[2]), (2, 4, 9), "stride 2",
                     streaming=True)
        self.refused(lambda n: gru(n, n.node("Relu", "x"), activations=["Relu", "Tanh"]), (9, 2, 4),
                     "usual activations")

    def test_calibration_data_of_the_wrong_shape_are_refused(self):
        net = Net(x=[None, 3, 4, 4])
        model = net.model(net.node("Relu", "x"))
        for shape in ((2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 4)):
            with self.assertRaisesRegex(QuantError, r"calibration data for x: shape .*, expected \[N, 3, 4, 4\]"):
                load.import_graph(model, "net", {"x": shape})
        with self.assertRaisesRegex(QuantError, "no calibration data"):
            load.import_graph(model, "net", {})
        with self.assertRaisesRegex(QuantError, "the model has no such input"):
            load.import_graph(model, "net", {"x": (1, 3, 4, 4), "y": (1,)})


if __name__ == "__main__":
    unittest.main()
