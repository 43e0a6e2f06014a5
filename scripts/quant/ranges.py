"""Ranges of float tensors and the power-of-two scales that follow from them.

A code is `clip(rne(x * scale), low, high)`. The finest scale that keeps a range [a, b] is the largest power of two with
`b * scale <= high + 1` and `a * scale >= low` (the highest value may fall one code short, as in the training library's
`2^(bits-1) / 2^ceil(log2(max))`). What the range is decides the method:

    minmax        everything seen
    percentile    the share `percentile` of the values, on each side alone
    mse           the scale with the least mean squared error, rounding and clipping counted
    kl            the scale whose codes keep the distribution best: least KL divergence (cross-entropy) from the float
                  histogram to that of the codes

Values are collected as a histogram with a fixed number of bins, so that calibration data of any size fit.
"""
import numpy as np

METHODS = ("minmax", "percentile", "mse", "kl")
BINS = 8192                     # per sign
FINER = 12                      # mse and kl try scales up to 2^12 finer than minmax
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
    cost = {"mse": lambda s: mean_squared_error(values, counts, s, low, high, through),
            "kl": lambda s: divergence(values, counts, s, low, high)}[method]
    return min((widest * 2.0**k for k in range(FINER + 1)), key=cost)


def mean_squared_error(values, counts, scale, low, high, through=None):
    restored = np.clip(np.rint(values * scale), low, high) / scale
    if through is not None:
        values, restored = through(values), through(restored)
    return float((counts * (values - restored) ** 2).sum() / counts.sum())


def divergence(values, counts, scale, low, high):
    """KL divergence from the float histogram, spread evenly over the bins of each code, to the codes' one; what the clip
    cut off counts as lying in the outermost bins."""
    codes = np.clip(np.rint(values * scale), low, high).astype(np.int64)
    inside = (values * scale >= low - 0.5) & (values * scale <= high + 0.5)
    if not inside.any():
        return np.inf
    p = np.where(inside, counts, 0).astype(np.float64)
    kept = np.flatnonzero(inside)
    p[kept[0]] += counts[:kept[0]].sum()
    p[kept[-1]] += counts[kept[-1] + 1:].sum()
    group = codes - codes.min()
    mass = np.bincount(group, np.where(inside, counts, 0))
    bins = np.bincount(group, inside)
    q = np.where(inside, mass[group] / np.maximum(bins[group], 1), 0)
    p, q = p[inside] / p[inside].sum(), q[inside] / q[inside].sum()
    return float((p * np.log(p / q)).sum())
