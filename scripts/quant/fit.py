"""Weights and biases of one array matrix as the chip holds them.

The accumulator counts `a` per unit: a code x of scale s_x times a weight code is `a` times the value where
weight_code = rne(weight * a / s_x), within the limit 127. The chip also takes twice that, and a row may be there
several times, so that a layer whose g would be too small can count finer: limit 254 times the copies.
Bias: rne(bias * a / 128) units of 128, in [-128, 127] for each of bias_rows rows; with wide inputs the digital side
takes what does not fit. Under a shifted input S the bias also carries -S * sum(weight codes).
"""
from dataclasses import dataclass

import numpy as np

from .ranges import Histogram, choose_scale

WEIGHT_LIMIT = 127      # symmetric, so that a negated weight is one, too
WIDE_LIMIT = 254        # the chip's weights reach +-275, a negated and doubled one included
TRIES = 6               # powers of two tried below the one that shows every weight


@dataclass
class Block:
    """Weights that share an input: its scale, the mean square of its codes and its shift."""
    weight: np.ndarray
    scale: float
    power: float
    shift: int = 0

    def codes(self, a, limit):
        return np.clip(np.rint(self.weight * (a / self.scale)), -limit, limit).astype(np.int64)


@dataclass
class Fitted:
    a: float
    weights: list           # int64, one array a block
    bias: np.ndarray        # multiples of 128
    bias_d: np.ndarray      # multiples of 128; zero unless the digital side helps
    lost: int               # biases that do not fit

    def held_bias(self, blocks, column_sums):
        """What the rounded bias is worth, in values."""
        counts = (self.bias + self.bias_d).astype(np.float64)
        return (counts + sum(b.shift * column_sums(c) for b, c in zip(blocks, self.weights) if b.shift)) / self.a


def split_bias(wanted, a, rows, digital):
    """(bias, bias_d, biases lost) for `wanted` accumulator counts."""
    units = np.rint(wanted / 128)
    kept = np.clip(units, -128 * rows, 127 * rows)
    rest = units - kept
    lost = 0 if digital else int((rest != 0).sum())
    return (128 * kept).astype(np.int64), (128 * rest if digital else 0 * rest).astype(np.int64), lost


def fitted(blocks, bias, a, rows, digital, column_sums, limit):
    codes = [block.codes(a, limit) for block in blocks]
    wanted = bias * a - sum(block.shift * column_sums(c) for block, c in zip(blocks, codes) if block.shift)
    return Fitted(a, codes, *split_bias(wanted, a, rows, digital))


def expected_error(blocks, result, bias, column_sums):
    """Mean squared error of the outputs that weight rounding, weight clipping and the bias cause, in squared values."""
    error = 0.0
    for block, codes in zip(blocks, result.weights):
        # inputs as if independent and without mean: the error's power is the codes' power times the weights' error
        error += block.power * ((block.weight / block.scale - codes / result.a) ** 2).sum() / len(bias)
    return error + float(((bias - result.held_bias(blocks, column_sums)) ** 2).mean())


def largest_scale(blocks, method, percentile, limit):
    """The power of two a at which the chosen range of the weights fills the codes."""
    histogram = Histogram()
    for block in blocks:
        histogram.add(block.weight / block.scale)
    return choose_scale(histogram, "minmax" if method == "mse" else method, -limit - 1, limit, percentile)


def fit(blocks, bias, rows, method="mse", percentile=100.0, highest=np.inf, digital=False, column_sums=None,
        limit=WEIGHT_LIMIT):
    """The best Fitted. highest: an upper bound of `a`; limit: of the weight codes. mse tries finer scales that clip
    weights, too; every method goes to coarser ones where the bias would not fit otherwise and that costs less than
    cutting it off."""
    column_sums = column_sums or (lambda codes: codes.sum(0))
    start = min(largest_scale(blocks, method, percentile, limit), 2.0 ** np.floor(np.log2(highest)))
    steps = range(-3, TRIES) if method == "mse" else range(TRIES)
    best = None
    for step in steps:
        a = start / 2.0**step
        if a > highest:
            continue
        result = fitted(blocks, bias, a, rows, digital, column_sums, limit)
        error = expected_error(blocks, result, bias, column_sums)
        if best is None or error < best[0]:
            best = error, result
        if method != "mse" and not result.lost:
            break
    return best[1]


def copies_of(codes, count):
    """`count` arrays of codes that differ by one at most and add up to `codes`."""
    low, rest = codes // count, codes % count
    return [low + (k < rest) for k in range(count)]
