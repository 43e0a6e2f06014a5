"""Ranges of float tensors and the power-of-two scales that follow from them.

A code is `clip(rne(x * scale), low, high)`. The finest scale that keeps a range [a, b] is the largest power of two with
`b * scale <= high + 1` and `a * scale >= low` (the highest value may fall one code short, as in the training library's
`2^(bits-1) / 2^ceil(log2(max))`). What the range is decides the method:

    minmax        everything seen
    percentile    the share `percentile` of the values, on each side alone
    mse           the scale with the least mean squared error, rounding and clipping counted
    kl            the scale whose codes keep the distribution best: least KL divergence (cross-entropy); the first
                  minimum from minmax on, because almost nothing is kept well by almost any codes

Values are collected as a histogram with a fixed number of bins, so that calibration data of any size fit.
"""
import numpy as np

METHODS = ("minmax", "percentile", "mse", "kl")
BINS = 8192                     # per sign
FINER = 12                      # mse tries scales up to 2^12 finer than minmax
DEFAULT_PERCENTILE = 99.99


class Histogram:
    """Counts of values in 2 * BINS bins of equal width over [-limit, limit); limit a power of two that grows."""

    def __init__(self, values=None):
        self.counts = np.zeros(2 * BINS, np.int64)
        self.limit = 0.0
        self.low, self.high, self.total = np.inf, -np.inf, 0
        if values is not None:
            self.add(values)

    def add(self, values):
        values = np.asarray(values, np.float64).ravel()
        if not values.size:
            return
        self.low, self.high = min(self.low, values.min()), max(self.high, values.max())
        self.total += values.size
        largest = max(-self.low, self.high)
        if largest > 0 and largest >= self.limit:
            self._grow(2.0 ** (np.floor(np.log2(largest)) + 1))
        if self.limit == 0:
            self.counts[BINS] += values.size
            return
        index = np.floor(values * (BINS / self.limit)).astype(np.int64) + BINS
        self.counts += np.bincount(np.clip(index, 0, 2 * BINS - 1), minlength=2 * BINS)

    def _grow(self, limit):
        if self.limit == 0:
            self.limit = limit
        while self.limit < limit:
            merged = self.counts.reshape(-1, 2).sum(1)
            self.counts[:] = 0
            self.counts[BINS // 2:BINS // 2 + BINS] = merged
            self.limit *= 2

    def centres(self):
        """The value each bin stands for; zero for the bin that begins at zero, where ReLU puts its zeros."""
        centres = (np.arange(2 * BINS) - BINS + 0.5) * (self.limit / BINS)
        centres[BINS] = 0
        return centres

    def mean_square(self):
        return float((self.counts * self.centres() ** 2).sum() / max(self.total, 1))

    def percentile(self, share):
        """(low, high) without the (100 - share) percent furthest out on each side of zero, of that side's values."""
        edges = (np.arange(BINS) + 1) * (self.limit / BINS)
        bounds = []
        for counts, extreme in ((self.counts[BINS - 1::-1], -self.low), (self.counts[BINS:], self.high)):
            total = counts.sum()
            if not total or extreme <= 0:
                bounds.append(0.0)
                continue
            index = np.searchsorted(np.cumsum(counts), total * share / 100)
            bounds.append(min(edges[min(index, BINS - 1)], extreme))
        return -bounds[0], bounds[1]


def finest_scale(range_low, range_high, low, high):
    """The largest power of two that keeps the range within the codes low..high (see above); 1 for an empty range."""
    limits = []
    if range_high > 0:
        limits.append((high + 1) / range_high)
    if range_low < 0 and low < 0:
        limits.append(low / range_low)
    return 2.0 ** float(np.floor(np.log2(min(limits)))) if limits else 1.0


def choose_scale(histogram, method, low, high, percentile=DEFAULT_PERCENTILE, through=None):
    """The power-of-two scale for codes low..high. `through`: a function applied to the values later, such as tanh; mse
    then counts the error behind it."""
    widest = finest_scale(histogram.low, histogram.high, low, high)
    if method == "minmax" or histogram.limit == 0:
        return widest
    if method == "percentile":
        return finest_scale(*histogram.percentile(percentile), low, high)
    used = np.flatnonzero(histogram.counts)
    values, counts = histogram.centres()[used], histogram.counts[used]
    if low >= 0:
        values = np.maximum(values, 0)
    if method == "mse":
        return min((widest * 2.0**k for k in range(FINER + 1)),
                   key=lambda s: mean_squared_error(values, counts, s, low, high, through))
    scale, least = widest, divergence(values, counts, widest, low, high)
    while (cost := divergence(values, counts, 2 * scale, low, high)) < least:
        scale, least = 2 * scale, cost
    return scale


def mean_squared_error(values, counts, scale, low, high, through=None):
    restored = np.clip(np.rint(values * scale), low, high) / scale
    if through is not None:
        values, restored = through(values), through(restored)
    return float((counts * (values - restored) ** 2).sum() / counts.sum())


def divergence(values, counts, scale, low, high):
    """KL divergence from the clipped float histogram to the codes' one. What the clip cuts off counts as lying in the
    outermost bins left; a code's values are spread evenly over the bins it stands for that hold any. Zeros are left
    out: every scale shows them, and behind a ReLU they would outweigh all else."""
    counts = np.where(values == 0, 0, counts)
    codes = np.rint(values * scale)
    inside = np.flatnonzero((codes >= low) & (codes <= high) & (counts > 0))
    if not inside.size:
        return np.inf
    p = counts[inside].astype(np.float64)
    group = (codes[inside] - codes[inside[0]]).astype(np.int64)
    q = (np.bincount(group, p) / np.maximum(np.bincount(group), 1))[group]
    p[0] += counts[:inside[0]].sum()
    p[-1] += counts[inside[-1] + 1:].sum()
    p, q = p / p.sum(), q / q.sum()
    return float((p * np.log(p / q)).sum())
