"""scripts/quant/ranges.py and fit.py: every range method does what it says, on data that tell the methods apart."""
import unittest

import numpy as np

import shared_data  # noqa: F401  (finds scripts/)
from quant.fit import Block, fit
from quant.ranges import Histogram, choose_scale, divergence, finest_scale, mean_squared_error


def codes(values, scale, low=-128, high=127):
    return np.clip(np.rint(values * scale), low, high)


class Ranges(unittest.TestCase):
    def setUp(self):
        self.random = np.random.default_rng(7)

    def test_minmax_shows_everything_and_half_of_its_scale_would_do_nothing_more(self):
        for _ in range(200):
            values = self.random.normal(size=50) * 10.0 ** self.random.uniform(-4, 4)
            scale = choose_scale(Histogram(values), "minmax", -128, 127)
            self.assertEqual(np.log2(scale) % 1, 0)
            self.assertLessEqual(np.abs(codes(values, scale) - values * scale).max(), 1)
            self.assertTrue((values * 2 * scale).max() > 128 or (values * 2 * scale).min() < -128)

    def test_the_highest_value_may_be_one_code_short_as_in_the_training_library(self):
        self.assertEqual(finest_scale(0, 1.0, 0, 255), 256)
        self.assertEqual(finest_scale(0, 1.001, 0, 255), 128)
        self.assertEqual(finest_scale(-1.0, 0.5, -128, 127), 128)
        self.assertEqual(finest_scale(-1.001, 0.5, -128, 127), 64)
        self.assertEqual(finest_scale(0, 0, -128, 127), 1)

    def test_percentile_ignores_an_outlier_and_minmax_does_not(self):
        values = np.append(self.random.normal(size=200_000), 500.0)
        outlier = Histogram(values)
        without = choose_scale(Histogram(values[:-1]), "percentile", -128, 127)
        self.assertEqual(choose_scale(outlier, "minmax", -128, 127), 0.25)
        self.assertEqual(choose_scale(outlier, "percentile", -128, 127), without)
        self.assertEqual(without, 32)
        self.assertEqual(choose_scale(outlier, "percentile", -128, 127, percentile=100), 0.25)

    def test_percentile_counts_each_side_of_zero_alone(self):
        values = np.concatenate([-self.random.uniform(0, 8, 100), self.random.uniform(0, 1, 100_000)])
        low, high = Histogram(values).percentile(99)
        self.assertAlmostEqual(low, np.percentile(values[values < 0], 1), delta=0.15)
        self.assertAlmostEqual(high, np.percentile(values[values > 0], 99), delta=0.01)

    def test_mse_has_the_least_error_of_all_scales(self):
        shapes = (self.random.normal(size=20_000), self.random.laplace(size=20_000), self.random.standard_cauchy(5_000),
                  np.maximum(self.random.normal(size=20_000), 0), self.random.uniform(-1, 1, 20_000))
        for values in shapes:
            scale = choose_scale(Histogram(values), "mse", -128, 127)
            error = {2.0**k: ((codes(values, 2.0**k) / 2.0**k - values) ** 2).mean() for k in range(-16, 16)}
            self.assertLessEqual(error[scale], 1.02 * min(error.values()))
        self.assertGreater(choose_scale(Histogram(shapes[1]), "mse", -128, 127),
                           choose_scale(Histogram(shapes[1]), "minmax", -128, 127))

    def test_mse_behind_a_function_looks_at_its_result(self):
        values = self.random.normal(size=20_000) * 8
        plain = choose_scale(Histogram(values), "mse", -128, 127)
        behind = choose_scale(Histogram(values), "mse", -128, 127, through=np.tanh)
        self.assertGreater(behind, plain)
        error = lambda s: ((np.tanh(codes(values, s) / s) - np.tanh(values)) ** 2).mean()
        self.assertLess(error(behind), error(plain) / 2)

    def test_kl_gives_up_rare_outliers_and_keeps_the_shape(self):
        values = np.concatenate([self.random.normal(size=100_000), self.random.uniform(-40, 40, 20)])
        histogram = Histogram(values)
        scale = choose_scale(histogram, "kl", -128, 127)
        self.assertEqual(choose_scale(histogram, "minmax", -128, 127), 2)
        self.assertGreaterEqual(scale, 16)
        used = np.flatnonzero(histogram.counts)
        centres, counts = histogram.centres()[used], histogram.counts[used]
        self.assertLess(divergence(centres, counts, scale, -128, 127),
                        divergence(centres, counts, scale * 4, -128, 127))
        self.assertLess(divergence(centres, counts, scale, -128, 127), divergence(centres, counts, 2, -128, 127))

    def test_kl_is_zero_where_every_value_has_its_own_code(self):
        values = self.random.integers(-100, 101, 10_000) / 64
        histogram = Histogram(values)
        used = np.flatnonzero(histogram.counts)
        self.assertAlmostEqual(divergence(histogram.centres()[used], histogram.counts[used], 64, -128, 127), 0,
                               places=12)
        self.assertEqual(choose_scale(histogram, "kl", -128, 127), 64)

    def test_collecting_in_parts_is_collecting_at_once(self):
        values = self.random.normal(size=5_000) * np.linspace(0.01, 30, 5_000)
        whole, parts = Histogram(values), Histogram()
        for part in np.array_split(values, 17):
            parts.add(part)
        self.assertEqual((whole.limit, whole.low, whole.high, whole.total),
                         (parts.limit, parts.low, parts.high, parts.total))
        np.testing.assert_array_equal(whole.counts, parts.counts)
        self.assertAlmostEqual(whole.mean_square(), (values**2).mean(), delta=1e-3 * (values**2).mean())

    def test_nothing_but_zeros(self):
        for method in ("minmax", "percentile", "mse", "kl"):
            self.assertEqual(choose_scale(Histogram(np.zeros(10)), method, -128, 127), 1)
        self.assertEqual(mean_squared_error(np.array([0.0]), np.array([3]), 1, -128, 127), 0)


class Fits(unittest.TestCase):
    def setUp(self):
        self.random = np.random.default_rng(8)
        self.weight = self.random.normal(size=(40, 6)) / 6

    def block(self, **how):
        return Block(self.weight, **{"scale": 64.0, "power": 900.0, **how})

    def test_a_bias_is_a_multiple_of_128_within_its_rows(self):
        for rows in (1, 4, 8, 32):
            result = fit([self.block()], self.random.normal(size=6) * 20, rows)
            self.assertFalse((result.bias % 128).any())
            self.assertTrue(((result.bias >= -128 * 128 * rows) & (result.bias <= 128 * 127 * rows)).all())
            self.assertEqual(np.log2(result.a) % 1, 0)

    def test_the_bias_is_the_nearest_one(self):
        bias = self.random.normal(size=6)
        result = fit([self.block()], bias, 8)
        self.assertEqual(result.lost, 0)
        self.assertLessEqual(np.abs(result.bias - bias * result.a).max(), 64)

    def test_weights_become_coarser_for_a_bias_that_would_not_fit(self):
        small, large = (fit([self.block()], np.full(6, b), 1) for b in (0.1, 4.0))
        self.assertEqual((small.lost, large.lost), (0, 0))
        self.assertLess(large.a, small.a)

    def test_wide_inputs_leave_the_rest_of_the_bias_to_the_digital_side(self):
        bias = np.full(6, 40.0)
        alone, split = (fit([self.block()], bias, 1, digital=d) for d in (False, True))
        self.assertGreater(split.a, alone.a)
        self.assertTrue(split.bias_d.all())
        self.assertFalse((split.bias_d % 128).any())
        self.assertLessEqual(np.abs(split.bias + split.bias_d - bias * split.a).max(), 64)

    def test_a_shift_is_taken_out_of_the_bias(self):
        result = fit([self.block(shift=100)], np.zeros(6), 8)
        np.testing.assert_allclose(result.bias, -100 * result.weights[0].sum(0), atol=64)

    def test_mse_clips_rare_large_weights_and_minmax_does_not(self):
        self.weight = np.append(self.random.normal(size=5999), 9.0).reshape(1000, 6) / 30
        clipped, whole = (fit([self.block()], np.zeros(6), 8, method) for method in ("mse", "minmax"))
        self.assertGreater(clipped.a, whole.a)
        error = lambda r: ((r.weights[0] * 64 / r.a - self.weight) ** 2).mean()
        self.assertLess(error(clipped), error(whole))
        self.assertLessEqual(np.abs(whole.weights[0] - self.weight * whole.a / 64).max(), 1)

    def test_percentile_and_kl_give_up_rare_large_weights(self):
        self.weight = np.append(self.random.normal(size=59_990), np.linspace(30, 39, 10)).reshape(10_000, 6) / 30
        whole = fit([self.block()], np.zeros(6), 8, "minmax")
        share = fit([self.block()], np.zeros(6), 8, "percentile", 99.9)
        shape = fit([self.block()], np.zeros(6), 8, "kl")
        beyond = lambda a: (np.abs(self.weight * a / 64) > 127.5).mean()
        self.assertEqual(beyond(whole.a), 0)
        self.assertTrue(0 < beyond(share.a) <= 0.002, beyond(share.a))
        self.assertGreater(beyond(2 * share.a), 0.002)  # the next power of two clips more than was asked for
        self.assertGreaterEqual(shape.a, 4 * whole.a)
        self.assertLess(beyond(shape.a), 0.01)

    def test_the_bound_of_the_accumulator_is_kept(self):
        self.assertEqual(fit([self.block()], np.zeros(6), 8, highest=100.0).a, 64)

    def test_two_inputs_of_different_scales_share_one_accumulator(self):
        other = Block(self.weight[:7], 16.0, 100.0)
        result = fit([self.block(), other], np.zeros(6), 8)
        for block, held in zip((self.block(), other), result.weights):
            self.assertLessEqual(np.abs(held - np.clip(block.weight * result.a / block.scale, -127, 127)).max(), 0.5)


if __name__ == "__main__":
    unittest.main()
