// Mean, variance, kurtosis and correlation of accumulator errors against the laws of sim/noise/noise.md, written out
// here again. Every check is five standard errors wide, with samples enough to notice 1 % in sigma.
#include <doctest/doctest.h>

#include <cmath>

#include "tests/support/noise_case.hpp"

using namespace witin;

namespace {

constexpr std::int64_t kSampledColumns = 1024;
constexpr std::int64_t kRows = 16;
constexpr int kBiasRows = 8;
constexpr std::int64_t kTrials = 130;  // 133,120 samples: a standard error of 0.19 % in sigma

struct Moments {
  double count = 0;
  double sum = 0, sum2 = 0, sum4 = 0;
  void add(double v) {
    count += 1;
    sum += v;
    sum2 += v * v;
    sum4 += v * v * v * v;
  }
  [[nodiscard]] double mean() const { return sum / count; }
  [[nodiscard]] double variance() const { return sum2 / count; }  // the mean is 0 by the law
  [[nodiscard]] double kurtosis() const { return sum4 / count / (variance() * variance()); }
};

struct Point {
  int x = 0;
  int w = 0;
  int bias = 0;  // units of 128
};

double square(double v) { return v * v; }

double normal_sigma(double level, double w) { return level * (0.3145 + 0.015605 * std::abs(w)); }

double mbs_sigma(double level, double x, double w) {
  if (x == 0 || w == 0) return level * 6.4;
  const double s =
      x < 128 ? 0.105176 + 9.64785e-3 * x - 4.71338e-5 * x * x : 3.61852 - 0.0395859 * x + 1.34244e-4 * x * x;
  return level * (12.88502 + std::abs(w) * s);
}

// Two frames of the same codes in every trial: errors of the first and the second.
void check(const std::string& op, const std::string& model, const Point& p, double trial_variance,
           double frame_variance, bool gaussian) {
  CAPTURE(model);
  CAPTURE(p.x);
  CAPTURE(p.w);
  const bool linear = op == "linear";
  const std::int64_t rows = linear ? kRows : 1;
  test::NoiseCase network(op, Arithmetic::kWitinNn);
  network.input(linear ? Shape{rows} : Shape{1, 1, 1}, 8, false, NegIn::kNone);
  network.weight(linear ? Shape{rows, kSampledColumns} : Shape{kSampledColumns, 1, 1, 1},
                 std::vector<std::int32_t>(static_cast<std::size_t>(rows * kSampledColumns), p.w));
  network.bias(std::vector<std::int32_t>(kSampledColumns, 128 * p.bias));
  network.attribute("g", 1024).attribute("bias_rows", kBiasRows);
  const Engine engine = network.engine();
  const std::vector<std::int32_t> x(static_cast<std::size_t>(2 * rows), p.x);
  const double clean = static_cast<double>(rows) * p.x * p.w + 128.0 * p.bias;
  RunOptions options;
  options.threads = 1;
  options.noise.model = *NoiseModel::parse(model);
  options.noise.seed = 20;
  Moments moments;
  double product = 0;
  for (options.noise.trial = 0; options.noise.trial < kTrials; ++options.noise.trial) {
    const std::vector<std::int32_t> acc = network.run(engine, x, options, "npu_acc");
    for (std::size_t n = 0; n < kSampledColumns; ++n) {
      moments.add(acc[n] - clean);
      product += (acc[n] - clean) * (acc[kSampledColumns + n] - clean);
    }
  }
  const double variance = trial_variance + frame_variance + 1.0 / 12;
  const double n = moments.count;
  CHECK(std::abs(moments.mean()) < 5 * std::sqrt(variance / n));
  CHECK(std::abs(moments.variance() / variance - 1) < 5 * std::sqrt(2 / n) * (gaussian ? 1 : 2));
  CHECK(5 * std::sqrt(2 / n) < 0.02);
  if (gaussian) CHECK(std::abs(moments.kurtosis() - 3) < 5 * std::sqrt(24 / n));
  const double correlation = trial_variance / variance;
  CHECK(std::abs(product / n / variance - correlation) < 5 * std::sqrt((1 + square(correlation)) / n));
}

const std::vector<Point> kPoints{{0, 0, 0}, {100, 50, 3}, {255, -127, -64}, {1, 127, 0}, {128, 1, 100}};

}  // namespace

TEST_CASE("noise statistics: normal, the same for all frames of a trial") {
  for (const double level : {1.0, 4.0, 9.0}) {
    for (const Point& p : kPoints) {
      const double cells = kRows * square(p.x * normal_sigma(level, p.w));
      const double bias = kBiasRows * square(128 * normal_sigma(level, p.bias / double{kBiasRows}));
      check("linear", "normal:" + std::to_string(level), p, cells + bias, 0, true);
    }
  }
}

TEST_CASE("noise statistics: mbs, cells fresh for every frame, bias rows for every trial") {
  for (const double level : {1.0, 4.0, 9.0}) {
    for (const Point& p : kPoints) {
      const double row = p.bias == 0 ? 0.15 : 0.490740 + 0.0286020 * std::abs(p.bias / double{kBiasRows});
      check("linear", "mbs:" + std::to_string(level), p, kBiasRows * square(128 * level * row),
            kRows * square(mbs_sigma(level, p.x, p.w)), true);
    }
  }
}

// One row and one draw of the common term for each channel; the noise of the input meets weight 0 and its noise alone.
TEST_CASE("noise statistics: simple, cells and the common term") {
  for (const double level : {1.0, 4.0, 9.0}) {
    for (const Point& p : {Point{0, 0, 0}, Point{100, 0, 3}, Point{255, 0, -64}}) {
      const double u = level / 4;
      const double weight = square(u * 0.57) + square(2.85 * u);
      const double bias = kBiasRows * square(128 * u * 2.6 * (0.57 + 0.035 * std::abs(p.bias / double{kBiasRows})));
      const double input = square(u * (1 + 0.021 * p.x));
      check("conv2d", "simple:" + std::to_string(level), p, square(p.x) * weight + bias, input * weight, false);
    }
  }
}
