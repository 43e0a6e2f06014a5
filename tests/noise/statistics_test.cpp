// Mean, variance, kurtosis and correlation of accumulator errors against the laws of sim/noise/noise.md, written out
// here again. Every check is five standard errors wide and has samples enough to notice 1 % in the sigma of any term.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "tests/support/noise_case.hpp"

using namespace witin;

namespace {

constexpr std::int64_t kSampledColumns = 4096;
constexpr std::int64_t kRows = 4;
constexpr int kBiasRows = 2;
constexpr std::int64_t kTrials = 100;  // 409,600 samples: a standard error of 0.11 % in sigma

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

// The sums of kRows products that an operator makes of a frame of equal codes and equal weights: one for each column.
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
const Layer kOthers[] = {{"conv2d", Arithmetic::kWtm2101, {1, 2, 2}, kRows},
                         {"conv_transpose2d", Arithmetic::kWtm2101, {1, 2, 2}, kRows, {{"pads", {1, 1, 1, 1}}}},
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

NoiseModel model_of(const std::string& text) {
  const Result<NoiseModel> model =
      text.starts_with('{') ? NoiseModel::parse_custom(text, "custom") : NoiseModel::parse(text);
  REQUIRE_MESSAGE(model.ok(), (model.ok() ? "" : model.error().line()));
  return *model;
}

// Three frames of the same codes in every trial: errors of the second and the third.
void check(const Layer& layer, const std::string& model, const Point& p, double trial_variance, double frame_variance,
           const std::string& field = "npu_acc") {
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
  options.noise.model = model_of(model);
  options.noise.seed = 20;
  Moments moments;
  double product = 0;
  for (options.noise.trial = 0; options.noise.trial < kTrials; ++options.noise.trial) {
    const std::vector<std::int32_t> acc = network.run(engine, x, options, field);
    for (std::size_t n = kSampledColumns; n < 2 * kSampledColumns; ++n) {
      moments.add(acc[n] - clean);
      product += (acc[n] - clean) * (acc[kSampledColumns + n] - clean);
    }
  }
  const double variance = trial_variance + frame_variance + 1.0 / 12;
  const double n = moments.count;
  CHECK(close(moments.mean(), 0, std::sqrt(variance / n)));
  CHECK(close(moments.variance() / variance, 1, std::sqrt(2 / n)));
  CHECK(5 * std::sqrt(2 / n) < 0.012);
  CHECK(close(moments.kurtosis(), 3, std::sqrt(24 / n)));
  const double correlation = trial_variance / variance;
  CHECK(close(product / n / variance, correlation, std::sqrt((1 + square(correlation)) / n)));
}

double normal_variance(double level, const Point& p) {
  return kRows * square(p.x * normal_sigma(level, p.w)) +
         kBiasRows * square(128 * normal_sigma(level, p.bias / double{kBiasRows}));
}

double mbs_variance(double level, const Point& p) { return kRows * square(mbs_sigma(level, p.x, p.w)); }

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
  }
  const Point& p = kPoints[1];
  for (const Layer& layer : kOthers) check(layer, "normal:4", p, normal_variance(4, p), 0);
}

TEST_CASE("noise statistics: mbs, cells fresh for every frame, bias rows for every trial") {
  for (const double level : {1.0, 4.0, 9.0}) {
    const std::string model = "mbs:" + std::to_string(level);
    for (const Point& p : kPoints) check(kLinear, model, p, mbs_bias_variance(level, p), mbs_variance(level, p));
  }
  const Point& p = kPoints[2];
  for (const Layer& layer : kOthers) check(layer, "mbs:4", p, mbs_bias_variance(4, p), mbs_variance(4, p));
}

TEST_CASE("noise statistics: mbs and simple, the output term") {
  const Point p{0, 0, 0};  // of g = 1024
  const auto acc = [&](double variance) { return variance / square(1024); };
  check(kLinear, "mbs:9", p, acc(mbs_bias_variance(9, p)), acc(mbs_variance(9, p)) + square(9 * 0.225), "npu_y");
  const SimpleSigmas sigma{9};
  const double input = kRows * square(sigma.input(0)) * (square(sigma.cell(0)) + square(sigma.common()));
  check(kLinear, "simple:9", p, acc(square(sigma.bias(p))), acc(input) + square(sigma.u()), "npu_y");
}

TEST_CASE("noise statistics: custom, weights, bias rows, accumulators and outputs") {
  const Point p{100, 50, 3};
  const double weights = kRows * square(p.x * (2 + 0.03 * p.w));
  check(kLinear, R"({"weight": {"additive_lsb": 2, "relative": 0.03}})", p, weights, 0);
  check(kLinear, R"({"weight": {"additive_lsb": 2, "relative": 0.03, "scale": "frame"}})", p, 0, weights);
  const double bias = kBiasRows * square(128 * (1 + 0.5 * p.bias / kBiasRows));
  check(kLinear, R"({"bias_row": {"additive_lsb": 1, "relative": 0.5}})", p, bias, 0);
  check(kLinear, R"({"bias_row": {"additive_lsb": 1, "relative": 0.5, "scale": "frame"}})", p, 0, bias);
  check(kLinear, R"({"acc": {"sigma": 300}})", p, 0, square(300));
  check(kLinear, R"({"output": {"sigma_lsb": 15}})", {0, 0, 0}, 0, square(15), "npu_y");
  check(kLinear, R"({"column_offset": {"sigma_lsb": 15}})", {0, 0, 0}, square(15), 0, "npu_y");
}

// One column, a sample for each frame.
TEST_CASE("noise statistics: custom, inputs") {
  const Point p{100, 50, 0};
  const test::NoiseCase network = network_of(kLinear, p, 1);
  const Engine engine = network.engine();
  const std::vector<std::int32_t> x(kSampledColumns * kRows, p.x);
  RunOptions options;
  options.threads = 1;
  options.noise.model = model_of(R"({"input": {"additive_lsb": 1, "relative": 0.02}})");
  Moments moments;
  for (options.noise.trial = 0; options.noise.trial < kTrials; ++options.noise.trial) {
    for (const std::int32_t v : network.run(engine, x, options, "npu_acc")) moments.add(v - double{kRows} * p.x * p.w);
  }
  const double variance = kRows * square(p.w * (1 + 0.02 * p.x)) + 1.0 / 12;
  CHECK(close(moments.mean(), 0, std::sqrt(variance / moments.count)));
  CHECK(close(moments.variance() / variance, 1, std::sqrt(2 / moments.count)));
  CHECK(close(moments.kurtosis(), 3, std::sqrt(24 / moments.count)));
}

// One pixel, one draw of the common term for each column, half of them with weight w. The others, of weight 127 and
// without a bias, say what noise the one code had.
TEST_CASE("noise statistics: simple, cells, the common term and bias rows") {
  constexpr std::int64_t kTrialsHere = 200;
  constexpr std::size_t kHalf = kSampledColumns / 2;
  constexpr int kKnown = 127;
  for (const double level : {1.0, 4.0, 9.0}) {
    const SimpleSigmas sigma{level};
    for (const Point& p :
         {Point{0, 0, 0}, Point{10, 0, -64}, Point{255, 0, 0}, Point{200, 127, 0}, Point{90, -60, 9}}) {
      CAPTURE(level);
      CAPTURE(p.x);
      test::NoiseCase network("conv2d", Arithmetic::kWitinNn);
      std::vector<std::int32_t> weight(kSampledColumns, kKnown);
      std::vector<std::int32_t> bias(kSampledColumns, 0);
      std::fill_n(weight.begin(), kHalf, p.w);
      std::fill_n(bias.begin(), kHalf, 128 * p.bias);
      network.input({1, 1, 1}, 8, false, NegIn::kNone).weight({kSampledColumns, 1, 1, 1}, weight).bias(bias);
      network.attribute("g", 1024).attribute("bias_rows", kBiasRows);
      const Engine engine = network.engine();
      RunOptions options;
      options.threads = 1;
      options.noise.model = model_of("simple:" + std::to_string(level));
      const double weights = square(sigma.cell(p.w)) + square(sigma.common());
      double spread = 0;
      double expected = 0;
      for (options.noise.trial = 0; options.noise.trial < kTrialsHere; ++options.noise.trial) {
        const std::vector<std::int32_t> acc = network.run(engine, {p.x}, options, "npu_acc");
        Moments own;
        double known = 0;
        for (std::size_t n = 0; n < kHalf; ++n) {
          own.add(acc[n] - (128.0 * p.bias + static_cast<double>(p.x) * p.w));
          known += acc[kHalf + n] / double{kKnown * kHalf};
        }
        spread += (own.sum2 - own.sum * own.mean()) / (own.count - 1);
        expected += square(known) * weights + square(sigma.bias(p)) + 1.0 / 12;
      }
      CHECK(close(spread / expected, 1, std::sqrt(2.0 / (kHalf * kTrialsHere))));
    }
  }
}

// Frame f drives row f of a matrix alone, the last one none: without that one, and without what the columns share,
// cells are left. w = 0 first: the common term has eight times their sigma there.
TEST_CASE("noise statistics: simple, cells of a matrix beside the common term") {
  constexpr std::int64_t kDriven = 16;
  constexpr std::int64_t kCode = 200;
  constexpr std::int64_t kTrialsHere = 60;
  for (const int w : {0, 90}) {
    const SimpleSigmas sigma{4};
    const Layer layer{"linear", Arithmetic::kWitinNn, {kDriven}, kDriven};
    const test::NoiseCase network = network_of(layer, {0, w, 0}, kSampledColumns);
    const Engine engine = network.engine();
    std::vector<std::int32_t> x((kDriven + 1) * kDriven, 0);
    for (std::size_t i = 0; i < kDriven * kDriven; i += kDriven + 1) x[i] = kCode;
    RunOptions options;
    options.threads = 1;
    options.noise.model = model_of("simple:4");
    double spread = 0;
    for (options.noise.trial = 0; options.noise.trial < kTrialsHere; ++options.noise.trial) {
      const std::vector<std::int32_t> acc = network.run(engine, x, options, "npu_acc");
      const std::int32_t* const none = acc.data() + kDriven * kSampledColumns;
      for (std::size_t f = 0; f < kDriven; ++f) {
        Moments own;
        for (std::size_t n = 0; n < kSampledColumns; ++n)
          own.add(acc[f * kSampledColumns + n] - static_cast<double>(none[n]));
        spread += (own.sum2 - own.sum * own.mean()) / (own.count - 1);
      }
    }
    constexpr double kSpreads = kDriven * kTrialsHere;
    const double code = square(kCode) + square(sigma.input(kCode)) + (2 * kDriven - 1) * square(sigma.input(0));
    const double expected = kSpreads * (code * square(sigma.cell(w)) + 2.0 / 12);
    const double of_code = square(2 * kCode * sigma.input(kCode) / code) / kSpreads;  // a code's noise is all columns'
    CHECK(close(spread / expected, 1, std::sqrt(2 / (kSpreads * kSampledColumns) + of_code)));
    CHECK(5 * std::sqrt(of_code) < 0.01);
  }
}

// Pixels of two columns: what these share is the noise of a pixel's code times their mean weight, which another half of
// the pixels, of another code, tells.
TEST_CASE("noise statistics: simple, the input by |x|") {
  constexpr std::int64_t kSide = 64;
  constexpr std::size_t kPixels = kSide * kSide;
  constexpr std::size_t kHalf = kPixels / 2;
  constexpr std::int64_t kTrialsHere = 150;
  for (const double level : {1.0, 4.0, 9.0}) {
    for (const Point& p : {Point{0, 127, 0}, Point{100, -127, 3}, Point{255, 50, 0}}) {
      CAPTURE(level);
      CAPTURE(p.x);
      const SimpleSigmas sigma{level};
      test::NoiseCase network("conv2d", Arithmetic::kWitinNn);
      network.input({1, kSide, kSide}, 8, false, NegIn::kNone);
      network.weight({2, 1, 1, 1}, {p.w, p.w}).attribute("g", 1024);
      const Engine engine = network.engine();
      const int other = p.x < 128 ? 255 : 0;
      std::vector<std::int32_t> x(kPixels, other);
      std::fill_n(x.begin(), kHalf, p.x);
      RunOptions options;
      options.threads = 1;
      options.noise.model = model_of("simple:" + std::to_string(level));
      double spread = 0;
      double expected = 0;
      for (options.noise.trial = 0; options.noise.trial < kTrialsHere; ++options.noise.trial) {
        const std::vector<std::int32_t> acc = network.run(engine, x, options, "npu_acc");
        Moments own;
        Moments others;
        for (std::size_t i = 0; i < kHalf; ++i) {
          own.add((acc[i] + acc[kPixels + i]) / 2.0);
          others.add((acc[kHalf + i] + acc[kPixels + kHalf + i]) / 2.0);
        }
        const double weight = (own.mean() - others.mean()) / (p.x - other);
        spread += (own.sum2 - own.sum * own.mean()) / (own.count - 1);
        expected += square(sigma.input(p.x) * weight) + 1.0 / 24;
      }
      CHECK(close(spread / expected, 1, std::sqrt(2.0 / (kHalf * kTrialsHere))));
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
    options.noise.model = model_of("simple:4");
    double sum = 0;
    double of_one = 0;
    double of_both = 0;
    constexpr std::int64_t kRuns = 65;
    for (options.noise.trial = 0; options.noise.trial < kRuns; ++options.noise.trial) {
      const std::vector<std::int32_t> acc = network.run(engine, x, options, "npu_acc");
      for (std::size_t i = 0; i < acc.size(); i += 2) {
        sum += acc[i];
        of_one += square(acc[i]);
        of_both += static_cast<double>(acc[i]) * acc[i + 1];
      }
    }
    const auto trials = double{kRuns};
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

// One pixel of two groups, each of an input channel and two output channels: [group][output]. The common term is nearly
// all of the noise of w = 0.
TEST_CASE("noise statistics: simple, the common term of groups") {
  for (const std::string op : {"conv2d", "conv_transpose2d"}) {
    CAPTURE(op);
    test::NoiseCase network(op, Arithmetic::kWitinNn);
    network.input({2, 1, 1}, 8, false, NegIn::kNone).attribute("g", 1024).attribute("groups", 2);
    network.attribute("bias_rows", 1);
    network.weight(op == "conv2d" ? Shape{4, 1, 1, 1} : Shape{2, 2, 1, 1}, std::vector<std::int32_t>(4, 0));
    const Engine engine = network.engine();
    RunOptions options;
    options.threads = 1;
    options.noise.model = model_of("simple:1");
    constexpr std::int64_t kRuns = 400;
    double same = 0;
    double of_group = 0;
    double of_both = 0;
    for (options.noise.trial = 0; options.noise.trial < kRuns; ++options.noise.trial) {
      const std::vector<std::int32_t> acc = network.run(engine, {200, 200}, options, "npu_acc");
      same += square(acc[0]);
      of_group += static_cast<double>(acc[0]) * acc[1];
      of_both += static_cast<double>(acc[0]) * acc[2];
    }
    // Of the output channel (conv2d) or of the input channel (conv_transpose2d), which no two groups share.
    const double five = 5 / std::sqrt(double{kRuns});
    CHECK(std::abs(of_both / same) < five);
    if (op == "conv2d") CHECK(std::abs(of_group / same) < five);
    if (op == "conv_transpose2d") CHECK(of_group / same > 0.75);
  }
}
