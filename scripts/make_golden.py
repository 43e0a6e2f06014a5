#!/usr/bin/env python3
"""Writes golden/vectors and golden/operators, the small golden cases. golden/README.md lists them.

    make_golden.py -o golden [--vectors ../shared/vectors]

vectors/NAME    integers measured on the chip vendor's simulator (chip_*), its event library (event_*) and the training
                library (array_*, digital_*); expected.npy holds the measured outputs, and the NumPy oracle must agree.
operators/NAME  operators no measurement exists for, on seeded random data; expected.wtrace comes from the oracle.

The digits cases come from train_digits.py.
"""
import argparse
import json
import os
import sys

import numpy as np

from golden_case import write_case
import operator_cases
import witin_nn_digital as library
from wpkg import Package

VERSION = "make_golden 1.0.0"
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# name: (vector, columns of the layer that are kept; columns of an array do not touch each other)
CHIP = {name: (name, None) for name in (
    "a03_even_and_odd_bias_n1", "a04_quarter_ties_n1", "a05_half_ties_n1", "a08_max_accumulator_n1",
    "a11_bias_only_255_n1", "a15_binary_weights_n1", "b01_s5_random_L5", "b02_s5_saturating_L5", "b05_s9_tiny_L9",
    "b06_s5_quarter_ties_L5", "b07_s9_last_signed_L9", "b08_s9_weights_275_L8", "b08_s9_weights_275_L9")}
CHIP.update({f"{name}_{last}": (name, slice(0, last)) for name, last in (
    ("a01_full_random_n0", 32), ("a06_saturation_edge_n0", 32), ("a07_cancel_halves_n0", 32),
    ("a09_weights_275_n0", 32), ("a12_onehot_inputs_n0", 32), ("b01_s5_random_L1", 24),
    ("b03_s5_negative_bias_L2", 32))})
ARRAY = ("01_linear_FALSE_x8_y12", "02_linear_FALSE_x9_y9", "04_linear_FALSE_x12_y12", "05_linear_FALSE_x10_y8",
         "06_linear_PN_x8_y8", "09_linear_PN_x10_y10", "12_linear_Shift_x8_y8", "16_linear_Shift_x12_y12",
         "18_linear_all_products_g64", "20_linear_bias_ties_N2", "21_linear_bias_bias_d_N8_x10",
         "22_linear_shift_S_saturated", "23_linear_any_scale_PN_x10", "24_linear_galgo3_wclip_wbits6",
         "29_conv2d_FALSE_x8_y8", "31_conv2d_FALSE_groups2", "32_conv2d_FALSE_to_linear_x10", "34_conv2d_PN_x10_y12",
         "35_conv2d_PN_groups2", "37_conv2d_Shift_x8_y8", "38_conv2d_Shift_x10_y12", "40_conv2d_Shift_to_linear_x10",
         "42_conv2d_VPU_x12_y10", "43_conv2d_fp_clip_galgo", "47_conv2d_depthwise32_3x3_14x14_PN",
         "49_conv2d_PN_weight_minus128", "51_convt_FALSE_x10_y12", "53_convt_PN_x10_y12",
         "54_convt_PN_to_linear_x10_y10", "55_convt_VPU_x8_y8")
DIGITAL = ("add_2", "add_3", "mul_2", "mul_3", "div_1", "div_3", "cat_2", "cat_3", "sqrt_1", "sqrt_3", "invsqrt_1",
           "invsqrt_2", "hypot_1", "hypot_3", "mean_1", "mean_2", "batchnorm2d_1", "batchnorm2d_3", "clnbn2d_2",
           "clnbn2d_3", "matmul_1", "matmul_2", "prelu_1", "prelu_3", "sigmoid_2", "tanh_1", "gelu_1")
EVENTS = ("softmax_3", "softmax_9", "sumnorm_8", "sumnorm_15", "gn_2", "gn_13")


def chip_case(folder, name):
    """A layer on the vendor's chip simulator: linear, and relu where the layer had one."""
    vector, columns = CHIP[name]
    values = np.load(os.path.join(folder, "wtm2101_array", vector + ".npz"))
    weight, expected = values["W"], values["y"]
    bias = 128 * values["bias_rows"].astype(np.int64).sum(0)
    if columns is not None:
        weight, expected, bias = weight[:, columns], expected[:, columns], bias[columns]
    package = Package(f"chip_{name}", "wtm2101", producer=VERSION)
    package.input("in", [weight.shape[0]], signed=bool(values["x"].min() < 0))
    package.node("linear", "linear", ["in"], {"weight": weight, "bias": bias},
                 {"g": int(values["G"]), "bias_rows": len(values["bias_rows"]),
                  "x_signed": True if values["x"].min() < 0 else None})
    package.output(package.node("relu", "relu", ["linear"]) if values["relu"] else "linear")
    return package, {"in": values["x"]}, expected, f"{vector} of the chip vendor's simulator"


def power_of_two(value):
    return np.frexp(float(value))[0] == 0.5


def pair(value):
    return [value, value] if np.isscalar(value) else list(value)


def array_case(folder, name):
    """An array operator of the training library; the integers it saw and gave."""
    values = np.load(os.path.join(folder, "witin_nn_array", name + ".npz"))
    attrs = json.loads(str(values["attrs"]))
    op = {"linear": "linear", "conv2d": "conv2d", "convt": "conv_transpose2d"}[attrs["op"]]
    bits, y_bits = attrs["x_quant_bits"], attrs["y_quant_bits"]
    digital = attrs["hardware"] == "VPU" and op != "linear"
    core = op == "linear" or (attrs["to_linear"] and not digital)
    neg_in = "none" if digital else {"FALSE": "none", "PN": "pn", "Shift": "shift"}[attrs["handle_neg_in"]]
    signed = digital or (op == "conv2d" and neg_in == "none" and not core)
    if op == "conv2d" and neg_in == "pn" and not core:
        y_bits = min(8, y_bits)
    attributes = {"x_bits": bits, "x_signed": signed or None, "neg_in": neg_in, "y_bits": y_bits,
                  "split": core and bits > 8,
                  "bias_rows": None if digital else attrs["bias_row_N"], "mode": "digital" if digital else None,
                  "shift": attrs["shift_S"] if neg_in == "shift" and op != "linear" else None,
                  "y_limit_bits": min(8, y_bits) if core and op != "linear" else None}
    scales = [attrs["scale_x"], attrs["scale_weight"], attrs["scale_y"], 1 if digital else attrs["G_algo"]]
    clip = None if core or digital else attrs["output_fp_clip"] or None
    if digital or (clip is None and all(map(power_of_two, scales))):
        attributes["g"] = scales[0] * scales[1] * scales[3] / scales[2]
    else:
        attributes.update(divisor=scales[0] * scales[1] * scales[3], multiplier=scales[2], clip_value=clip)
    geometry = dict(attrs["geometry"])
    if op != "linear":
        attributes.update(strides=pair(geometry.pop("stride", 1)), pads=pair(geometry.pop("padding", 0)) * 2,
                          dilations=pair(geometry.pop("dilation", 1)), groups=geometry.pop("groups", 1))
    if op == "conv_transpose2d":
        attributes["output_padding"] = pair(geometry.pop("output_padding", 0))
    if geometry:
        raise ValueError(f"{name}: geometry {geometry} is not part of a package")
    weight = values["NPU_weight"]
    tensors = {"weight": weight.T if op == "linear" else weight, "bias": values["NPU_bias"]}
    if "NPU_weight_neg" in values:
        tensors["weight_neg"] = values["NPU_weight_neg"]
    if attributes["split"]:
        tensors["bias_d"] = values["NPU_bias_d"]
    package = Package(f"array_{name}", "witin_nn", producer=VERSION)
    package.input("in", values["NPU_x"].shape[1:], bits=bits, signed=signed,
                  **({"neg_in": "pn"} if neg_in == "pn" else {}))
    package.output(package.node(attrs["op"], op, ["in"], tensors, attributes))
    return package, {"in": values["NPU_x"]}, values["y"], f"{name} of the training library"


def code_bits(codes, signed):
    """The smallest width that holds the codes."""
    return next(b for b in range(8, 17) if codes.min() >= (-(1 << b - 1) if signed else 0)
                and codes.max() <= (1 << b - signed) - 1)


def digital_case(folder, name):
    """A digital operator of the training library."""
    values = np.load(os.path.join(folder, "witin_nn_digital", name + ".npz"))
    attrs = json.loads(str(values["attrs"]))
    config, kind, arguments = attrs["config"], attrs["op"], attrs["module_args"]
    scale_x, scale_y, bits = config.get("scale_x"), config.get("scale_y"), config.get("y_quant_bits", 8)
    inputs, expected = [values[q] for q in ("q1", "q2") if q in values], values["y"]
    if inputs[0].ndim == 1:     # one value a frame in the library; rows here
        inputs, expected = [q.reshape(4, -1) for q in inputs], expected.reshape(4, -1)
    signed = kind not in ("sqrt", "invsqrt")
    attributes, tensors = {"scale_y": scale_y, "y_bits": bits}, {}
    if kind in ("add", "mul", "div", "cat", "matmul"):
        scales = values["q_scales"] if "q_scales" in values else (config["scale_x_left"], config["scale_x_right"])
        attributes.update(scale_left=scales[0], scale_right=scales[1])
        op = kind
        if kind == "cat":
            attributes["axis"] = arguments["dim"] - 1
    elif kind in ("sqrt", "invsqrt"):
        op = {"sqrt": "sqrt", "invsqrt": "inv_sqrt"}[kind]
        attributes.update(scale_x=scale_x, x_bits=config["x_quant_bits"], left_shift=config["sqrt_left_shift_bits"])
    elif kind == "hypot":
        op = kind
        attributes.update(scale_left=config["scale_x_left"], left_shift=config["sqrt_left_shift_bits"])
    elif kind == "mean":
        op, attributes = kind, {"axis": arguments["dim"] - 1, "keepdims": arguments["keepdim"],
                                "sum_bits": config.get("mean_sum_quant_bits", 55)}
    elif kind == "batchnorm2d":
        op, tensors = "batch_norm", {"weight": values["wq"], "bias": values["bq"]}
        attributes.update(scale_x=scale_x, scale_weight=config["scale_weight"])
    elif kind == "clnbn2d":
        op = "cln_bn"
        attributes.update(left_shift=config["sqrt_left_shift_bits"], sum_bits=config["mean_sum_quant_bits"],
                          simple=config["cln_simple"])
    elif kind == "prelu":
        op, tensors = kind, {"weight": values["wq"]}
        attributes.update(scale_x=scale_x, scale_weight=config["scale_weight"])
    else:                       # a function of one code: the table importers store, entry = code modulo 2^bits
        op, span = "lut", 1 << config["x_quant_bits"]
        codes = (np.arange(span) + span // 2) % span - span // 2
        tensors = {"table": getattr(library, kind)(codes, scale_x, scale_y, bits)}
        attributes = {"y_bits": bits + (1 if kind == "sigmoid" else 0)}
    names = ["in"] if len(inputs) == 1 else ["left", "right"]
    package = Package(f"digital_{name}", "witin_nn", producer=VERSION)
    for key, codes in zip(names, inputs):
        package.input(key, codes.shape[1:], bits=code_bits(codes, signed), signed=signed)
    package.output(package.node(kind, op, names, tensors, attributes))
    return package, dict(zip(names, inputs)), expected, f"{name} of the training library"


def event_case(folder, name):
    """A float32 event of the vendor's microcontroller library."""
    values = np.load(os.path.join(folder, "wtm2101_events", "events.npz"))
    kind = name.rpartition("_")[0]
    package = Package(f"event_{name}", "wtm2101", producer=VERSION)
    if kind == "gn":
        groups, scale_out = values[f"{name}_p"]
        codes, expected = (values[f"{name}_{k}"].astype(np.int64).transpose(2, 1, 0)[None] for k in "xy")
        package.input("in", codes.shape[1:], signed=True)
        node = package.node("group_norm", "group_norm", ["in"],
                            {"alpha": values[f"{name}_a"], "beta": values[f"{name}_b"]},
                            {"groups": int(groups), "scale_out": float(scale_out)})
    else:
        rows, length, _, out_type, scale_in, scale_out = values[f"{name}_p"]
        codes, expected = (t.reshape(int(rows), int(length)).astype(np.int64) for t in values[name])
        package.input("in", codes.shape[1:], signed=bool(codes.min() < 0))
        op = {"softmax": "softmax", "sumnorm": "sum_norm"}[kind]
        table = {"exp_table": np.exp(-(np.arange(256) * np.float32(scale_in)).astype(np.float32).astype(np.float64))
                 .astype(np.float32)}
        node = package.node(op, op, ["in"], table if op == "softmax" else None,
                            {"scale_in": float(scale_in), "scale_out": float(scale_out), "axis": 0,
                             "signed": True if out_type == 1 else None})
    package.output(node)
    return package, {"in": codes}, expected, f"{name} of the chip vendor's event library"


def measured_cases(folder):
    """(package, inputs, measured outputs, source) of every case in golden/vectors."""
    for name in CHIP:
        yield chip_case(folder, name)
    for name in ARRAY:
        yield array_case(folder, name)
    for name in DIGITAL:
        yield digital_case(folder, name)
    for name in EVENTS:
        yield event_case(folder, name)


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Write the small golden cases.")
    parser.add_argument("-o", "--output", required=True, metavar="DIR")
    parser.add_argument("--vectors", metavar="DIR", help="measured vectors (../shared/vectors beside the repository)",
                        default=os.path.join(os.environ.get("WITIN_SHARED") or os.path.join(ROOT, "..", "shared"),
                                             "vectors"))
    options = parser.parse_args(arguments)
    if not os.path.isdir(options.vectors):
        print(f"make_golden: no vectors in {options.vectors}; name them with --vectors", file=sys.stderr)
        return 2
    command, values = "scripts/make_golden.py -o golden", 0
    for package, inputs, expected, source in measured_cases(options.vectors):
        write_case(os.path.join(options.output, "vectors", package.name), package, inputs, f"Measured: {source}",
                   command,
                   expected=expected)
        values += expected.size
    print(f"vectors: {len(CHIP) + len(ARRAY) + len(DIGITAL) + len(EVENTS)} cases, {values} measured values")
    made = 0
    for package, inputs, description in operator_cases.cases(VERSION):
        write_case(os.path.join(options.output, "operators", package.name), package, inputs, description, command)
        made += 1
    print(f"operators: {made} cases")
    return 0


if __name__ == "__main__":
    sys.exit(main())
