"""Noise on the array in NumPy, draw by draw: the oracle of the noisy golden cases, independent of the simulator.

A trial is a function of (seed, trial, node, term, index): Philox4x32-10 and the Box-Muller transform of
sim/kernels/normals.hpp, the laws of sim/noise/noise.md, cells and sums as integers of 2^-14. Whatever is rounded is
rounded where those pages say; everything else is exact.
"""
import fnmatch
import json
import math

import numpy as np

from rules import I64, RunError, rne_divide

F32, U32, U64 = np.float32, np.uint32, np.uint64
UNIT = 1 << 14
MOST = 127 * 65536 + 127 * 256 + 127
TERMS = {"weight": 1, "common": 2, "bias_row": 3, "input": 4, "acc": 5, "output": 6, "gain": 7, "offset": 8, "stuck": 9,
         "drift": 10, "mbs": 11, "frame_cell": 12, "frame_bias": 13}


def philox(counter, key):
    """Philox4x32-10 of counters [4, ...] under two words of key."""
    c, k = [np.asarray(word, U64) for word in counter], [int(word) for word in key]
    low = U64(0xFFFFFFFF)
    for _ in range(10):
        p0, p1 = c[0] * U64(0xD2511F53), c[2] * U64(0xCD9E8D57)
        c = [(p1 >> U64(32)) ^ c[1] ^ U64(k[0]), p1 & low, (p0 >> U64(32)) ^ c[3] ^ U64(k[1]), p0 & low]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return [word.astype(U32) for word in c]


def _horner(x, *coefficients):
    """Polynomial in float32, one rounding after each product and each sum, highest power first."""
    value = F32(coefficients[0])
    for c in coefficients[1:]:
        value = value * x + F32(c)
    return value


def _radius(word):
    pattern = ((word & U32(0x7FFFFFFF)) | U32(1)).astype(F32).view(U32)
    exponent = (pattern >> U32(23)).astype(F32)
    f = ((pattern & U32(0x007FFFFF)) | U32(0x3F000000)).view(F32) - F32(1)
    log = _horner(f, 2.30138437, 1.48705729, 1.26019962, -0.520687351, 1.0125387, -1.999646)
    return np.sqrt(f * log + (F32(157) - exponent) * F32(1.38629436))


def _pair(word, upper):
    r = _radius(word)
    x = (U32(0x40000000) | (upper & U32(0x007FC000)) | (word & U32(0x3FFF))).view(F32) - F32(3)
    y = x * x
    sine = r * (x * _horner(y, -0.0043330956, 0.0794343427, -0.645892859, 1.57079101))
    cosine = r * _horner(y, -0.0190958045, 0.252580345, -1.23348451, 0.999993324)
    return (cosine.view(U32) ^ (word & U32(0x80000000))).view(F32), sine


def nearest(values):
    return np.rint(values)


def to_fixed(lsb):
    return np.clip(nearest(lsb * float(UNIT)), -MOST, MOST).astype(I64)


class Sigma:
    """A sigma by the magnitude of a code: additive + relative * magnitude, or a table by the nearest entry."""

    def __init__(self, additive=0.0, relative=0.0, table=None, at_zero=None):
        self.additive, self.relative, self.table, self.at_zero = additive, relative, table, at_zero

    def __call__(self, magnitude):
        magnitude = np.asarray(magnitude, float)
        if self.table is not None:
            index = np.minimum(np.rint(magnitude).astype(int), len(self.table) - 1)
            return np.asarray(self.table, float)[index]
        value = self.additive + self.relative * magnitude
        return value if self.at_zero is None else np.where(magnitude == 0, self.at_zero, value)


class Cells:
    """Noise of cells: a Sigma, and what one draw is for."""

    def __init__(self, sigma, per="cell", scale="trial"):
        self.sigma, self.per, self.scale = sigma, per, scale


class Model:
    """Terms of a model; absent ones are None or 0."""

    def __init__(self, text):
        self.weight = self.bias_row = self.input = self.stuck = self.drift = None
        self.common = self.mbs = self.acc = self.output = self.gain = self.offset = 0.0
        self.dead = []
        kind, _, rest = text.partition(":")
        if kind == "custom":
            with open(rest, encoding="utf-8") as stream:
                self._custom(json.load(stream))
            return
        level, u = float(rest), 0.25 * float(rest)
        if kind == "normal":
            self.weight = self.bias_row = Cells(Sigma(0.3145 * level, 0.015605 * level))
        elif kind == "simple":
            self.input = Sigma(u, 0.021 * u)
            self.weight = Cells(Sigma(0.57 * u, 0.035 * u))
            self.bias_row = Cells(Sigma(2.6 * 0.57 * u, 2.6 * 0.035 * u))
            self.common, self.output = 2.85 * u, u
        elif kind == "mbs":
            self.bias_row = Cells(Sigma(0.490740 * level, 0.0286020 * level, at_zero=0.15 * level))
            self.mbs, self.output = level, 0.225 * level
        else:
            raise RunError(f"{text} is not a noise model")

    def _custom(self, document):
        def sigma(entry, table):
            return Sigma(entry.get("additive_lsb", 0.0), entry.get("relative", 0.0), entry.get(table))

        def cells(entry):
            return Cells(sigma(entry, "sigma_by_abs_weight"), entry.get("per", "cell"), entry.get("scale", "trial"))

        for key, entry in document.items():
            if key in ("weight", "bias_row"):
                setattr(self, key, cells(entry))
            elif key == "input":
                self.input = sigma(entry, "sigma_by_abs_input")
            elif key == "acc":
                self.acc = entry["sigma"]
            elif key in ("output", "column_offset"):
                setattr(self, key.removeprefix("column_"), entry["sigma_lsb"])
            elif key == "column_gain":
                self.gain = entry["sigma_relative"]
            elif key == "stuck_cells":
                self.stuck = entry["fraction"], {"zero": 0, "min": -128, "max": 127}[entry["value"]]
            elif key == "drift":
                self.drift = entry["nu"], entry.get("nu_sigma", 0.0), entry["t_seconds"] / entry["t0_seconds"]
            elif key == "dead_columns":
                self.dead = entry
            elif not key.startswith("x-"):
                raise RunError(f"{key} is no key of a noise model")


class Noise:
    """One trial of a model over the nodes whose names match."""

    def __init__(self, model, seed=0, trial=0, nodes="*"):
        self.model, self.seed, self.trial, self.nodes = Model(model), seed, trial, nodes

    def of(self, name, index):
        return NodeNoise(self, index) if fnmatch.fnmatchcase(name, self.nodes) else None


class NodeNoise:
    """The draws of one node: sample `index` of a term is always the same number."""

    def __init__(self, noise, node):
        self.model, self._trial = noise.model, noise.trial
        self._key, self._node = (noise.seed & 0xFFFFFFFF, noise.seed >> 32), node

    def _words(self, term, block):
        block = np.asarray(block, U64)
        return philox([block & U64(0xFFFFFFFF), block >> U64(32), np.full(block.shape, self._node << 8 | TERMS[term]),
                       np.full(block.shape, self._trial)], self._key)

    def normals(self, term, index):
        """Chunks of 96 samples of 16 blocks: cosines and sines of words 0, 1 and 2, whose angles share word 3."""
        index = np.asarray(index, I64)
        place = index % 96
        words = self._words(term, index // 96 * 16 + place % 16)
        own = np.choose(place // 32, words[:3])
        upper = np.choose(place // 32, (words[3], words[3] >> U32(9), words[3] << U32(9)))
        cosine, sine = _pair(own, upper)
        return np.where(place // 16 % 2 == 0, cosine, sine).astype(float)

    def uniform(self, term, index):
        return self._words(term, index)[0].astype(float) * 2.0**-32


class Matrix:
    """One matrix on the array, and where it stands in its node's: rows are numbered [rows], columns from first_column
    on.

    weight [rows, columns] holds both polarities one after the other; `numbers` those of one polarity.
    """

    def __init__(self, noise, weight, bias, numbers, node_rows, node_columns, first_column=0, bias_rows=8,
                 first_bias_row=0, common="row", channels=1, groups=1, largest=255):
        self.noise, self.model, self.weight, self.bias = noise, noise.model, weight, bias
        self.rows = np.concatenate([numbers, node_rows + numbers])[:len(weight)]
        self.numbers = np.concatenate([numbers, numbers])[:len(weight)]
        self.node_rows, self.node_columns = node_rows, node_columns
        self.columns = first_column + np.arange(weight.shape[1])
        self.bias_rows, self.first_bias_row, self.common = bias_rows, first_bias_row, common
        self.channels, self.groups = channels, groups  # input channels of one group
        self.scale = 1 if largest <= 255 else 5
        gain = self.model.gain
        self.gain = 1 + gain * noise.normals("gain", self.columns) if gain else np.ones(weight.shape[1])
        self.cells = self._cells()

    def _draw(self, term, per, rows, columns=None):
        columns = self.columns if columns is None else columns
        shape = len(rows), len(columns)
        if per == "row":
            return np.broadcast_to(self.noise.normals(term, rows)[:, None], shape)
        if per == "column":
            return np.broadcast_to(self.noise.normals(term, columns), shape)
        return self.noise.normals(term, rows[:, None] * self.node_columns + columns)

    def _common(self):
        second = self.rows >= self.node_rows
        if self.common == "column":
            z = [self._draw("common", "column", self.rows[:1], self.columns + polarity * self.node_columns)
                 for polarity in (0, 1)]
            return np.where(second[:, None], z[1], z[0])
        if self.common == "row":
            return self._draw("common", "row", self.rows)
        group = self.numbers // (self.node_rows // self.groups)
        channel = group * self.channels + self.numbers % self.channels
        return self._draw("common", "row", channel + np.where(second, self.groups * self.channels, 0))

    def _cells(self):
        model, magnitude = self.model, np.abs(self.weight)
        cell = self.weight.astype(float)
        if model.drift:
            nu, spread, ratio = model.drift
            z = self._draw("drift", "cell", self.rows) if spread else np.zeros(cell.shape)
            cell = cell * np.vectorize(lambda n: math.pow(ratio, -n), [float])(nu + spread * z)
        if model.weight and model.weight.scale == "trial":
            cell = cell + model.weight.sigma(magnitude) * self._draw("weight", model.weight.per, self.rows)
        if model.common:
            cell = cell + model.common * self._common()
        if model.stuck:
            fraction, value = model.stuck
            index = self.rows[:, None] * self.node_columns + self.columns
            cell = np.where(self.noise.uniform("stuck", index) < fraction, value, cell)
        return to_fixed(cell * self.gain)

    def start(self, g):
        """What a column begins with: its bias rows, gain and offset."""
        model, start = self.model, self.bias * float(UNIT)
        if model.bias_row and model.bias_row.scale == "trial" and self.bias_rows:
            rows = self.first_bias_row + np.arange(self.bias_rows)
            sigma = 128 * model.bias_row.sigma(np.abs(self.bias) / (128.0 * self.bias_rows))
            start = start + nearest(sigma * self._draw("bias_row", model.bias_row.per, rows) * UNIT).sum(axis=0)
        start = nearest(start * self.gain)
        if model.offset:
            start = start + nearest(model.offset * self.noise.normals("offset", self.columns) * g * UNIT)
        return start

    def _of_accumulators(self, term, passes):
        return self.noise.normals(term, passes[:, None] * self.node_columns + self.columns)

    def _of_rows(self, term, passes):
        return self.noise.normals(term, passes[:, None] * (2 * self.node_rows) + self.rows)

    def _real_product(self, x, cells, scale):
        """x, real, times cells: the exact sum of x rounded to 2^(scale - 14), rounded half up to 2^-14."""
        total = to_fixed(x / (1 << scale)) @ cells
        drop = 14 - scale
        return (total + (1 << drop >> 1) >> drop).astype(float)

    def _frame_weights(self, x, passes):
        per = self.model.weight.per
        sigma = self.model.weight.sigma(np.abs(self.weight)) * self.gain
        if per == "row":
            return self._real_product(x * self._of_rows("frame_cell", passes), to_fixed(sigma), self.scale + 4)
        z = self._of_accumulators("frame_cell", passes)
        if per == "column":
            return nearest(np.abs(x @ to_fixed(sigma) / UNIT) * z * UNIT)
        return nearest(np.sqrt((x * x) @ to_fixed(sigma * sigma / 64) * (64.0 / UNIT)) * z * UNIT)

    def accumulate(self, x, passes, g, output_passes=1, input_draws=None):
        """(acc, acc with the output term), integers of 2^-14, of codes x [passes, rows]."""
        model = self.model
        acc = np.broadcast_to(self.start(g), (len(x), len(self.columns)))
        if model.input:
            z = self._of_rows("input", passes) if input_draws is None else input_draws
            noisy = x + model.input(np.abs(x)) * z
            acc = acc + self._real_product(noisy, self.cells, self.scale)
        else:
            acc = acc + x @ self.cells
        if model.mbs:
            variance = mbs_variance(x, self.weight)
            acc = acc + nearest(np.sqrt(variance) * self._of_accumulators("mbs", passes) * (model.mbs * UNIT))
        if model.weight and model.weight.scale == "frame":
            acc = acc + self._frame_weights(x, passes)
        if model.bias_row and model.bias_row.scale == "frame" and self.bias_rows:
            per = model.bias_row.per
            each = 128 * model.bias_row.sigma(np.abs(self.bias) / (128.0 * self.bias_rows)) * self.gain
            each = each * (self.bias_rows if per == "column" else math.sqrt(self.bias_rows))
            z = (self.noise.normals("frame_bias", passes)[:, None] if per == "row" else
                 self._of_accumulators("frame_bias", passes))
            acc = acc + nearest(each * z * UNIT)
        if model.acc:
            acc = acc + nearest(self._of_accumulators("acc", passes) * (model.acc * UNIT))
        dead = np.isin(self.columns, model.dead)
        acc = np.where(dead, 0, acc)
        out = acc
        if model.output:
            sigma = model.output * g * math.sqrt(output_passes)
            out = np.where(dead, 0, acc + nearest(self._of_accumulators("output", passes) * (sigma * UNIT)))
        return acc.astype(I64), out.astype(I64)


# mbs: the variance of an accumulator in steps of 2^-17, by the two functions of x that sim/noise/mbs_law.hpp states.
SILENT, FLOOR = 6.4, 12.88502
LOW, HIGH = (0.105176, 9.64785e-3, -4.71338e-5), (3.61852, -0.0395859, 1.34244e-4)
STEPS, FIRST, SECOND, TAKES_BACK = 1 << 17, 32142, 21, 80


def _functions():
    """(B, C) of 0..255: 2 a s in steps of FIRST, s^2 in steps of SECOND with what B's rounding costs at |w| = 80."""
    x = np.arange(256)
    s = np.where(x < 128, LOW[0] + LOW[1] * x + LOW[2] * x * x, HIGH[0] + HIGH[1] * x + HIGH[2] * x * x)
    linear = 2 * FLOOR * s
    b = np.rint(linear * STEPS / FIRST)
    c = np.rint((s * s + (linear - b * FIRST / STEPS) / TAKES_BACK) * STEPS / SECOND)
    return [np.where(x == 0, 0, values).astype(I64) for values in (b, c)]


def mbs_variance(x, weight):
    b, c = (values[x] for values in _functions())
    magnitude = np.abs(weight)
    high = (magnitude**2 + 63) // 128
    low = 128 * high - magnitude**2
    steps = FIRST * (510 * (x != 0).astype(I64) @ (weight != 0).astype(I64) + b @ magnitude)
    steps = steps + 128 * SECOND * (c @ high - (c // 128) @ low)
    return (int(np.rint(SILENT * SILENT * STEPS)) * len(weight) + steps) / STEPS


class NoisyRule:
    """Accumulators of 2^-14 to fields: an OutputRule whose divisor a noisy forward uses."""

    def __init__(self, rule):
        self.y_bits, self.limit, self._rule = rule.y_bits, rule.limit, rule
        self.g = rule.g
        if rule.profile == "witin_nn":
            numerator, denominator = float(rule.g).as_integer_ratio()
            self.g = int(rne_divide(numerator, denominator))
        if not self.g > 0:
            raise RunError("noisy forwards divide by round(g), which is 0")

    def __call__(self, acc, out):
        """(npu_acc, npu_v or None, y before y_limit_bits)."""
        fixed = self._rule.with_divisor(self.g * UNIT)
        return rne_divide(acc, UNIT), fixed.v(out), fixed(out)
