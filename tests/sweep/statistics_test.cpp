#include "sim/sweep/statistics.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <utility>
#include <vector>

using witin::sweep::Interval;
using witin::sweep::student_t;
using witin::sweep::summarise;

namespace {

// P(|T| < t) by Simpson's rule over the density of Student's distribution.
double within(double t, double freedom) {
  constexpr int kSteps = 200'000;
  const double scale =
      std::exp(std::lgamma((freedom + 1) / 2) - std::lgamma(freedom / 2)) / std::sqrt(freedom * 3.14159265358979323846);
  const auto density = [&](double x) { return scale * std::pow(1 + x * x / freedom, -(freedom + 1) / 2); };
  const double step = t / kSteps;
  double sum = density(0) + density(t);
  for (int i = 1; i < kSteps; ++i) sum += (i % 2 == 1 ? 4 : 2) * density(i * step);
  return 2 * sum * step / 3;
}

}  // namespace

TEST_CASE("quantiles of Student's distribution are the published ones") {
  // NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2, column 0.975.
  const std::pair<int, double> published[] = {{1, 12.706}, {2, 4.303},  {3, 3.182},  {4, 2.776},  {5, 2.571},
                                              {9, 2.262},  {10, 2.228}, {19, 2.093}, {20, 2.086}, {29, 2.045},
                                              {30, 2.042}, {31, 2.040}, {40, 2.021}, {50, 2.009}, {60, 2.000},
                                              {80, 1.990}, {99, 1.984}, {100, 1.984}};
  for (const auto& [freedom, t] : published) {
    const double found = student_t(freedom);
    CHECK(std::round(found * 1000) == std::round(t * 1000));
  }
  CHECK(std::round(student_t(1'000'000'000) * 1e6) == 1959964);
}

TEST_CASE("quantiles of Student's distribution leave 2.5 % at each side") {
  for (const int freedom : {1, 2, 3, 5, 8, 13, 21, 29, 30, 31, 32, 40, 64, 99, 200, 999}) {
    CAPTURE(freedom);
    CHECK(std::abs(within(student_t(freedom), freedom) - 0.95) < 1e-7);
  }
  for (int freedom = 1; freedom < 1000; ++freedom) CHECK(student_t(freedom) > student_t(freedom + 1));
}

TEST_CASE("mean, deviation and confidence of known samples") {
  // NIST/SEMATECH e-Handbook 1.3.5.2, the heat flow meter (ZARR13): n 195, mean 9.261460, deviation 0.022789, interval
  // 9.258242 to 9.264679. A sample of the same size, mean and deviation stands for it.
  std::vector<double> values;
  const double half = 0.022789;
  for (int i = 0; i < 97; ++i) {
    values.push_back(9.261460 - half);
    values.push_back(9.261460 + half);
  }
  values.push_back(9.261460);
  const auto flow = summarise(values);
  CHECK(flow.count == 195);
  CHECK(std::abs(flow.mean - 9.261460) < 1e-9);
  CHECK(std::abs(*flow.deviation - 0.022789) < 1e-9);
  CHECK(std::abs(flow.confidence->low - 9.258242) < 1e-6);
  CHECK(std::abs(flow.confidence->high - 9.264679) < 1e-6);
  CHECK(flow.min == 9.261460 - half);
  CHECK(flow.max == 9.261460 + half);

  const auto small = summarise(std::vector<double>{2, 4, 4, 4, 5, 5, 7, 9});
  CHECK(small.mean == 5);
  CHECK(*small.deviation == doctest::Approx(std::sqrt(32.0 / 7.0)).epsilon(1e-15));
  CHECK(small.confidence->high - 5 == doctest::Approx(2.364624 * std::sqrt(32.0 / 7.0 / 8.0)).epsilon(1e-7));
}

TEST_CASE("one value has no spread, and equal values have none at all") {
  const auto one = summarise(std::vector<double>{0.25});
  CHECK(one.mean == 0.25);
  CHECK(!one.deviation.has_value());
  CHECK(!one.confidence.has_value());
  const auto equal = summarise(std::vector<double>(7, 0.1));
  CHECK(equal.mean == 0.1);
  CHECK(*equal.deviation == 0);
  CHECK((*equal.confidence == Interval{0.1, 0.1}));
  CHECK(summarise({}).count == 0);
}
