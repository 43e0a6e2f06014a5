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

// The sums of 16 products that an operator makes of a frame of equal codes and equal weights: one for each column.
struct Layer {
  const char* op;
  Arithmetic arithmetic;
  Shape frame;
  std::int64_t rows;
  nlohmann::json attributes = nlohmann::json::object();

  Shape weight(std::int64_t columns) const {
    const std::string name = op;
    if (name == "conv2d") return {columns, frame[0], frame[1], frame[2]};
    if (name == "conv_transpose2d") return {frame[0], columns, frame[1], frame[2]};
    return {rows, columns};
  }
};

const Layer kLinear{"linear", Arithmetic::kWitinNn, {kRows}, kRows};
const Layer kOnePixel{"conv2d", Arithmetic::kWitinNn, {1, 1, 1}, 1};
const Layer kOthers[] = {{"conv2d", Arithmetic::kWtm2101, {4, 2, 2}, kRows},
                         {"conv_transpose2d", Arithmetic::kWtm2101, {4, 2, 2}, kRows, {{"pads", {1, 1, 1, 1}}}},
                         {"tdnn", Arithmetic::kWtm2101, {kRows / 2}, kRows, {{"time_offsets", {-1, 0}}}}};

test::NoiseCase network_of(const Layer& layer, const Point& p, std::int64_t columns) {
  test::NoiseCase network(layer.op, layer.arithmetic);
  network.input(layer.frame, 8, false, NegIn::kNone);
  network.weight(layer.weight(columns), std::vector<std::int32_t>(static_cast<std::size_t>(layer.rows * columns), p.w));
  network.bias(std::vector<std::int32_t>(static_cast<std::size_t>(columns), 128 * p.bias));
  network.attribute("g", 1024).attribute("bias_rows", kBiasRows);
  for (const auto& [name, value] : layer.attributes.items()) network.attribute(name, value);
  return network;
}

bool close(double found, double expected, double standard_error) {
  return std::abs(found - expected) < 5 * standard_error;
}

// Three frames of the same codes in every trial: errors of the second and the third.
void check(const Layer& layer, const std::string& model, const Point& p, double trial_variance, double frame_variance) {
  CAPTURE(layer.op);
  CAPTURE(model);
  CAPTURE(p.x);
  CAPTURE(p.w);
  constexpr std::size_t kCopies = 3;
  const test::NoiseCase network = network_of(layer, p, kSampledColumns);
  const Engine engine = network.engine();
  const std::vector<std::int32_t> x(kCopies * static_cast<std::size_t>(element_count(layer.frame)), p.x);
  const double clean = static_cast<double>(layer.rows) * p.x * p.w + 128.0 * p.bias;
  RunOptions options;
  options.threads = 1;
  options.noise.model = *NoiseModel::parse(model);
  options.noise.seed = 20;
  Moments moments;
  double product = 0;
  for (options.noise.trial = 0; options.noise.trial < kTrials; ++options.noise.trial) {
    const std::vector<std::int32_t> acc = network.run(engine, x, options, "npu_acc");
    for (std::size_t n = kSampledColumns; n < 2 * kSampledColumns; ++n) {
      moments.add(acc[n] - clean);
      product += (acc[n] - clean) * (acc[kSampledColumns + n] - clean);
    }
  }
  const double variance = trial_variance + frame_variance + 1.0 / 12;
  const double n = moments.count;
  CHECK(close(moments.mean(), 0, std::sqrt(variance / n)));
  CHECK(close(moments.variance() / variance, 1, std::sqrt(2 / n)));
  CHECK(5 * std::sqrt(2 / n) < 0.02);
  CHECK(close(moments.kurtosis(), 3, std::sqrt(24 / n)));
  const double correlation = trial_variance / variance;
  CHECK(close(product / n / variance, correlation, std::sqrt((1 + square(correlation)) / n)));
}

double normal_variance(double level, const Point& p) {
  return kRows * square(p.x * normal_sigma(level, p.w)) +
         kBiasRows * square(128 * normal_sigma(level, p.bias / double{kBiasRows}));
}

double mbs_bias_variance(double level, const Point& p) {
  const double row = p.bias == 0 ? 0.15 : 0.490740 + 0.0286020 * std::abs(p.bias / double{kBiasRows});
  return kBiasRows * square(128 * level * row);
}

struct SimpleSigmas {
  double level;
  [[nodiscard]] double u() const { return level / 4; }
  [[nodiscard]] double cell(double w) const { return u() * (0.57 + 0.035 * std::abs(w)); }
  [[nodiscard]] double common() const { return 2.85 * u(); }
  [[nodiscard]] double input(double x) const { return u() * (1 + 0.021 * x); }
  [[nodiscard]] double bias(const Point& p) const {
    return 128 * 2.6 * cell(p.bias / double{kBiasRows}) * std::sqrt(double{kBiasRows});
  }
};

const std::vector<Point> kPoints{{0, 0, 0}, {100, 50, 3}, {255, -127, -64}, {1, 127, 0}, {128, 1, 100}};

}  // namespace

TEST_CASE("noise statistics: normal, the same for all frames of a trial") {
  for (const double level : {1.0, 4.0, 9.0}) {
    const std::string model = "normal:" + std::to_string(level);
    for (const Point& p : kPoints) check(kLinear, model, p, normal_variance(level, p), 0);
    const Point& p = kPoints[1];
    for (const Layer& layer : kOthers) check(layer, model, p, normal_variance(level, p), 0);
  }
}

TEST_CASE("noise statistics: mbs, cells fresh for every frame, bias rows for every trial") {
  for (const double level : {1.0, 4.0, 9.0}) {
    const std::string model = "mbs:" + std::to_string(level);
    const auto cells = [&](const Point& p) { return kRows * square(mbs_sigma(level, p.x, p.w)); };
    for (const Point& p : kPoints) check(kLinear, model, p, mbs_bias_variance(level, p), cells(p));
    const Point& p = kPoints[2];
    for (const Layer& layer : kOthers) check(layer, model, p, mbs_bias_variance(level, p), cells(p));
  }
}

// One pixel, one draw of the common term for each column. What the columns share, the noise of the code times w, goes
// with their mean.
TEST_CASE("noise statistics: simple, cells, the common term and bias rows") {
  for (const double level : {1.0, 4.0, 9.0}) {
    const SimpleSigmas sigma{level};
    for (const Point& p :
         {Point{0, 0, 0}, Point{100, 0, 3}, Point{255, 0, -64}, Point{200, 127, 0}, Point{90, -60, 9}}) {
      CAPTURE(level);
      CAPTURE(p.x);
      const test::NoiseCase network = network_of(kOnePixel, p, kSampledColumns);
      const Engine engine = network.engine();
      RunOptions options;
      options.threads = 1;
      options.noise.model = *NoiseModel::parse("simple:" + std::to_string(level));
      double spread = 0;
      for (options.noise.trial = 0; options.noise.trial < kTrials; ++options.noise.trial) {
        Moments moments;
        for (const std::int32_t v : network.run(engine, {p.x}, options, "npu_acc")) {
          moments.add(v - static_cast<double>(p.x) * p.w);
        }
        spread += (moments.sum2 - moments.sum * moments.mean()) / (moments.count - 1) / kTrials;
      }
      const double weight = square(sigma.cell(p.w)) + square(sigma.common());
      const double code = square(p.x) + square(sigma.input(p.x));
      const double variance = code * weight + square(sigma.bias(p)) + 1.0 / 12;
      // Besides the columns' own: the square of the trial's one noisy code.
      const double of_code = (2 * square(square(sigma.input(p.x))) + square(2 * p.x * sigma.input(p.x))) / kTrials;
      const double own = 2.0 / (kSampledColumns * kTrials);
      CHECK(close(spread / variance, 1, std::sqrt(own + of_code * square(weight / variance))));
    }
  }
}

// Pixels of one channel seen by few columns of weight w: what the columns share is the noise of the pixel's code times
// w, what the pixels share is left out by its mean.
TEST_CASE("noise statistics: simple, the input by |x|") {
  constexpr std::size_t kPixels = 1024;
  constexpr std::size_t kChannels = 16;
  for (const double level : {1.0, 4.0, 9.0}) {
    for (const Point& p : {Point{0, 127, 0}, Point{100, -127, 3}, Point{255, 50, 0}}) {
      CAPTURE(level);
      CAPTURE(p.x);
      const SimpleSigmas sigma{level};
      test::NoiseCase network("conv2d", Arithmetic::kWitinNn);
      network.input({1, 32, 32}, 8, false, NegIn::kNone);
      network.weight({kChannels, 1, 1, 1}, std::vector<std::int32_t>(kChannels, p.w)).attribute("g", 1024);
      const Engine engine = network.engine();
      const std::vector<std::int32_t> x(kPixels, p.x);
      RunOptions options;
      options.threads = 1;
      options.noise.model = *NoiseModel::parse("simple:" + std::to_string(level));
      double spread = 0;
      double expected = 0;
      for (options.noise.trial = 0; options.noise.trial < kTrials; ++options.noise.trial) {
        const std::vector<std::int32_t> acc = network.run(engine, x, options, "npu_acc");
        std::vector<double> shared(kPixels, 0);
        double mean = 0;
        for (std::size_t i = 0; i < acc.size(); ++i) shared[i % kPixels] += acc[i] / double{kChannels};
        for (const double v : shared) mean += v / double{kPixels};
        for (const double v : shared) spread += square(v - mean) / (kPixels - 1);
        // The mean of the noisy weights of this trial, from what all pixels have: x' = x on average.
        const double weight = p.x == 0 ? p.w : mean / p.x;
        expected += square(sigma.input(p.x) * weight) + 1.0 / (12 * kChannels);
      }
      if (p.x == 0)
        expected += kTrials * square(sigma.input(0)) * (square(sigma.cell(p.w)) + square(sigma.common())) / kChannels;
      CHECK(close(spread / expected, 1, std::sqrt(2.0 / (kPixels * kTrials))));
    }
  }
}

// Frame f drives row f alone: 256 draws of the common term in a trial, each shared by the columns; of weight 0, so that
// the noise of the codes meets that of the cells alone.
TEST_CASE("noise statistics: simple, one common draw for each row of a matrix") {
  constexpr std::int64_t kDriven = 256;
  const Layer layers[] = {
      {"linear", Arithmetic::kWitinNn, {kDriven}, kDriven},
      {"conv2d", Arithmetic::kWtm2101, {kDriven, 1, 1}, kDriven},
      {"conv_transpose2d", Arithmetic::kWtm2101, {kDriven, 1, 1}, kDriven},
      {"tdnn", Arithmetic::kWtm2101, {kDriven}, kDriven, {{"time_offsets", nlohmann::json::array({0})}}}};
  std::vector<std::int32_t> x(kDriven * kDriven, 0);
  for (std::size_t i = 0; i < x.size(); i += kDriven + 1) x[i] = 200;
  for (const Layer& layer : layers) {
    CAPTURE(layer.op);
    const SimpleSigmas sigma{4};
    const test::NoiseCase network = network_of(layer, {}, 2);
    const Engine engine = network.engine();
    RunOptions options;
    options.threads = 1;
    options.noise.model = *NoiseModel::parse("simple:4");
    double sum = 0;
    double of_one = 0;
    double of_both = 0;
    const std::int64_t runs = &layer == layers ? 520 : 65;
    for (options.noise.trial = 0; options.noise.trial < runs; ++options.noise.trial) {
      const std::vector<std::int32_t> acc = network.run(engine, x, options, "npu_acc");
      for (std::size_t i = 0; i < acc.size(); i += 2) {
        sum += acc[i];
        of_one += square(acc[i]);
        of_both += static_cast<double>(acc[i]) * acc[i + 1];
      }
    }
    const auto trials = static_cast<double>(runs);
    const double n = trials * kDriven;
    const double cells = square(sigma.cell(0));
    const double common = square(sigma.common());
    const double input = square(200 * 0.021 * sigma.u() + sigma.u()) + 255 * square(sigma.u());
    const double variance = (square(200.0) + input) * (cells + common) + square(sigma.bias({}));
    const double shared = (square(200.0) + input) * common;
    // Bias rows are one draw for all frames of a trial.
    const double bias = square(sigma.bias({}));
    CHECK(close(sum / n, 0, std::sqrt(variance / n + bias / trials)));
    CHECK(close(of_one / n / variance, 1, std::sqrt(2 / n + 2 * square(bias / variance) / trials)));
    CHECK(
        close(of_both / n / shared, 1, std::sqrt(square(variance / shared) * 2 / n + square(bias / shared) / trials)));
  }
}
