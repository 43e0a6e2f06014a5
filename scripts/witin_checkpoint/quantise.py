"""Float parameters to integers, in the training library's float32 order. Formulas: sim/arith/numerics.md."""
import math

import numpy as np

F32 = np.float32
I64 = np.int64


def signed_range(bits):
    return -(1 << (bits - 1)), (1 << (bits - 1)) - 1


def unsigned_range(bits):
    return 0, (1 << bits) - 1


def pn_range(bits):
    return -((1 << bits) - 1), (1 << bits) - 1


def is_power_of_two(value):
    return math.frexp(float(value))[0] == 0.5


def codes(values, scale, limits):
    """clip(rne(f32(x * f32(scale))))"""
    return np.clip(np.rint(np.asarray(values, F32) * F32(scale)), *limits).astype(I64)


def weights(values, scale, bits, clip):
    """NPU_weight; clip is w_clip, None or 0 for none."""
    values = np.asarray(values, F32)
    if clip:
        values = np.clip(values, -F32(clip), F32(clip))
    return codes(values, scale, signed_range(bits))


def shift_code(shift_num, scale_x, limit):
    """S of Shift mode: rne(shift_num * scale_x) within 0..limit."""
    return min(max(round(float(shift_num) * float(scale_x)), 0), limit)


def bias_rows(bias, scale_x, scale_weight, rows, shift, weight_sums, bias_d=None):
    """(NPU_bias, NPU_bias_d, lost): multiples of 128, and how many channels did not fit into the rows.

    bias_d None: the paths with one rounding; else the float digital part of a Linear core above 8 bits.
    """
    k = F32(float(scale_x) * float(scale_weight))
    units = np.asarray(bias, F32) * k / F32(128)
    digital = np.zeros(units.shape, I64)
    if bias_d is not None:
        part = np.rint(np.asarray(bias_d, F32) * k / F32(128))
        digital = np.broadcast_to(part, units.shape).astype(I64)
        units = np.rint(units) - digital.astype(F32)
    if shift:
        units = units - F32(shift) * weight_sums.astype(F32) / F32(128)
    units = np.rint(units)
    fitted = np.clip(units, -128 * rows, 127 * rows)
    return fitted.astype(I64) * 128, digital * 128, int((fitted != units).sum())


def plain_bias(bias, scale_x, scale_weight):
    """NPU_bias of hardware=VPU: any integer."""
    return np.rint(np.asarray(bias, F32) * F32(float(scale_x) * float(scale_weight))).astype(I64)


def batch_norm(gamma, beta, mean, variance, eps, scale_x, scale_weight, x_bits, weight_bits):
    """Folded weight and bias codes of an affine BatchNorm2d."""
    gamma, beta, mean, variance = (np.asarray(t, F32) for t in (gamma, beta, mean, variance))
    deviation = np.sqrt(variance + F32(eps))
    weight = gamma / deviation
    offset = beta - mean * gamma / deviation
    bias = np.clip(np.rint(offset * F32(scale_weight) * F32(scale_x)), *signed_range(x_bits + weight_bits))
    return codes(weight, scale_weight, signed_range(weight_bits)), bias.astype(I64)
