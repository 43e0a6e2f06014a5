"""sigmoid, tanh and gelu of float32 arrays, bit for bit as witin_nn 0.1.3 on torch 1.13 (CPU, AVX2) computes them.

NumPy alone, so that a table does not depend on the machine, on torch or on libm's last bit. Sources of the formulas:
sigmoid 1 / (1 + exp(-x)) with SLEEF's expf_u10; gelu 'none' with oneDNN's erf (Abramowitz and Stegun 7.1.26) and its
exp, both fused; gelu 'tanh' and tanh in float32 steps with a correctly rounded tanh. Tested against the library's own
near ties and, over all 16-bit codes, against torch.
"""
import math

import numpy as np

F32 = np.float32


def fma(a, b, c):
    """f32(a * b + c), one rounding. The product is exact in float64; the sum is rounded to odd before float32."""
    product = np.asarray(a, np.float64) * np.asarray(b, np.float64)
    addend = np.asarray(c, np.float64)
    total = product + addend
    back = total - product
    error = (product - (total - back)) + (addend - back)
    bits = np.atleast_1d(np.asarray(total, np.float64)).view(np.int64)
    away = np.where(np.atleast_1d(error) * np.where(np.atleast_1d(total) < 0, -1, 1) > 0, 1, -1)
    inexact = np.atleast_1d(error != 0) & (bits & 1 == 0)
    odd = np.where(inexact, bits + np.where(away > 0, 1, -1), bits)
    return odd.view(np.float64).reshape(np.shape(total)).astype(F32)


def _polynomial(x, coefficients):
    """Horner, highest power first, every step fused."""
    value = F32(coefficients[0])
    for coefficient in coefficients[1:]:
        value = fma(value, x, F32(coefficient))
    return value


def _exp_sleef(x):
    q = np.rint(x * F32(1.442695040888963407))
    s = fma(q, F32(-0.693145751953125), x)
    s = fma(q, F32(-1.428606765330187045e-06), s)
    u = _polynomial(s, (0.000198527617612853646278381, 0.00139304355252534151077271, 0.00833336077630519866943359,
                        0.0416664853692054748535156, 0.166666671633720397949219, 0.5))
    u = F32(1) + fma(s * s, u, s)
    with np.errstate(over="ignore", under="ignore"):
        y = np.ldexp(u.astype(np.float64), np.clip(q, -1000, 1000).astype(np.int64)).astype(F32)
    return np.where(x < -104, F32(0), np.where(x > 100, F32(np.inf), y)).astype(F32)


def _exp_onednn(x):
    limited = np.clip(x, F32(-87.33654785), F32(88.72283936))
    n = np.floor(limited * F32(1.44269502) + F32(0.5))
    r = fma(-n, F32(0.693147182), limited)
    y = _polynomial(r, (0.00828929059, 0.0418978221, 0.166676521, 0.499991506, 0.999999701, 1))
    y = y * np.ldexp(F32(1), (n - 1).astype(np.int64)).astype(F32) * F32(2)
    return np.where(x < F32(-87.33654785), F32(0), y).astype(F32)


def sigmoid(x):
    with np.errstate(over="ignore"):
        return (F32(1) / (F32(1) + _exp_sleef(-np.asarray(x, F32)))).astype(F32)


def tanh(x):
    return np.tanh(np.asarray(x, np.float64)).astype(F32)


def gelu(x, approximate="none"):
    x = np.asarray(x, F32)
    if approximate == "tanh":
        inner = F32(math.sqrt(2 / math.pi)) * (x + F32(0.044715) * (x * x * x))
        return (F32(0.5) * x * (F32(1) + tanh(inner))).astype(F32)
    v = x * F32(0.70710678118)
    magnitude = np.abs(v)
    t = F32(1) / fma(F32(0.3275911), magnitude, F32(1))
    r = _polynomial(t, (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592))
    erf = fma(-_exp_onednn(-(magnitude * magnitude)) * t, r, F32(1))
    half = F32(0.5) * x
    return fma(np.where(np.signbit(x), -erf, erf), half, half)
