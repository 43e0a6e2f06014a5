"""The training library's configuration of a layer: field names, types, defaults."""
import difflib
import math

from witin_checkpoint.errors import CheckpointError

DEFAULTS = {
    "use_quantization": False, "use_auto_scale": True, "auto_scale_updata_step": 2, "handle_neg_in": "FALSE",
    "hardware": "ARRAY", "x_quant_bits": 8, "y_quant_bits": 8, "weight_quant_bits": 8, "x_left_quant_bits": 8,
    "x_right_quant_bits": 8, "scale_x": 1, "scale_weight": 1, "scale_y": 1, "scale_x_left": 1, "scale_x_right": 1,
    "shift_num": 1.0, "bias_row_N": 8, "bias_d": 0, "G_algo": 1, "w_clip": None, "x_clip": None, "output_fp_clip": None,
    "to_linear": False, "gelu_shift_num": None, "sqrt_left_shift_bits": 8, "mean_sum_quant_bits": 55,
    "cln_simple": False,
    "noise_model": "NORMAL", "noise_level": 0, "target_platform": None, "debug_mode": False, "index": None,
    "conv2d_split_N": None,
}
NAMES = {"handle_neg_in": ("FALSE", "PN", "Shift"), "hardware": ("ARRAY", "VPU")}
BITS = {key: (2, 16) for key in ("x_quant_bits", "y_quant_bits", "weight_quant_bits", "x_left_quant_bits",
                                 "x_right_quant_bits")}
COUNTS = {**BITS, "bias_row_N": (1, 32), "sqrt_left_shift_bits": (0, 30), "mean_sum_quant_bits": (2, 63),
          "auto_scale_updata_step": (0, 1 << 31)}
SCALES = ("scale_x", "scale_weight", "scale_y", "scale_x_left", "scale_x_right", "G_algo")
LIMITS = ("w_clip", "x_clip", "output_fp_clip")     # null or 0: none
FREE = ("target_platform", "noise_model", "index", "conv2d_split_N")     # no effect on the noise-free integers


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def check(fields, where):
    """`fields` with the names of enumerations normalised. CheckpointError names the field that cannot be used."""
    return {key: _checked(key, value, f"{where}/{key}") for key, value in fields.items()}


def merge(defaults, config):
    return {**DEFAULTS, **defaults, **config}


def _checked(key, value, where):
    if key not in DEFAULTS:
        near = difflib.get_close_matches(key, DEFAULTS, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise CheckpointError(f"{where}: the library has no such field{hint}")
    if key in FREE:
        return value
    if key in NAMES:
        for name in NAMES[key]:
            if isinstance(value, str) and value.lower() == name.lower():
                return name
        raise _wrong(where, "one of " + ", ".join(NAMES[key]), value)
    if key in COUNTS:
        low, high = COUNTS[key]
        if type(value) is not int or not low <= value <= high:
            raise _wrong(where, f"an integer {low}..{high}", value)
    elif key in SCALES:
        if not is_number(value) or value <= 0:
            raise _wrong(where, "a number above 0", value)
    elif key == "bias_d":
        values = value if isinstance(value, list) else [value]
        if not values or not all(map(is_number, values)):
            raise _wrong(where, "a number, or one for each output channel", value)
    elif key in LIMITS or key == "gelu_shift_num":
        if value is not None and not (is_number(value) and (value >= 0 or key not in LIMITS)):
            raise _wrong(where, "null or a number, 0 or more where it is a clip", value)
    elif isinstance(DEFAULTS[key], bool):
        if not isinstance(value, bool):
            raise _wrong(where, "true or false", value)
    elif not is_number(value):
        raise _wrong(where, "a number", value)
    return value


def _wrong(where, expected, value):
    return CheckpointError(f"{where}: expected {expected}, found {value!r}")
