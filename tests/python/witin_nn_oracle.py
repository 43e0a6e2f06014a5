"""The training library's forward pass from scripts/reference: floats from layer to layer, every layer quantising its
own input. The oracle of test_import_witin_nn.py; it shares nothing with the importer but the network file's names.

    trace = forward(document, tensors, {"in": x})      {layer: Layer(y codes, scale, floats, integers)}
"""
import dataclasses

import numpy as np

import witin_nn_array as A
import witin_nn_digital as D

try:
    import torch
    HAS_TORCH = True
except ImportError:
    HAS_TORCH = False

F32 = np.float32
FIELDS = {"handle_neg_in": "FALSE", "hardware": "ARRAY", "to_linear": False, "use_auto_scale": True,
          "x_left_quant_bits": 8, "x_right_quant_bits": 8, "scale_x_left": 1, "scale_x_right": 1, "x_clip": None,
          "bias_d": 0, "gelu_shift_num": None, "sqrt_left_shift_bits": 8, "mean_sum_quant_bits": 55,
          "cln_simple": False,
          **A.DEF}


@dataclasses.dataclass
class Layer:
    y: np.ndarray
    scale: float
    value: np.ndarray       # float32, what the next layer reads
    weight: np.ndarray = None
    bias: np.ndarray = None
    bias_d: np.ndarray = None


def forward(document, tensors, inputs):
    values, trace = {name: np.asarray(x, F32) for name, x in inputs.items()}, {}
    for layer in document["layers"]:
        config = {**FIELDS, **document.get("defaults", {}), **layer.get("config", {})}
        xs = [values[name] for name in layer["inputs"]]
        result = run(layer, config, tensors, xs)
        values[layer["name"]] = result if isinstance(result, np.ndarray) else result.value
        if not isinstance(result, np.ndarray):
            trace[layer["name"]] = result
    return trace


def run(layer, config, tensors, xs):
    """One layer on floats; an array for torch operations, a Layer otherwise."""
    return globals()["_" + layer["type"]](layer, config, _Parameters(layer["name"], tensors, config), *xs)


class _Parameters:
    def __init__(self, name, tensors, config):
        self.name, self.tensors, self.config = name, tensors, config

    def __getitem__(self, role):
        return self.tensors[f"{self.name}.{role}"]

    def get(self, role):
        return self.tensors.get(f"{self.name}.{role}")

    def scale(self, statistic, field, bits):
        if not self.config["use_auto_scale"]:
            return self.config[field]
        return A.auto_scale(self[f"autoscale_{statistic}_obj.io_max"], bits)


def _result(y, scale, **integers):
    return Layer(np.asarray(y, np.int64), scale, D.dequant(y, scale), **integers)


# ------------------------------------------------------------------------------------------------ array
def _array(op, layer, c, p, x, call, **keys):
    bits = A.auto_q_bits(op, c["x_quant_bits"], c["y_quant_bits"], c["weight_quant_bits"], c["handle_neg_in"],
                         c["to_linear"], c["hardware"])
    scales = {"scale_x": p.scale("x", "scale_x", bits[0]), "scale_weight": p.scale("weight", "scale_weight", bits[1]),
              "scale_y": p.scale("y", "scale_y", bits[2])}
    config = {key: c[key] for key in A.DEF} | scales
    y, _, weight, bias, bias_d = call(x, p["weight"], p.get("bias"), np.asarray(c["bias_d"], F32), full=True, **keys,
                                      **config)
    return _result(y, scales["scale_y"], weight=weight, bias=bias, bias_d=bias_d)


def _linear(layer, c, p, x):
    return _array("linear", layer, c, p, x, A.linear)


def _geometry(layer):
    return {key: layer.get(key, default) for key, default in (("stride", 1), ("padding", 0), ("dilation", 1),
                                                              ("groups", 1))}


def _conv2d(layer, c, p, x):
    keys, mode = _geometry(layer), {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}
    if layer.get("padding_mode", "zeros") != "zeros":
        h, w = A._pair(keys.pop("padding"))
        x = np.pad(x, ((0, 0), (0, 0), (h, h), (w, w)), mode=mode[layer["padding_mode"]])
    return _array("conv2d", layer, c, p, x, A.conv2d, **keys, to_linear=c["to_linear"], hardware=c["hardware"])


def _conv_transpose2d(layer, c, p, x):
    return _array("conv_transpose2d", layer, c, p, x, A.conv_transpose2d, **_geometry(layer),
                  output_padding=layer.get("output_padding", 0), to_linear=c["to_linear"], hardware=c["hardware"])


# ------------------------------------------------------------------------------------------------ digital
def _one(c, p, extra_x=0, extra_y=0):
    """scale_x, scale_y"""
    return p.scale("x", "scale_x", c["x_quant_bits"] + extra_x), p.scale("y", "scale_y", c["y_quant_bits"] + extra_y)


def _torch(function, **keys):
    """`fn` for the reference's functions: torch itself, as the reference asks for above 8 bits."""
    if not HAS_TORCH:
        return {}
    return {"fn": lambda x, *_: function(torch.from_numpy(np.ascontiguousarray(x)), **keys).numpy()}


def _by_table(function, q, bits):
    """function of every code of the width, then looked up: torch's kernels depend on how a tensor lies in memory."""
    half = 1 << (bits - 1)
    return function(np.arange(-half, half))[q + half]


def _sigmoid(layer, c, p, x):
    (sx, sy), bits = _one(c, p), c["x_quant_bits"]
    fn = _torch(HAS_TORCH and torch.sigmoid)
    q = D.xclip_quant(x, sx, bits, c["x_clip"])
    return _result(_by_table(lambda codes: D.sigmoid(codes, sx, sy, c["y_quant_bits"], **fn), q, bits), sy)


def _tanh(layer, c, p, x):
    sx, sy = _one(c, p)
    return _result(D.tanh(D.xclip_quant(x, sx, c["x_quant_bits"], c["x_clip"]), sx, sy, c["y_quant_bits"]), sy)


def _gelu(layer, c, p, x):
    sx, sy = _one(c, p, 0, 1 if c["gelu_shift_num"] else 0)
    approximate = layer.get("approximate", "none")
    fn = _torch(HAS_TORCH and torch.nn.functional.gelu, approximate=approximate)
    gelu = lambda codes: D.gelu(codes, sx, sy, c["y_quant_bits"], approximate, c["gelu_shift_num"],
                                c["output_fp_clip"], **fn)
    return _result(_by_table(gelu, D.quant(x, sx, c["x_quant_bits"]), c["x_quant_bits"]), sy)


def _prelu(layer, c, p, x):
    sx, sy = _one(c, p)
    sw = p.scale("weight", "scale_weight", c["weight_quant_bits"])
    return _result(D.prelu(D.quant(x, sx, c["x_quant_bits"]), p["weight"], sx, sw, sy, c["y_quant_bits"],
                           c["weight_quant_bits"], c["output_fp_clip"]), sy)


def _two(c, p):
    """left and right scale, output scale and width"""
    return (p.scale("x1", "scale_x_left", c["x_left_quant_bits"]),
            p.scale("x2", "scale_x_right", c["x_right_quant_bits"]),
            p.scale("y", "scale_y", c["y_quant_bits"]), c["y_quant_bits"])


def _element_add(layer, c, p, x1, x2):
    sl, sr, sy, yb = _two(c, p)
    m = min(sl, sr)
    return _result(D.add(*D.add_quant(x1, x2, sl, sr, c["x_left_quant_bits"], c["x_right_quant_bits"]), m, m, sy, yb),
                   sy)


def _pair_op(function):
    def run_pair(layer, c, p, x1, x2):
        sl, sr, sy, yb = _two(c, p)
        return _result(function(D.quant(x1, sl, c["x_left_quant_bits"]), D.quant(x2, sr, c["x_right_quant_bits"]), sl,
                                sr, sy,
                                yb, c), sy)
    return run_pair


_element_mul = _pair_op(lambda a, b, sl, sr, sy, yb, c: D.mul(a, b, sl, sr, sy, yb))
_element_divide = _pair_op(lambda a, b, sl, sr, sy, yb, c: D.div(a, b, sl, sr, sy, yb, c["output_fp_clip"]))
_mat_mul = _pair_op(lambda a, b, sl, sr, sy, yb, c: D.matmul(a, b, sl, sr, sy, yb))


def _cat(layer, c, p, x1, x2):
    sl, sr, sy, yb = _two(c, p)
    codes = D.cat_quant(x1, x2, sl, sr, c["x_left_quant_bits"], c["x_right_quant_bits"])
    return _result(D.cat(*codes, sy, yb, layer.get("dim", 1), c["output_fp_clip"]), sy)


def _sqrt(layer, c, p, x, function=D.sqrt):
    sx, sy = _one(c, p, 1, 1)
    q = D.quant(x, sx, c["x_quant_bits"], False)
    return _result(function(q, sx, sy, c["y_quant_bits"], c["sqrt_left_shift_bits"], c["output_fp_clip"]), sy)


def _inv_sqrt(layer, c, p, x):
    return _sqrt(layer, c, p, x, D.invsqrt)


def _hypot(layer, c, p, x1, x2):
    bits = c["x_left_quant_bits"]
    sl, sy = p.scale("x1", "scale_x_left", bits), p.scale("y", "scale_y", c["y_quant_bits"] + 1)
    return _result(D.hypot(D.quant(x1, sl, bits), D.quant(x2, sl, bits), sl, sy, c["y_quant_bits"],
                           c["sqrt_left_shift_bits"],
                           c["output_fp_clip"]), sy)


def _mean(layer, c, p, x):
    sx = p.scale("x", "scale_x", c["x_quant_bits"])
    return _result(D.mean(D.quant(x, sx, c["x_quant_bits"]), layer["dim"], layer.get("keepdim", False),
                          c["mean_sum_quant_bits"]), sx)


def _batch_norm2d(layer, c, p, x):
    (sx, sy), xb, eps = _one(c, p), c["x_quant_bits"], layer.get("eps", 1e-5)
    q = D.quant(x, sx, xb)
    if not layer.get("affine", True):
        return _result(D.batchnorm2d_noaffine(q, p["running_mean"], p["running_var"], eps, sx, sy, c["y_quant_bits"],
                                              xb), sy)
    sw = p.scale("weight", "scale_weight", c["weight_quant_bits"])
    folded = D.bn_fold(p["weight"], p["bias"], p["running_mean"], p["running_var"], eps, sx, sw, xb,
                       c["weight_quant_bits"])
    return _result(D.batchnorm2d(q, *folded, sx, sw, sy, c["y_quant_bits"]), sy)


def _cln_bn2d(layer, c, p, x):
    sx, sy = _one(c, p)
    return _result(D.clnbn2d(D.quant(x, sx, c["x_quant_bits"]), sy, c["y_quant_bits"], c["sqrt_left_shift_bits"],
                             c["mean_sum_quant_bits"], c["cln_simple"], c["output_fp_clip"]), sy)


# ------------------------------------------------------------------------------------------------ torch operations
def _relu(layer, c, p, x):
    return np.maximum(x, F32(0))


def _flatten(layer, c, p, x):
    return x.reshape(len(x), -1)


def _reshape(layer, c, p, x):
    return x.reshape([len(x)] + layer["shape"])


def _permute(layer, c, p, x):
    return x.transpose(layer["dims"])


def _slice(layer, c, p, x):
    window = [slice(None)] * x.ndim
    window[layer["dim"]] = slice(layer.get("start"), layer.get("end"), layer.get("step"))
    return x[tuple(window)]


def _max_pool2d(layer, c, p, x):
    (kh, kw), (sh, sw), (ph, pw) = (A._pair(layer.get(key, 0)) for key in ("kernel_size", "stride", "padding"))
    x = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)), constant_values=-np.inf)
    windows = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    return windows.max((4, 5)).astype(F32)
