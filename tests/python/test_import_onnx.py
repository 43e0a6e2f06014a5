"""scripts/import_onnx.py: models of the dialect against the reference's own executor, value by value."""
import glob
import os

import numpy as np

from shared_data import needs_shared, shared
import run_package
import wpkg
import wtm2101
from onnx_dialect.importer import build, convert_input
from onnx_dialect.model import ImportRefused
from onnx_models import ModelTest, is_stream, node, write_model


def sigmoid_table(size):
    codes = np.concatenate([np.arange(size // 2), np.arange(-size // 2, 0)])
    return np.rint(127 / (1 + np.exp(-codes * 16.0 / size)))


def tanh_table(size):
    codes = np.concatenate([np.arange(size // 2), np.arange(-size // 2, 0)])
    return np.rint(127 * np.tanh(codes * 8.0 / size))


class Vectors(ModelTest):
    def weights(self, *shape, limit=127):
        return self.rng.integers(-limit, limit + 1, shape)

    def bias(self, columns, units=60):
        return 128 * self.rng.integers(-units, units + 1, columns)

    def dense(self, name, source, rows, columns, scale=2.0**-10):
        """(nodes, constants) of Gemm and Scale; the value is NAME_scale."""
        return ([node("Gemm", [source, f"{name}_w", f"{name}_b"], [f"{name}_out"], name),
                 node("Scale", [f"{name}_out"], [f"{name}_scale"], scale=scale)],
                {f"{name}_w": self.weights(rows, columns), f"{name}_b": self.bias(columns)})

    def write(self, nodes, constants, outputs, inputs):
        write_model(self.path, nodes, inputs, outputs, constants)

    def test_every_operator_on_codes(self):
        nodes, constants = self.dense("fc", "in", 30, 24)
        nodes += [
            node("Relu", ["fc_scale"], ["relu"]),
            node("Scale", ["fc_scale"], ["half"], "half_node", scale=0.5),
            node("Scale", ["fc_scale"], ["eighth"], scale=-0.125),
            node("Scale", ["fc_scale"], ["three"], scale=3.0),
            node("Scale", ["fc_scale"], ["minus"], scale=-128.0),
            node("Scalar", ["fc_scale"], ["scalar_mul"], op_types="mul", scale=5, shift_bit=-2),
            node("Scalar", ["fc_scale"], ["scalar_add"], op_types="add", scale=-9, shift_bit=-1),
            node("Scalar", ["fc_scale"], ["scalar_left"], op_types="mul", scale=1, shift_bit=1),
            node("FloatScale", ["fc_scale"], ["float_scale"], scale=0.73, clip_bits=6),
            node("ClearLowBits", ["fc_scale"], ["cleared"], bits=3),
            node("ActLut", ["fc_scale"], ["table"], table_params=self.rng.permutation(256) - 128),
            node("ActLut", ["fc_scale"], ["positive"], table_params=self.rng.permutation(256)),
            node("Add", ["relu", "half"], ["sum"]),
            node("Added", ["relu", "eighth"], ["sum_right"], shift_bit=-1),
            node("Mul", ["half", "table"], ["product"], shift_bit=-5),
            node("Multi", ["relu", "table"], ["product_left"], shift_bit=1),
            node("Add", ["half", "seven"], ["plus_seven"], shift_bit=-1),
            node("Mul", ["half", "seven"], ["times_seven"], shift_bit=-3),
            node("Add", ["half", "each"], ["plus_each"]),
            node("Mul", ["half", "each"], ["times_each"], shift_bit=-6),
            node("Softmax", ["table"], ["softmax"], axis=1, scale_in=0.0625, scale_out=1 / 256),
            node("SumNorm", ["relu"], ["sum_norm"], axis=-1, scale_in=0.0625, scale_out=1 / 256),
            node("Split", ["table"], ["left", "middle", "right"], axis=1, split=[10, 8, 6]),
            node("Slice", ["table", "starts", "ends", "axes", "steps"], ["backwards"]),
            node("Concat", ["left", "right", "relu"], ["joined"], axis=1),
            node("ReduceMean", ["table"], ["mean"], axes=[1], keepdims=1),
            node("Identity", ["mean"], ["same"]),
        ]
        constants |= {"seven": [7], "each": self.rng.integers(-200, 200, (1, 24)), "starts": [20], "ends": [-22],
                      "axes": [1], "steps": [-3]}
        self.write(nodes[:-1], constants, {"joined": [1, 40], "mean": [1, 1]}, {"in": [1, 30]})
        package, _ = self.assert_like_reference(count=60)
        self.assertEqual(package.outputs, ["joined", "mean"])
        self.assertEqual([n["name"] for n in package.nodes[:4]], ["fc", "relu", "half_node", "eighth"])
        self.assertEqual([n["op"] for n in package.nodes if n.get("x-onnx") in ("left", "middle", "right")],
                         ["slice"] * 3)
        self.write(nodes, constants, {"same": [1, 1]}, {"in": [1, 30]})
        self.assertEqual(self.imported().outputs, ["mean"])

    def test_array_operations(self):
        first, constants = self.dense("first", "in", 20, 16, 2.0**-8)
        second, more = self.dense("second", "first_scale", 16, 12)
        third, rest = self.dense("third", "second_relu", 12, 8)
        nodes = first + second + [node("Relu", ["second_scale"], ["second_relu"])] + third + [
            node("MatMul", ["third_scale", "w"], ["matmul"], "matmul"),
            node("Scale", ["matmul"], ["out"], scale=2.0**-9),
            node("Scale", ["matmul"], ["finer"], scale=2.0**-8),
            node("Gemm", ["third_scale", "w", "b"], ["bare"], "bare")]
        constants |= more | rest | {"w": self.weights(8, 5, limit=275), "b": self.bias(5)}
        constants["third_b"][0] = 128 * 1500
        self.write(nodes, constants, {"out": [1, 5], "finer": [1, 5], "bare": [1, 5]}, {"in": [1, 20]})
        package, _ = self.assert_like_reference(count=60, expected_nodes=[
            ("first", "linear"), ("second", "linear"), ("second_relu", "relu"), ("third", "linear"),
            ("matmul", "linear"),
            ("finer", "linear"), ("bare", "linear")])
        attributes = [n.get("attributes", {}) for n in package.nodes]
        self.assertEqual(attributes[0], {"g": 256, "neg_in": "pn"})
        self.assertEqual(attributes[1], {"g": 1024, "x_signed": True})
        self.assertEqual(attributes[3], {"g": 1024, "bias_rows": 12})
        self.assertEqual((attributes[4]["g"], attributes[5]["g"], attributes[6]["g"]), (512, 256, 1024))
        self.assertEqual(package.tensors["matmul.weight"].dtype, np.int16)

    def test_input_codes(self):
        nodes, constants = self.dense("fc", "in", 4, 4)
        self.write(nodes, constants, {"fc_scale": [1, 4]}, {"in": [1, 4]})
        for kind, attributes, limits in (("unsigned", {"g": 1024}, (0, 255)),
                                         ("signed", {"g": 1024, "x_signed": True}, (-128, 127)),
                                         ("pn", {"g": 1024, "neg_in": "pn"}, (-255, 255))):
            for name in ("", "in"):
                package, _ = self.assert_like_reference(codes={name: kind})
                self.assertEqual(package.nodes[0]["attributes"], attributes)
                self.assertEqual(package.input_range(package.inputs[0]), limits)

    def test_a_bias_that_bias_rows_cannot_hold_becomes_digital(self):
        nodes, constants = self.dense("fc", "in", 4, 4)
        constants["fc_b"] = np.array([128, 100, -7, 0])
        self.write(nodes, constants, {"fc_scale": [1, 4]}, {"in": [1, 4]})
        package, _ = self.assert_like_reference(count=200)
        self.assertEqual(package.nodes[0]["attributes"]["mode"], "digital")

    def test_tdnn(self):
        layer = lambda name, source, columns, offsets, rows: node(
            "Tdnn", [source, name + "_w"], [name], name, time_offsets=np.array(offsets), scale_params=1024,
            bias_params=self.bias(columns)[None])
        nodes = [layer("t1", "in", 9, [-2, 0, 1], 0), node("Relu", ["t1"], ["t1_relu"]),
                 layer("t2", "t1_relu", 5, [-3, -1], 0)]
        self.write(nodes, {"t1_w": self.weights(21, 9), "t2_w": self.weights(18, 5)}, {"t2": [1, 5]}, {"in": [1, 7]})
        package, _ = self.assert_like_reference(count=25)
        self.assertEqual(package.nodes[0]["attributes"]["time_offsets"], [-2, 0, 1])

    def test_lstm(self):
        for shift_bits, sizes, clean in (([-7, -7], (1024, 1024, 256), 0), ([1, -3, -7, -10], (256, 1024, 1024), 5)):
            nodes = [node("Lstm", ["in", "wi", "wc", "bi", "bc"], ["out"], "cell", scale_ioft=1024, scale_ct=512,
                          shift_bits=shift_bits, clean_ctht=clean,
                          activate_table=[sigmoid_table(sizes[0])[None], tanh_table(sizes[1])[None],
                                          tanh_table(sizes[2])])]
            self.write(nodes,
                       {"wi": self.weights(11, 15), "wc": self.weights(11, 5), "bi": self.bias(15), "bc": self.bias(5)},
                       {"out": [1, 5]}, {"in": [1, 6]})
            package, _ = self.assert_like_reference(count=30, codes={"": "unsigned"})
            self.assertEqual(self.imported().inputs[0]["signed"], True)
            self.assertNotIn("neg_in", self.imported().inputs[0])
            self.assertEqual(package.nodes[0]["attributes"].get("reset_every", 0), clean)

    def test_gru_of_five_and_seven_inputs(self):
        tables = np.stack([sigmoid_table(1024), tanh_table(1024)])
        constants = {"zr": self.weights(11, 10), "hn": self.weights(5, 5), "xn": self.weights(6, 5),
                     "bzr": self.bias(10),
                     "bhn": self.bias(5), "bxn": self.bias(5), "h": self.weights(11, 5), "bh": self.bias(5)}
        for ones in (None, 128):
            extra = {} if ones is None else {"scale_ones": ones}
            self.write([node("Gru", ["in", "zr", "hn", "xn", "bzr", "bhn", "bxn"], ["seven"], "seven", scale_zr=512,
                             scale_ht=1024, scale_in=256, activate_table=tables, clean_ht=7, **extra),
                        node("Gru", ["in", "zr", "h", "bzr", "bh"], ["five"], "five", scale_zr=512, scale_ht=1024,
                             shift_bits=[-8, -8], activate_table=tables, **extra)],
                       constants, {"seven": [1, 5], "five": [1, 5]}, {"in": [1, 6]})
            package, _ = self.assert_like_reference(count=30, expected_nodes=[("seven", "gru"), ("five", "gru_single")])
            self.assertEqual(package.nodes[0]["attributes"]["ones"], ones or 127)

    def test_gru2array(self):
        constants = {"x": self.weights(6, 15), "h": self.weights(5, 15), "bx": self.bias(15), "bh": self.bias(15)}
        for shift_bits, hidden, ones, low in (([-7, -7, 0, 0], 0, 128, -127), ([-7, -7, -7, -7], -1, 4096, -127),
                                              ([-7, -7], 1, 128, -128)):
            self.write([node("Gru2Array", ["in", "x", "h", "bx", "bh"], ["out"], "cell", scale_input=512,
                             scale_hidden=256,
                             activate_table=np.stack([sigmoid_table(1024), tanh_table(1024)]), shift_bits=shift_bits,
                             hidden_shift_bit=hidden, scale_ones=ones, clean_ht=0)],
                       constants, {"out": [1, 5]}, {"in": [1, 6]})
            self.assert_like_reference(count=40, state_min=low)

    def test_stale_scale_after_relu_is_a_multiplication(self):
        nodes, constants = self.dense("fc", "in", 6, 4)
        nodes = [nodes[0], node("Relu", ["fc_out"], ["relu"]), node("Scale", ["relu"], ["out"], scale=0.5)]
        self.write(nodes, constants, {"out": [1, 4]}, {"in": [1, 6]})
        package, _ = self.assert_like_reference(default_g=1024)
        self.assertEqual([n["op"] for n in package.nodes], ["linear", "relu", "scale"])


class Maps(ModelTest):
    def kernel(self, *shape):
        return self.rng.integers(-127, 128, shape)

    def test_every_operator_on_maps(self):
        convolution = lambda source, name, scale=2.0**-10, op="Conv", **attributes: [
            node(op, [source, name + "_w", name + "_b"], [name + "_acc"], name, **attributes),
            node("Scale", [name + "_acc"], [name + "_s"], scale=scale)]
        nodes = (
            convolution("in", "c1", kernel_shape=[3, 2], strides=[2, 1], pads=[1, 0, 2, 1]) +
            [node("Relu", ["c1_s"], ["c1_r"])] +
            convolution("c1_r", "c2", kernel_shape=[2, 3], dilations=[2, 1], pads=[0, 1, 1, 1]) +
            convolution("c2_s", "up", op="ConvTranspose", strides=[2, 3], pads=[1, 0, 0, 1],
                        output_padding=[1, 0, 1, 0]) +
            convolution("c1_r", "same", pads="SAME", kernel_shape=[3, 3]) +
            [node("AveragePool", ["c2_s"], ["avg"], kernel_shape=[2, 3], strides=[2, 1], pads=[0, 1, 0, 1],
                  scale_in=0.5,
                  scale_out=0.25),
             node("MaxPool", ["c2_s"], ["max"], kernel_shape=[3, 2], strides=[1, 2], pads=[1, 0, 1, 0]),
             node("MaxPool", ["c2_s"], ["max_scaled"], kernel_shape=[2, 2], strides=[2, 2], scale_in=0.5,
                  scale_out=1.0),
             node("GlobalAveragePool", ["c1_r"], ["global"]),
             node("BatchNormalization", ["c2_s", "gamma", "beta", "mean", "var"], ["bn"], epsilon=1e-3, scale_in=0.0625,
                  scale_out=0.03125),
             node("GroupNorm", ["c2_s", "alpha", "gn_beta"], ["group"], num_groups=2, scale_out=0.03125),
             node("ReduceMean", ["c2_s"], ["mean_hw"], axes=[2, 3], keepdims=1),
             node("ReduceMean", ["c2_s"], ["mean_c"], axes=[1], keepdims=0),
             node("Softmax", ["c2_s"], ["soft"], axis=1, scale_in=0.05, scale_out=0.004),
             node("Softmax", ["c2_s"], ["soft_w"], axis=3, scale_in=0.05, scale_out=0.004),
             node("Concat", ["c2_s", "bn"], ["cat"], axis=1),
             node("Concat", ["c2_s", "bn"], ["cat_h"], axis=2),
             node("Slice", ["cat", "starts", "ends", "axes"], ["part"]),
             node("Split", ["c2_s"], ["s1", "s2"], axis=3),
             node("Permute", ["part"], ["turned"], dims=[0, 3, 1, 2]),
             node("Transpose", ["c2_s"], ["turned_w"], perm=[0, 1, 3, 2]),
             node("Transpose", ["part"], ["turned_too"], perm=[0, 2, 3, 1]),
             node("Reshape", ["c2_s", "flat"], ["rows"]),
             node("Add", ["c2_s", "per_channel"], ["plus"]),
             node("Mul", ["c2_s", "per_channel"], ["times"], shift_bit=-4),
             node("Add", ["c2_s", "mean_hw"], ["plus_mean"], shift_bit=-1),
             node("MatMul", ["c2_s", "turned_w"], ["product_acc"], "product"),
             node("Scale", ["product_acc"], ["product_s"], scale=2.0**-8),
             node("Gemm", ["rows", "fc_w", "fc_b"], ["fc_out"], "fc"),
             node("Scale", ["fc_out"], ["out"], scale=2.0**-11)])
        constants = {"c1_w": self.kernel(5, 3, 3, 2), "c1_b": 128 * self.kernel(5), "c2_w": self.kernel(6, 5, 2, 3),
                     "c2_b": 128 * self.kernel(6), "up_w": self.kernel(6, 4, 3, 3), "up_b": 128 * self.kernel(4),
                     "same_w": self.kernel(2, 5, 3, 3), "same_b": 128 * self.kernel(2),
                     "gamma": self.rng.normal(1, 0.5, 6), "beta": self.rng.normal(0, 0.5, 6),
                     "mean": self.rng.normal(0, 1, 6), "var": self.rng.uniform(0.5, 4, 6),
                     "alpha": self.rng.normal(1, 1, 6),
                     "gn_beta": self.rng.normal(0, 1, 6), "starts": [3, -3], "ends": [2**31 - 1, 100], "axes": [1, 3],
                     "per_channel": self.kernel(1, 6, 1, 1), "flat": [1, -1], "fc_w": self.kernel(6 * 5 * 8, 7),
                     "fc_b": 128 * self.kernel(7)}
        write_model(self.path, nodes, {"in": [1, 3, 10, 8]}, {"out": [1, 7], "up_s": [1, 4, 12, 23]}, constants)
        package, results = self.assert_like_reference(count=4, crop_time=False)
        self.assertEqual(package.outputs, ["fc", "up"])
        self.assertEqual(results["bn"]["npu_y"].shape, (4, 6, 5, 8))
        for entry in package.nodes:
            self.assertGreater(np.ptp(results[entry["name"]]["npu_y"]), 0, entry["name"])

    def test_groups_are_separate_convolutions(self):
        weight, bias = self.kernel(6, 2, 3, 3), 128 * self.kernel(6)
        write_model(self.path, [node("Conv", ["in", "w", "b"], ["acc"], "conv", group=3, pads=[1, 1, 1, 1]),
                                node("Scale", ["acc"], ["out"], scale=2.0**-9)], {"in": [1, 6, 5, 5]},
                    {"out": [1, 6, 5, 5]}, {"w": weight, "b": bias})
        package = self.imported()
        x = self.rng.integers(-255, 256, (3, 6, 5, 5))
        found = run_package.run(package, {"in": x})["conv"]["npu_y"]
        for group in range(3):
            channels, columns = slice(2 * group, 2 * group + 2), slice(2 * group, 2 * group + 2)
            acc = wtm2101.conv_acc(x[:, channels], weight[columns], bias[columns], (1, 1), (1, 1, 1, 1))
            self.assertTrue(np.array_equal(found[:, columns], wtm2101.array_out(acc, 512)))

    def streaming_model(self, deconv_pads=(1, 0, 1, 0), frames=9, flag_only=False):
        nodes = [node("Conv", ["in", "w1", "b1"], ["acc1"], "conv1", pads=[1, 1, 0, 0], strides=[2, 1]),
                 node("Scale", ["acc1"], ["s1"], scale=2.0**-9), node("Relu", ["s1"], ["r1"]),
                 node("Conv", ["r1", "w2", "b2"], ["acc2"], "conv2", pads=[0, 2, 0, 0], dilations=[1, 2]),
                 node("Scale", ["acc2"], ["s2"], scale=2.0**-9)]
        if not flag_only:
            nodes += [node("Reshape", ["s2", "rows"], ["flat"]),
                      node("Gru2Array", ["flat", "gx", "gh", "bx", "bh"], ["gru"], "gru", scale_input=512,
                           scale_hidden=256,
                           activate_table=np.stack([sigmoid_table(1024), tanh_table(1024)]), scale_ones=128,
                           shift_bits=[-7, -7, 0, 0]),
                      node("Gemm", ["gru", "fw", "fb"], ["facc"], "fc"), node("Scale", ["facc"], ["fs"], scale=2.0**-8),
                      node("Reshape", ["fs", "maps"], ["back"]), node("Scale", ["s2"], ["skip"], scale=0.5),
                      node("Concat", ["back", "skip"], ["cat"], axis=1)]
        nodes += [node("ConvTranspose", ["s2" if flag_only else "cat", "w3", "b3"], ["acc3"], "up", strides=[2, 1],
                       pads=list(deconv_pads), output_padding=[1, 0, 1, 0]),
                  node("Scale", ["acc3"], ["out"], scale=2.0**-9)]
        constants = {"w1": self.kernel(4, 2, 3, 2), "b1": 128 * self.kernel(4), "w2": self.kernel(3, 4, 1, 2),
                     "b2": 128 * self.kernel(3), "rows": [frames, 12], "gx": self.kernel(12, 15),
                     "gh": self.kernel(5, 15),
                     "bx": 128 * self.kernel(15), "bh": 128 * self.kernel(15), "fw": self.kernel(5, 12),
                     "fb": 128 * self.kernel(12), "maps": [1, 3, 4, frames],
                     "w3": self.kernel(3 if flag_only else 6, 2, 3, 2),
                     "b3": 128 * self.kernel(2)}
        if flag_only:
            nodes = [n for n in nodes if n[2] != ["b3"]]
        write_model(self.path, nodes, {"in": [1, 2, 8, frames]}, {"out": [1, 2, 8, frames]}, constants)

    def test_time_becomes_frames(self):
        self.streaming_model()
        package, results = self.assert_like_reference(count=9)
        self.assertTrue(is_stream(package))
        self.assertEqual(package.inputs[0]["shape"], [2, 8, 1])
        self.assertEqual(results["up"]["npu_y"].shape, (9, 2, 8, 1))
        self.assertEqual([n["attributes"]["order"] for n in package.nodes if n["op"] == "reshape"],
                         ["memory", "memory"])

    def test_a_cropped_first_column_looks_one_frame_ahead(self):
        self.streaming_model(deconv_pads=(1, 1, 1, 0))
        self.assert_like_reference(count=9)

    def test_whole_maps(self):
        self.streaming_model()
        with self.assertRaisesRegex(ImportRefused, "--whole-map"):
            self.imported(whole_map=True)
        self.streaming_model(flag_only=True)
        package, _ = self.assert_like_reference(count=1, crop_time=False)
        self.assertFalse(is_stream(package))
        x = self.rng.integers(-255, 256, (1, 2, 8, 9))
        stream = self.imported(streaming=True)
        self.assertTrue(is_stream(stream))
        frames = convert_input(stream, x)
        by_frames = run_package.run(stream, {"in": frames})["up"]["npu_y"]
        at_once = run_package.run(package, {"in": x})["up"]["npu_y"][..., :9]
        self.assertTrue(np.array_equal(by_frames.transpose(3, 1, 2, 0), at_once))

    def test_convert_input(self):
        self.streaming_model()
        package = self.imported()
        maps = self.rng.integers(-128, 128, (1, 2, 8, 13)).astype(np.float32)
        frames = convert_input(package, maps)
        self.assertEqual((frames.shape, frames.dtype), ((13, 2, 8, 1), np.int8))
        self.assertTrue(np.array_equal(frames[4, :, :, 0], maps[0, :, :, 4]))
        with self.assertRaisesRegex(wpkg.PackageError, r"value 0.5 at index \[0, 0, 0, 0\]"):
            convert_input(package, np.full((1, 2, 8, 3), 0.5))
        for values, message in ((np.zeros((1, 2, 7, 3)), "does not hold frames"),
                                (np.full((1, 2, 8, 3), 256),
                                 r"value 256 at index \[0, 0, 0, 0\] is outside -255..255")):
            with self.assertRaisesRegex(ImportRefused, message):
                convert_input(package, values)


@needs_shared
class Published(ModelTest):
    def test_every_model_against_the_reference(self):
        paths = sorted(glob.glob(shared("vendor", "*", "*.onnx")))
        self.assertEqual(len(paths), 21)
        for path in paths:
            with self.subTest(os.path.basename(path)):
                stream = is_stream(build(path))
                self.assert_like_reference(path, count=8 if stream else 3)

    def test_speech5(self):
        package = build(shared("vendor", "speech5", "bestModel.onnx"))
        x = convert_input(package, np.load(shared("vendor", "speech5", "test_data_0_100.npy")))
        results = run_package.run(package, {"in": x})
        for entry in wtm2101.read_folder(shared("vendor", "speech5", "mapped")):
            name = entry["name"].split("_", 1)[1]
            number = name.split("_")[1]
            shown = results[name if number == "5" else f"relu_out{number}"]["npu_y"]
            self.assertTrue(np.array_equal(shown[:len(entry["y"])], entry["y"]), name)
            self.assertGreater(len(entry["y"]), 80)

    def test_gru2array(self):
        package = build(shared("vendor", "gru2array", "enc2101_0301_net3.onnx"))
        x = convert_input(package, np.load(shared("vendor", "gru2array", "gru1_in.npy")))
        expected = np.load(shared("vendor", "gru2array", "conv3_in.npy"))[0, :, 0].T
        found = run_package.run(package, {"gru1_in": x})["gru1"]["npu_y"]
        self.assertEqual((int((found != expected).sum()), found.size), (0, 119480))

    def test_dccrn(self):
        package = build(shared("vendor", "dccrn", "dccrn_denoise_net_base.onnx"))
        folder = shared("vendor", "dccrn", "layer_debug")
        frames = 150  # of 501; every frame depends on all before
        x = convert_input(package, np.load(os.path.join(folder, "conv1_input.npy")))[:frames]
        results = run_package.run(package, {"in": x})
        traces = {f"conv{i}_output": (f"conv{i}_relu", "npu_y") for i in range(1, 6)}
        traces |= {f"lstm6_{f}": ("lstm6", f) for f in ("inp", "h_in", "c_in", "gates_ifo", "gates_c", "fc", "ic", "cx",
                                                        "cy_tanh")}
        traces |= {"lstm6_output": ("lstm6", "npu_y"), "linear7_output": ("linear7", "npu_y"),
                   "deconv12_output": ("deconv12", "npu_y")}
        traces |= {f"deconv{i}_output": (f"deconv{i}_relu", "npu_y") for i in range(8, 12)}
        self.assertEqual(len(traces), 21)
        for file, (name, field) in traces.items():
            found = results[name][field]
            if found.ndim == 4:
                found = found.transpose(0, 3, 2, 1)
            with open(os.path.join(folder, file + ".txt")) as stream:
                expected = np.array([line.split() for _, line in zip(range(frames), stream)], np.int64)
            self.assertTrue(np.array_equal(found.reshape(frames, -1), expected), file)


if __name__ == "__main__":
    import unittest
    unittest.main()
