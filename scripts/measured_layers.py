"""Measured layers of the training library as one-layer networks: a vector file (.npz with the layer's configuration,
float weights, float inputs and the integers the library computed) becomes what import_witin_nn.py reads.
"""
import json
import os

import numpy as np

# Fields of a vector's attrs that are the library's configuration.
CONFIGURATION = ("x_quant_bits", "y_quant_bits", "weight_quant_bits", "bias_row_N", "handle_neg_in", "shift_num",
                 "w_clip", "G_algo", "output_fp_clip", "hardware", "to_linear", "scale_x", "scale_weight", "scale_y")
GEOMETRY = ("stride", "padding", "dilation", "groups", "output_padding", "padding_mode")
TYPES = {"linear": "linear", "conv2d": "conv2d", "convt": "conv_transpose2d", "conv_transpose2d": "conv_transpose2d",
         "WitinElementAdd": "element_add", "WitinElementMul": "element_mul", "WitinElementDivide": "element_divide",
         "WitinBatchNorm2d": "batch_norm2d", "WitinCat": "cat", "WitinClnBn2d": "cln_bn2d", "WitinConv2d": "conv2d",
         "WitinConvTranspose2d": "conv_transpose2d", "WitinGELU": "gelu", "WitinHypot": "hypot",
         "WitinInvSqrt": "inv_sqrt", "WitinMatMul": "mat_mul", "WitinMean": "mean", "WitinPReLU": "prelu",
         "WitinSigmoid": "sigmoid", "WitinSqrt": "sqrt", "WitinTanh": "tanh"}


def array_layer(vector, attrs):
    layer = {"type": TYPES[attrs["op"]], **{key: attrs.get("geometry", {})[key] for key in GEOMETRY
                                            if key in attrs.get("geometry", {})}}
    config = {key: attrs[key] for key in CONFIGURATION if attrs.get(key) is not None}
    # A layer without bias has one of zeros in its state dict.
    bias = np.zeros(len(vector["NPU_bias"]), np.float32)
    state = {"layer.weight": vector["weight"], "layer.bias": vector.get("bias", bias)}
    if "bias_d" in vector:
        config["bias_d"] = vector["bias_d"].tolist()
    if attrs.get("auto_scale_io_max"):
        for key in ("scale_x", "scale_weight", "scale_y"):
            config.pop(key, None)
        state |= {f"layer.autoscale_{name}_obj.io_max": np.float32(value)
                  for name, value in attrs["auto_scale_io_max"].items()}
    config["use_auto_scale"] = bool(attrs.get("auto_scale_io_max"))
    return {**layer, "config": config}, state, [vector["x"]]


def digital_layer(vector, attrs):
    layer = {"type": TYPES[attrs["cls"]], **attrs["module_args"], "config": attrs["config"]}
    state = {f"layer.{name[6:]}": vector[name] for name in vector if name.startswith("state.")}
    return layer, state, [vector[name] for name in ("x1", "x2") if name in vector]


def read(path):
    """(network document, state dict, float inputs [frames, ...] by name, expected integers [frames, ...])"""
    with np.load(path) as members:
        vector = {name: members[name] for name in members.files}
    attrs = json.loads(str(vector["attrs"]))
    layer, state, arrays = (digital_layer if "cls" in attrs else array_layer)(vector, attrs)
    expected = vector["y"]
    if arrays[0].ndim == 1:    # every code once: one frame of one code each
        arrays, expected = [array[:, None] for array in arrays], expected[:, None]
    names = ["in", "in2"][:len(arrays)]
    layer["config"]["use_quantization"] = True
    layer |= {"name": "layer", "inputs": names}
    document = {"inputs": [{"name": name, "shape": list(array.shape[1:])} for name, array in zip(names, arrays)],
                "layers": [layer], "output": "layer"}
    return document, state, dict(zip(names, arrays)), expected


def paths(shared):
    """The vectors of the noise-free library, array and digital."""
    found = []
    for kind in ("witin_nn_array", "witin_nn_digital"):
        folder = os.path.join(shared, "vectors", kind)
        found += [os.path.join(folder, name) for name in sorted(os.listdir(folder))
                  if name.endswith(".npz") and "_noise_" not in name and name != "near_tie_tables.npz"]
    return found
