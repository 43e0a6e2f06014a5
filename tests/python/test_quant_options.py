"""scripts/quant: what every option of quantize.py does to a network, measured with the NumPy oracle."""
import os
import tempfile
import unittest

import numpy as np

import shared_data  # noqa: F401  (finds scripts/)
from quant import budget, evaluate, pipeline, report
from quant.graph import QuantError
from quant.plan import Options
from quant_networks import Net, depthwise, mlp, recurrent, tdnn


class Quantised(unittest.TestCase):
    def setUp(self):
        self.random = np.random.default_rng(11)
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.path = os.path.join(scratch.name, "m.onnx")

    def quantise(self, x, streaming=None, **options):
        return pipeline.quantise(self.path, {"x": x}, Options(**options), streaming)

    def output_sqnr(self, result):
        return report.document(result)["output_sqnr_db"]

    def array_nodes(self, result):
        return [n for n in result.package.nodes if "g" in n.get("attributes", {})]


class Arithmetic(Quantised):
    def test_codes_weights_biases_and_g_are_what_the_chip_has(self):
        mlp(self.path, self.random)
        for arithmetic in ("wtm2101", "witin_nn"):
            for method in ("minmax", "percentile", "mse", "kl"):
                result = self.quantise(self.random.normal(size=(200, 12)), arithmetic=arithmetic, method=method,
                                       bias_rows=2)
                self.assertEqual(result.package.arithmetic, arithmetic)
                for node in self.array_nodes(result):
                    g, bias = node["attributes"]["g"], result.package.tensor(node, "bias")
                    self.assertEqual(np.log2(g) % 1, 0)
                    self.assertTrue(arithmetic == "witin_nn" or 256 <= g <= 8192)
                    self.assertFalse((bias % 128).any())
                    self.assertTrue(((bias >= -2 * 128 * 128) & (bias <= 2 * 127 * 128)).all())
                    self.assertLessEqual(np.abs(result.package.tensor(node, "weight")).max(),
                                         127 if arithmetic == "witin_nn" else 254)
                self.assertGreater(self.output_sqnr(result), 25)

    def test_the_scales_say_what_the_codes_mean(self):
        """scale_y = scale_x scale_weight / g, and code / scale is near the float value."""
        mlp(self.path, self.random)
        result = self.quantise(self.random.normal(size=(200, 12)))
        scale = {entry["name"]: entry["scale"] for entry in result.package.inputs + result.package.nodes}
        for layer in result.graph.layers:
            if layer.name in result.plan.arrays:
                part = result.plan.arrays[layer.name][""]
                self.assertEqual(scale[layer.name], scale[layer.inputs[0]] * part.scale_weight / part.g)
                self.assertEqual(part.scale_weight * scale[layer.inputs[0]], part.g * scale[layer.name])

    def test_the_same_data_give_the_same_bytes(self):
        mlp(self.path, self.random)
        x, data = self.random.normal(size=(100, 12)), []
        for k in range(2):
            target = f"{self.path}.{k}"
            self.quantise(x, bias_correction=True).package.write(target)
            with open(target, "rb") as stream:
                data.append(stream.read())
        self.assertEqual(data[0], data[1])

    def test_too_few_bias_rows_are_told(self):
        net = Net(x=[None, 8])
        net.save(self.path, net.node("Gemm", "x", self.random.normal(size=(8, 4)) / 9, np.full(4, 900.0)))
        few, many = (self.quantise(self.random.normal(size=(100, 8)), bias_rows=n) for n in (1, 32))
        held = [np.abs(r.plan.arrays[r.graph.layers[0].name][""].weights[0]).max() for r in (few, many)]
        self.assertLess(held[0], held[1])


class SmallG(Quantised):
    """A layer of few rows would need a g below the chip's 256."""

    def balanced(self, *shape, axis):
        """Weights that add up to zero along an axis: inputs that are nearly alike nearly cancel."""
        weight = self.random.normal(size=shape) / 9
        return weight - weight.mean(axis, keepdims=True)

    def test_wider_weights_and_repeated_rows_keep_the_output_fine(self):
        net = Net(x=[None, 6])
        net.save(self.path, net.node("Gemm", "x", self.balanced(6, 5, axis=0)))
        x = self.random.uniform(0.75, 1, (300, 6))
        coarse, fine = (self.quantise(x, copies=n) for n in (1, 8))
        scales = [result.plan.codes[result.graph.outputs[0]].scale for result in (coarse, fine)]
        self.assertGreaterEqual(scales[1], 2 * scales[0])
        self.assertGreater(self.output_sqnr(fine), self.output_sqnr(coarse))
        (first,) = [part[""] for part in fine.plan.arrays.values()]
        self.assertGreater(first.copies, 1)
        self.assertTrue(any("times" in note for note in first.notes))
        (node,) = self.array_nodes(fine)
        self.assertGreaterEqual(node["attributes"]["g"], 256)
        self.assertEqual(fine.package.tensor(node, "weight").shape, (6 * first.copies, 5))
        self.assertTrue(127 < np.abs(fine.package.tensor(node, "weight")).max() <= 254)
        self.assertLessEqual(np.abs(coarse.package.tensor(coarse.package.nodes[0], "weight")).max(), 254)

    def test_repeated_rows_of_every_operator_add_up(self):
        """A wrong order of the copies would give other outputs altogether."""
        opposite = self.balanced(2, 3, 1, 2, axis=0)
        layers = {
            "conv2d": lambda n: n.node("Conv", "x", self.balanced(4, 2, 2, 2, axis=(1, 2, 3))),
            "conv2d groups": lambda n: n.node("Conv", "x", self.balanced(4, 1, 2, 2, axis=(2, 3)), group=2),
            "conv_transpose2d": lambda n: n.node("ConvTranspose", "x", opposite, strides=[1, 2]),
            "conv_transpose2d groups": lambda n: n.node("ConvTranspose", "x", self.balanced(2, 2, 2, 1, axis=2),
                                                        group=2,
                                                        pads=[1, 0, 1, 0])}
        for name, build in layers.items():
            net = Net(x=[None, 2, 4, 4])
            net.save(self.path, build(net))
            result = self.quantise(self.random.uniform(0.8, 1, (80, 2, 4, 4)))
            self.assertGreater(next(iter(result.plan.arrays.values()))[""].copies, 1, name)
            self.assertGreater(self.output_sqnr(result), 25, name)
        net = Net(x=[None, 8, None])
        net.save(self.path, net.node("Conv", "x", self.balanced(5, 8, 3, axis=1), pads=[4, 0], dilations=[2]))
        result = self.quantise(self.random.uniform(0.8, 1, (8, 8, 16)), streaming=True)
        self.assertGreater(next(iter(result.plan.arrays.values()))[""].copies, 1)
        self.assertGreater(self.output_sqnr(result), 25)


class Equalisation(Quantised):
    def test_recovers_a_depthwise_network_whose_channels_differ_by_a_hundred_times(self):
        x = self.random.normal(size=(60, 3, 10, 10))
        depthwise(self.path, np.random.default_rng(3), 100)
        off, on = (self.output_sqnr(self.quantise(x, equalise=e)) for e in (False, True))
        depthwise(self.path, np.random.default_rng(3), 1)
        alike = self.output_sqnr(self.quantise(x, equalise=True))
        self.assertLess(off, 18)
        self.assertGreater(on, off + 12)
        self.assertGreater(on, alike - 2)


class NegativeInputs(Quantised):
    def kinds(self, x, **options):
        result = self.quantise(x, **options)
        first = self.array_nodes(result)[0]["attributes"]
        return result.package.inputs[0], first.get("neg_in", "none"), self.output_sqnr(result)

    def test_the_data_decide(self):
        mlp(self.path, self.random)
        entry, kind, _ = self.kinds(self.random.uniform(0, 1, (200, 12)))
        self.assertEqual((kind, entry["signed"], entry.get("neg_in")), ("none", False, None))
        entry, kind, _ = self.kinds(self.random.normal(size=(200, 12)))
        self.assertEqual((kind, entry["neg_in"]), ("pn", "pn"))
        lopsided = self.random.uniform(-0.1, 1.9, (200, 12))
        entry, kind, chosen = self.kinds(lopsided)
        self.assertEqual((kind, entry["neg_in"]), ("shift", "shift"))
        self.assertTrue(1 <= entry["shift"] <= 40)
        self.assertGreater(entry["scale"], 127)

    def test_the_user_may_decide(self):
        mlp(self.path, self.random)
        for wanted in ("pn", "shift"):
            result = self.quantise(self.random.normal(size=(200, 12)), neg_in=wanted)
            self.assertEqual(self.array_nodes(result)[0]["attributes"]["neg_in"], wanted)
            self.assertGreater(self.output_sqnr(result), 25)

    def test_a_padded_pixel_is_the_shift_of_the_codes(self):
        net = Net(x=[None, 2, 6, 6])
        net.save(self.path, net.node("Conv", "x", self.random.normal(size=(3, 2, 3, 3)), pads=[1, 1, 1, 1]))
        result = self.quantise(self.random.uniform(-0.1, 1.9, (50, 2, 6, 6)), neg_in="shift")
        attributes = self.array_nodes(result)[0]["attributes"]
        self.assertEqual(attributes["shift"], result.package.inputs[0]["shift"])
        self.assertGreater(self.output_sqnr(result), 32)

    def test_a_layer_too_tall_for_two_rows_a_value_is_shifted(self):
        net = Net(x=[None, 1100])
        value = net.node("Gemm", "x", self.random.normal(size=(1100, 1100)) / 30)
        net.save(self.path, net.node("Gemm", value, self.random.normal(size=(1100, 3)) / 30))
        result = self.quantise(self.random.uniform(0, 1, (20, 1100)))
        node = self.array_nodes(result)[1]
        self.assertEqual((node["attributes"]["neg_in"], node["attributes"]["shift"]), ("shift", 128))
        self.assertEqual(result.package.find(node["inputs"][0])["op"], "requantize")
        self.assertGreater(self.output_sqnr(result), 25)

    def test_the_librarys_convolutions_take_no_unsigned_codes(self):
        depthwise(self.path, self.random, 1)
        result = self.quantise(self.random.uniform(0, 1, (20, 3, 10, 10)), arithmetic="witin_nn")
        first, second = (n["attributes"] for n in self.array_nodes(result)[:2])
        self.assertEqual(first["neg_in"], "pn")
        self.assertTrue(second["x_signed"])
        self.assertGreater(self.output_sqnr(result), 28)


class Widths(Quantised):
    def network(self):
        """A first layer of few multiplications whose inputs span four decades, and a costly second one."""
        net = Net(x=[None, 6])
        value = net.node("Gemm", "x", self.random.normal(size=(6, 40)), self.random.normal(size=40) / 4)
        value = net.node("Relu", value)
        net.save(self.path, net.node("Gemm", value, self.random.normal(size=(40, 40)) / 6))
        return self.random.normal(size=(200, 6)) * np.logspace(-2, 0.5, 200)[:, None]

    def test_the_budget_buys_precision_and_is_kept(self):
        x = self.network()
        found = []
        for bits in (8, 8.6, 10, 12):
            result = self.quantise(x, arithmetic="witin_nn", bits_budget=bits)
            self.assertLessEqual(budget.mean_width(result.graph, result.plan.widths), bits + 1e-9)
            found.append(self.output_sqnr(result))
        self.assertEqual(found, sorted(found))
        self.assertGreater(found[-1], found[0] + 3)

    def test_on_the_chip_wide_inputs_show_small_channels_beside_a_large_one(self):
        net = Net(x=[None, 9])
        weight = np.concatenate([np.full((1, 6), 0.002), self.random.normal(size=(8, 6))])
        net.save(self.path, net.node("Gemm", "x", weight))
        x = self.random.normal(size=(300, 9)) * np.array([100] + 8 * [0.5])
        narrow, wide = (self.quantise(x, bits_budget=b, copies=1) for b in (8, 12))
        self.assertGreater(self.output_sqnr(wide), self.output_sqnr(narrow) + 10)
        attributes = self.array_nodes(wide)[0]["attributes"]
        self.assertTrue(attributes["split"] and attributes["x_bits"] == wide.package.inputs[0]["bits"] > 8)

    def test_wide_inputs_are_split(self):
        x = self.network()
        result = self.quantise(x, arithmetic="witin_nn", bits_budget=12)
        self.assertEqual([name for name, *_ in result.choices if name == "x"][:1], ["x"])
        first, second = self.array_nodes(result)
        self.assertGreater(first["attributes"]["x_bits"], 8)
        self.assertTrue(first["attributes"]["split"])
        self.assertEqual(result.package.inputs[0]["bits"], first["attributes"]["x_bits"])
        self.assertGreater(first["attributes"]["y_bits"], 8)
        self.assertGreaterEqual(second["attributes"].get("x_bits", 8) + 1, first["attributes"]["y_bits"])

    def test_the_chips_converter_stays_at_eight_bits(self):
        result = self.quantise(self.network(), bits_budget=12)
        self.assertTrue(all("y_bits" not in n["attributes"] for n in self.array_nodes(result)))
        self.assertTrue(all(name == "x" for name, *_ in result.choices))

    def test_nothing_is_widened_that_something_else_reads(self):
        net = Net(x=[None, 6])
        value = net.node("Gemm", "x", self.random.normal(size=(6, 6)))
        net.save(self.path, net.node("Gemm", net.node("Tanh", value), self.random.normal(size=(6, 6))))
        result = self.quantise(self.random.normal(size=(50, 6)), arithmetic="witin_nn", bits_budget=12)
        self.assertLessEqual({name for name, *_ in result.choices}, {"x"})


class Corrections(Quantised):
    def test_bias_correction_takes_the_mean_error_back(self):
        mlp(self.path, self.random, (12, 60, 60, 5))
        x = self.random.uniform(0, 1, (400, 12))
        mean_error = []
        for correct in (False, True):
            result = self.quantise(x, bias_correction=correct, method="percentile", percentile=99)
            layer = result.graph.layers[2]
            error = result.floats[layer.name] - result.codes[layer.name]["npu_y"] / result.plan.codes[layer.name].scale
            mean_error.append(np.abs(error.mean(0)).mean() * result.plan.codes[layer.name].scale)
        self.assertLess(mean_error[1], 0.7 * mean_error[0])

    def test_an_average_on_the_array_keeps_what_the_digital_one_truncates(self):
        net = Net(x=[None, 3, 12, 12])
        value = net.node("Relu", net.node("Conv", "x", self.random.normal(size=(8, 3, 3, 3)) / 5))
        value = net.node("Flatten", net.node("GlobalAveragePool", value))
        net.save(self.path, net.node("Gemm", value, self.random.normal(size=(8, 4))))
        x = self.random.normal(size=(100, 3, 12, 12))
        array, digital = (self.quantise(x, average=a) for a in ("array", "digital"))
        self.assertIn("global_avg_pool", [n["op"] for n in digital.package.nodes])
        self.assertNotIn("global_avg_pool", [n["op"] for n in array.package.nodes])
        self.assertGreater(self.output_sqnr(array), self.output_sqnr(digital) + 5)


class Streams(Quantised):
    def test_recurrent_networks_follow_their_float_selves(self):
        for op, reset_after, name in (("GRU", 1, "gru2array"), ("GRU", 0, "gru_single"), ("LSTM", 0, "lstm")):
            recurrent(self.path, np.random.default_rng(5), op, reset_after)
            result = self.quantise(np.random.default_rng(6).normal(size=(12, 25, 6)))
            self.assertEqual([n["op"] for n in result.package.nodes], [name, "linear"])
            self.assertGreater(self.output_sqnr(result), 24, name)
            sqnr = evaluate.sqnr(result.floats[result.graph.layers[0].name],
                                 result.codes[result.graph.layers[0].name]["npu_y"] / 128)
            self.assertGreater(sqnr, 24, name)

    def test_time_delay_layers_and_their_zero_history(self):
        tdnn(self.path, self.random)
        for neg_in in ("auto", "shift"):        # a shift would turn the history's zeros into values
            result = self.quantise(self.random.normal(size=(8, 8, 16)), streaming=True, neg_in=neg_in)
            self.assertEqual([n["op"] for n in result.package.nodes], ["tdnn", "relu", "tdnn"])
            self.assertEqual(result.package.nodes[0]["attributes"]["time_offsets"], [-4, -2, 0])
            self.assertGreater(self.output_sqnr(result), 30)

    def test_state_that_meets_other_codes_is_rescaled(self):
        net = Net(x=[None, None, 5])
        value = net.node("Transpose", "x", perm=[1, 0, 2])
        state = net.node("GRU", value, self.random.normal(size=(1, 15, 5)), self.random.normal(size=(1, 15, 5)) / 2,
                         outputs=2, hidden_size=5, linear_before_reset=1)[0]
        state = net.node("Squeeze", state, np.array([1]))
        wide = net.node("MatMul", value, 3 * self.random.normal(size=(5, 5)))
        net.save(self.path, net.node("Add", wide, state))
        result = self.quantise(self.random.normal(size=(10, 20, 5)))
        self.assertEqual([n["op"] for n in result.package.nodes], ["gru2array", "linear", "scale", "add"])
        self.assertGreater(self.output_sqnr(result), 28)

    def test_reset_every_makes_sequences_independent(self):
        recurrent(self.path, self.random, "GRU")
        result = self.quantise(self.random.normal(size=(6, 10, 6)), reset_every=10)
        codes = evaluate.codes_of(result.plan, result.frames)
        together = evaluate.run(result.package, codes, 1)
        for name, fields in evaluate.run(result.package, codes, 10).items():
            np.testing.assert_array_equal(together[name]["npu_y"], fields["npu_y"])

    def test_the_training_library_has_no_recurrent_layers(self):
        recurrent(self.path, self.random, "LSTM")
        with self.assertRaisesRegex(QuantError, "lstm_1.*no recurrent layers"):
            self.quantise(self.random.normal(size=(2, 10, 6)), arithmetic="witin_nn")


class Residuals(Quantised):
    def test_sums_products_and_joins(self):
        net = Net(x=[None, 4, 8, 8])
        r = self.random
        a = net.node("Relu", net.node("Conv", "x", r.normal(size=(8, 4, 3, 3)) / 4, pads=[1, 1, 1, 1]))
        b = net.node("Conv", a, r.normal(size=(8, 8, 1, 1)) / 2)
        c = net.node("Relu", net.node("Add", a, b))
        d = net.node("Mul", c, net.node("Sigmoid", b))
        value = net.node("MaxPool", net.node("Concat", c, d, axis=1), kernel_shape=[2, 2], strides=[2, 2])
        net.save(self.path, net.node("Conv", value, r.normal(size=(5, 16, 1, 1)) / 4))
        for arithmetic in ("wtm2101", "witin_nn"):
            result = self.quantise(r.normal(size=(60, 4, 8, 8)), arithmetic=arithmetic)
            self.assertEqual({"add", "mul", "lut", "concat", "max_pool"} - {n["op"] for n in result.package.nodes},
                             set())
            self.assertGreater(self.output_sqnr(result), 28, arithmetic)
            scale = {n["name"]: n["scale"] for n in result.package.nodes}
            add = next(n for n in result.package.nodes if n["op"] == "add")
            if arithmetic == "wtm2101":
                self.assertEqual({scale[i] for i in add["inputs"]}, {add["scale"]})

    def test_a_transposed_convolution_and_slopes(self):
        net, r = Net(x=[None, 3, 5, 5]), self.random
        value = net.node("PRelu", net.node("Conv", "x", r.normal(size=(6, 3, 3, 3)) / 3),
                         r.uniform(0.1, 0.5, (6, 1, 1)))
        net.save(self.path, net.node("ConvTranspose", value, r.normal(size=(6, 2, 3, 3)) / 4, r.normal(size=2),
                                     strides=[2, 2],
                                     pads=[1, 1, 0, 0]))
        for arithmetic in ("wtm2101", "witin_nn"):
            result = self.quantise(r.normal(size=(60, 3, 5, 5)), arithmetic=arithmetic)
            self.assertEqual([n["op"] for n in result.package.nodes], ["conv2d", "prelu", "conv_transpose2d"])
            self.assertGreater(self.output_sqnr(result), 28, arithmetic)


class Loops(Quantised):
    def test_a_residual_loop_whose_g_cannot_follow_is_untied(self):
        net, r = Net(x=[None, 4, 4, 4]), self.random
        a = net.node("Relu", net.node("Conv", "x", r.normal(size=(4, 4, 1, 1))))
        b = net.node("Conv", a, np.diag([3.0, 5, 2, 4])[:, :, None, None])       # one weight a column: g = scale_weight
        net.save(self.path, net.node("Add", a, b))
        result = self.quantise(r.normal(size=(60, 4, 4, 4)), copies=1)
        self.assertEqual([n["op"] for n in result.package.nodes].count("scale"), 2)
        self.assertGreater(self.output_sqnr(result), 22)


if __name__ == "__main__":
    unittest.main()
