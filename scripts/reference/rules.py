"""What every operator of the reference executor shares: its node, code ranges, and the rule of an array output.

Formulas: sim/arith/numerics.md. Everything is exact: int64, or Python integers where a divisor is no integer.
"""
import copy
from fractions import Fraction

import numpy as np

import witin_nn_array as array_reference
import wtm2101 as chip

I64, F32 = np.int64, np.float32


class RunError(ValueError):
    """A package or an input that cannot be run; one line."""


def signed(bits):
    return -(1 << (bits - 1)), (1 << (bits - 1)) - 1


def unsigned(bits):
    return 0, (1 << bits) - 1


def clip(values, limits):
    return np.clip(values, *limits)


class Node:
    """A node of a package with its inputs: `xs` arrays [frames, *shape] of codes and their `ranges`."""

    def __init__(self, package, entry, xs, ranges, profile, noise=None):
        self.noise = noise  # NodeNoise, or None
        self.name, self.op, self.xs, self.ranges, self.profile = entry["name"], entry["op"], xs, ranges, profile
        self._package, self._entry = package, entry
        self.x, self.range = xs[0], ranges[0]

    def get(self, name, default=None):
        return self._entry.get("attributes", {}).get(name, default)

    def need(self, name):
        value = self.get(name)
        if value is None:
            self.refuse(f"attribute {name} is missing")
        return value

    def tensor(self, role, default=None):
        """int64, or the float32 tensor as it is; `default` where the role is absent."""
        values = self._package.tensor(self._entry, role)
        if values is None:
            return default
        return values if values.dtype.kind == "f" else values.astype(I64)

    def refuse(self, message):
        raise RunError(f"node {self.name} ({self.op}): {message}")


def dot(x, w):
    """x [..., K] @ w [K, N], exact: float64 holds every partial sum below 2^53."""
    return np.rint(np.asarray(x, np.float64) @ np.asarray(w, np.float64)).astype(I64)


def rational_divide(acc, g, rule):
    """acc / g by `rule`(numerator, positive denominator) without rounding anything before."""
    g = Fraction(g)
    numerator = acc * g.denominator if g.denominator == 1 else acc.astype(object) * g.denominator
    return np.asarray(rule(numerator, g.numerator)).astype(I64)


def rne_divide(numerator, denominator):
    quotient = numerator // denominator
    rest = 2 * (numerator - quotient * denominator)
    up = (rest > denominator) | ((rest == denominator) & (quotient % 2 == 1))
    return quotient + up


def trunc_divide(numerator, denominator):
    return np.where(numerator >= 0, numerator // denominator, -((-numerator) // denominator))


class OutputRule:
    """Accumulators to output codes: y = rule(acc), and v, the ADC code, where the profile has one."""

    def __init__(self, node, g="g"):
        self.profile, self.digital = node.profile, node.get("mode", "array") == "digital"
        self.y_bits = node.get("y_bits", 8)
        self.limit = signed(min(self.y_bits, node.get("y_limit_bits", self.y_bits)))
        self.g, self.float_order = node.get(g), None
        if self.g is None:
            self.float_order = F32(node.need("divisor")), F32(node.need("multiplier")), node.get("clip_value")
            self.g = node.need("divisor") / node.need("multiplier")
        if not self.g > 0:
            node.refuse(f"{g} = {self.g} is not positive")

    def with_divisor(self, g):
        """The same rule with another g, in no order of float32."""
        other = copy.copy(self)
        other.g, other.float_order = g, None
        return other

    def v(self, acc):
        """None where the profile has no ADC code."""
        if self.profile != "wtm2101":
            return None
        return rational_divide(acc, Fraction(self.g) / 4, trunc_divide)

    def __call__(self, acc):
        """Saturated to y_bits; the narrower y_limit_bits is the caller's last step."""
        if self.profile == "wtm2101":
            y = (self.v(acc) + 2) >> 2
        elif self.float_order:
            divisor, multiplier, limit = self.float_order
            value = acc.astype(F32) / divisor
            if limit:
                value = np.clip(value, -F32(limit), F32(limit))
            y = np.rint(value * multiplier).astype(I64)
        elif self.digital and self.profile == "witin_nn":
            y = np.rint(acc.astype(F32) / F32(self.g)).astype(I64)
        else:
            y = rational_divide(acc, self.g, rne_divide)
        return clip(y, signed(self.y_bits))

    def digital_half(self, acc):
        """The integer divider of wide inputs: rne(acc / rne(g)), not clipped."""
        divider = int(rne_divide(*Fraction(self.g).as_integer_ratio()))
        return array_reference.rne_div(acc, divider)


def shifted(values, bits, rounding):
    """values * 2^bits; right shifts (bits < 0) round by `rounding`: floor, half_up, trunc, half_even or half_away."""
    if bits >= 0 or rounding in ("floor", "half_up"):
        return chip.shift(values, bits, rounding)
    numerator, denominator = np.asarray(values, I64), 1 << -bits
    if rounding == "trunc":
        return trunc_divide(numerator, denominator)
    if rounding == "half_even":
        return rne_divide(numerator, denominator)
    return np.sign(numerator) * ((2 * np.abs(numerator) + denominator) // (2 * denominator))
