"""Small seeded networks of the operators that no published measurement covers; make_golden.py writes them.

Every function returns (package, inputs, description).
"""
import numpy as np

from wpkg import Package

FRAMES = 12


def weights(random, *shape, limit=127):
    return random.integers(-limit, limit + 1, shape)


def biases(random, count, units=200):
    """Multiples of 128."""
    return 128 * random.integers(-units, units + 1, count)


def table(function, entries=1024, scale=32.0, out=128.0):
    """int8 table of function(code / scale): 256 entries for codes, 1024 for half codes, two's complement order."""
    index = np.arange(entries)
    signed = index - entries * (index >= entries // 2)
    return np.clip(np.rint(out * function(signed / scale / (2 if entries == 1024 else 1))), -128, 127)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def signed_codes(random, *shape):
    return random.integers(-128, 128, shape)


def tdnn(random, producer):
    package = Package("tdnn", "wtm2101", producer=producer)
    package.input("in", [10])
    package.node("tdnn_1", "tdnn", ["in"], {"weight": weights(random, 30, 12), "bias": biases(random, 12)},
                 {"g": 1024, "time_offsets": [-2, 0, 1]})
    package.node("relu_1", "relu", ["tdnn_1"])
    package.output(package.node("tdnn_2", "tdnn", ["relu_1"], {"weight": weights(random, 24, 6)},
                                {"g": 512, "time_offsets": [-3, 0]}))
    return package, {"in": random.integers(0, 256, (FRAMES, 10))}, "Two time-delay layers over consecutive frames"


def lstm(random, producer):
    package = Package("lstm", "wtm2101", producer=producer)
    package.input("in", [9], signed=True)
    tensors = {"weight_ifo": weights(random, 17, 24), "weight_c": weights(random, 17, 8),
               "bias_ifo": biases(random, 24),
               "bias_c": biases(random, 8), "table_gate": table(sigmoid), "table_cell": table(np.tanh),
               "table_output": table(np.tanh, 256)}
    package.output(package.node("lstm", "lstm", ["in"], tensors, {"g_ifo": 1024, "g_c": 512, "reset_every": 9}))
    return package, {"in": signed_codes(random, 2 * FRAMES, 9)}, "Long short-term memory, state reset every 9 frames"


def gru(random, producer):
    package = Package("gru", "wtm2101", producer=producer)
    package.input("in", [9], signed=True)
    tensors = {"weight_zr": weights(random, 17, 16), "weight_hn": weights(random, 8, 8),
               "weight_in": weights(random, 9, 8),
               "bias_zr": biases(random, 16), "bias_hn": biases(random, 8), "bias_in": biases(random, 8),
               "table_sigmoid": table(sigmoid), "table_tanh": table(np.tanh)}
    package.output(package.node("gru", "gru", ["in"], tensors, {"g_zr": 1024, "g_hn": 1024, "g_in": 512}))
    return package, {"in": signed_codes(random, 2 * FRAMES, 9)}, "Gated recurrent unit, reset gate after the product"


def gru_single(random, producer):
    package = Package("gru_single", "wtm2101", producer=producer)
    package.input("in", [9], signed=True)
    tensors = {"weight_zr": weights(random, 17, 16), "weight_h": weights(random, 17, 8), "bias_zr": biases(random, 16),
               "bias_h": biases(random, 8), "table_sigmoid": table(sigmoid, 256), "table_tanh": table(np.tanh, 256)}
    package.output(package.node("gru", "gru_single", ["in"], tensors, {"g_zr": 1024, "g_h": 1024, "order": "rz"}))
    return package, {"in": signed_codes(random, 2 * FRAMES, 9)}, "Gated recurrent unit, reset gate before the product"


def gru2array(random, producer):
    package = Package("gru2array", "wtm2101", producer=producer)
    package.input("in", [9], signed=True)
    tensors = {"weight_x": weights(random, 9, 24), "weight_h": weights(random, 8, 24), "bias_x": biases(random, 24),
               "bias_h": biases(random, 24), "table_sigmoid": table(sigmoid), "table_tanh": table(np.tanh)}
    package.output(package.node("gru", "gru2array", ["in"], tensors, {"g_x": 512, "g_h": 1024}))
    return package, {"in": signed_codes(random, 2 * FRAMES, 9)}, "Gated recurrent unit with two arrays"


def streaming(random, producer):
    package = Package("streaming", "wtm2101", producer=producer)
    package.input("in", [2, 7, 1], signed=True)
    package.node("conv_1", "conv2d", ["in"], {"weight": weights(random, 6, 2, 3, 2), "bias": biases(random, 6, 20)},
                 {"g": 512, "strides": [2, 1], "pads": [1, 1, 1, 0], "streaming": True, "x_signed": True})
    package.node("relu_1", "relu", ["conv_1"])
    package.output(package.node("deconv_1", "conv_transpose2d", ["relu_1"],
                                {"weight": weights(random, 6, 3, 3, 2), "bias": biases(random, 3, 20)},
                                {"g": 1024, "strides": [2, 1], "pads": [1, 0, 1, 0], "streaming": True}))
    return package, {"in": signed_codes(random, FRAMES, 2, 7, 1)}, "Streaming convolution and transposed convolution"


def wide_inputs(random, producer):
    package = Package("wide_inputs", "wtm2101", producer=producer)
    package.input("in", [3, 4, 4], bits=12, neg_in="pn")
    package.node("conv_1", "conv2d", ["in"], {"weight": weights(random, 5, 3, 3, 3), "bias": biases(random, 5, 40),
                                              "bias_d": biases(random, 5, 400)},
                 {"g": 8192, "x_bits": 12, "neg_in": "pn", "split": True, "pads": [1, 1, 1, 1]})
    package.node("flat", "reshape", ["conv_1"], None, {"shape": [80]})
    package.output(package.node("fc_1", "linear", ["flat"],
                                {"weight": weights(random, 80, 7), "bias": biases(random, 7, 40)},
                                {"g": 2048, "neg_in": "pn"}))
    return package, {"in": random.integers(-4095, 4096, (FRAMES, 3, 4, 4))}, \
        "Twelve-bit signed inputs on the chip profile: low half on the array, high half digital"


def shifted_inputs(random, producer):
    package = Package("shifted_inputs", "wtm2101", producer=producer)
    package.input("in", [2, 5, 5])
    package.output(package.node("conv_1", "conv2d", ["in"],
                                {"weight": weights(random, 4, 2, 3, 3), "bias": biases(random, 4, 40)},
                                {"g": 1024, "neg_in": "shift", "shift": 100, "pads": [1, 1, 1, 1],
                                 "dilations": [2, 2]}))
    return package, {"in": random.integers(0, 256, (4, 2, 5, 5))}, "Shifted inputs: a padded pixel is the shift's code"


def older_chip(random, producer):
    package = Package("older_chip", "nb01", producer=producer)
    package.input("in", [40])
    package.node("fc_1", "linear", ["in"], {"weight": weights(random, 40, 16), "bias": biases(random, 16)}, {"g": 1024})
    package.node("relu_1", "relu", ["fc_1"])
    package.output(package.node("fc_2", "linear", ["relu_1"], {"weight": weights(random, 16, 8)}, {"g": 512}))
    return package, {"in": random.integers(0, 256, (FRAMES, 40))}, "Profile nb01: half-even rounding"


def requantize(random, producer):
    package = Package("requantize", "witin_nn", producer=producer)
    package.input("in", [24], bits=8, neg_in="pn")
    package.node("fc_1", "linear", ["in"], {"weight": weights(random, 24, 16), "bias": biases(random, 16, 50)},
                 {"g": 64, "neg_in": "pn", "y_bits": 10})
    package.node("pn", "requantize", ["fc_1"], None, {"scale_from": 64, "scale_to": 24, "neg_in": "pn"})
    package.node("fc_2", "linear", ["pn"], {"weight": weights(random, 16, 8), "bias": biases(random, 8, 50)},
                 {"g": 256, "neg_in": "pn"})
    package.node("shifted", "requantize", ["fc_2"], None,
                 {"scale_from": 16, "scale_to": 8, "shift": 65, "neg_in": "shift"})
    package.output(package.node("fc_3", "linear", ["shifted"], {"weight": weights(random, 8, 5)},
                                {"g": 256, "neg_in": "shift", "shift": 65}))
    return package, {"in": random.integers(-255, 256, (FRAMES, 24))}, \
        "Scale changes between layers of the training library"


def chip_digital(random, producer):
    package = Package("chip_digital", "wtm2101", producer=producer)
    package.input("left", [32], signed=True)
    package.input("right", [32], signed=True)
    last = package.node("add", "add", ["left", "right"], None, {"shift": -1})
    for name, op, attributes in (("mul", "mul", {"shift": -6}), ("scale", "scale", {"value": -0.25}),
                                 ("shift", "shift", {"bits": 2}),
                                 ("scalar_add", "scalar", {"kind": "add", "value": 7, "bits": -1}),
                                 ("scalar_mul", "scalar", {"kind": "mul", "value": 5, "bits": -2}),
                                 ("clear", "clear_low_bits", {"bits": 2}),
                                 ("float", "float_scale", {"value": 0.7, "bits": 7})):
        package.output(package.node(name, op, ["left", "right"] if op == "mul" else [last], None, attributes))
    package.output(package.node("lut", "lut", ["left"], {"table": table(np.tanh, 256, 64)}))
    package.output(package.node("half", "lut", ["right"], {"table": table(sigmoid)}, {"index": "half_lsb"}))
    return package, {"left": signed_codes(random, FRAMES, 32), "right": signed_codes(random, FRAMES, 32)}, \
        "The chip's digital operators on vectors"


def pools(random, producer):
    package = Package("pools", "wtm2101", producer=producer)
    package.input("in", [3, 7, 8], signed=True)
    package.output(package.node("max", "max_pool", ["in"], None,
                                {"kernel": [3, 2], "strides": [2, 2], "pads": [1, 0, 1, 0]}))
    package.output(package.node("avg", "avg_pool", ["in"], None, {"kernel": [2, 2], "strides": [2, 2], "scale_in": 1,
                                                                  "scale_out": 0.5}))
    package.output(package.node("global", "global_avg_pool", ["in"]))
    package.output(package.node("reduce", "reduce_mean", ["in"], None, {"axis": 1}))
    return package, {"in": signed_codes(random, 4, 3, 7, 8)}, "Pooling and means"


def movement(random, producer):
    package = Package("movement", "wtm2101", producer=producer)
    package.input("in", [4, 6, 5], signed=True)
    package.node("slice", "slice", ["in"], None, {"starts": [1, -5], "ends": [4, 6], "axes": [0, 1], "steps": [1, 2]})
    package.node("permute", "permute", ["slice"], None, {"axes": [0, 2, 1]})
    package.node("rows", "reshape", ["permute"], None, {"shape": [45]})
    package.node("stored", "reshape", ["slice"], None, {"shape": [45], "order": "memory"})
    package.output(package.node("concat", "concat", ["rows", "stored", "rows"], None, {"axis": 0}))
    return package, {"in": signed_codes(random, 4, 4, 6, 5)}, \
        "Slices, permutation, both orders of reshape, concatenation"


BUILDERS = (tdnn, lstm, gru, gru_single, gru2array, streaming, wide_inputs, shifted_inputs, older_chip, requantize,
            chip_digital, pools, movement)


def cases(producer):
    for index, build in enumerate(BUILDERS):
        yield build(np.random.default_rng(2101 + index), producer)
