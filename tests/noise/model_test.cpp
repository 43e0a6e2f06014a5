// Names, levels and files of noise models; what no model covers.
#include <doctest/doctest.h>

#include <cmath>

#include "tests/support/noise_case.hpp"

using namespace witin;

namespace {

std::string refusal(const Result<NoiseModel>& model) {
  return model.ok() ? "" : model.error().code + " " + model.error().where;
}
std::string custom(const char* json) { return refusal(NoiseModel::parse_custom(json, "m")); }

constexpr std::int64_t kColumns = 512;
constexpr std::int64_t kFrames = 64;

test::NoiseCase linear(std::int32_t w, std::int32_t bias) {
  test::NoiseCase network("linear", Arithmetic::kWtm2101);
  network.input({4}, 8, false, NegIn::kNone).weight({4, kColumns}, std::vector<std::int32_t>(4 * kColumns, w));
  network.bias(std::vector<std::int32_t>(kColumns, bias)).attribute("g", 1024).attribute("bias_rows", 4);
  return network;
}

// Errors of accumulators, [frame][column], of a linear layer whose codes are all x and weights all w.
std::vector<double> errors(const char* json, std::int32_t x, std::int32_t w, std::int32_t bias = 0,
                           const char* field = "npu_acc") {
  const test::NoiseCase network = linear(w, bias);
  const Engine engine = network.engine();
  const std::vector<std::int32_t> codes(4 * kFrames, x);
  RunOptions options;
  const Result<NoiseModel> model = NoiseModel::parse_custom(json, "m");
  REQUIRE_MESSAGE(model.ok(), (model.ok() ? "" : model.error().line()));
  options.noise.model = *model;
  const std::vector<std::int32_t> noisy = network.run(engine, codes, options, field);
  const std::vector<std::int32_t> clean = network.run(engine, codes, {}, field);
  std::vector<double> out;
  for (std::size_t i = 0; i < noisy.size(); ++i) out.push_back(noisy[i] - clean[i]);
  return out;
}

double sigma(const std::vector<double>& values) {
  double sum = 0;
  for (const double v : values) sum += v * v;
  return std::sqrt(sum / static_cast<double>(values.size()));
}

// Is the sigma `expected`, with `draws` independent draws behind it?
bool near(const std::vector<double>& values, double expected, double draws) {
  return std::abs(sigma(values) / expected - 1) < 5 / std::sqrt(2 * draws);
}

bool same_for_all_frames(const std::vector<double>& values) {
  for (std::size_t i = kColumns; i < values.size(); ++i) {
    if (values[i] != values[i % kColumns]) return false;
  }
  return true;
}
bool same_for_all_columns(const std::vector<double>& values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] != values[i - i % kColumns]) return false;
  }
  return true;
}

constexpr double kAll = kColumns * kFrames;

}  // namespace

TEST_CASE("noise models: names and levels") {
  for (const char* const text : {"none", "normal:4", "simple:0.25", "mbs:9.999", "normal:1e-3"}) {
    CHECK(NoiseModel::parse(text).ok());
  }
  CHECK(NoiseModel::parse("normal:4.50")->name() == "normal:4.5");
  CHECK(NoiseModel::parse("mbs:0")->name() == "none");
  CHECK(NoiseModel::parse("normal:4")->json() == R"({"model": "normal", "level": 4})");
  for (const char* const text : {"", "normal", "normal:", "Normal:4", "arrmdl:4", "custom:"}) {
    CHECK(refusal(NoiseModel::parse(text)) == "noise.model ");
  }
  for (const char* const text : {"normal:10", "mbs:-1", "simple:nan", "normal:4x", "normal: 4", "normal:inf"}) {
    CHECK(refusal(NoiseModel::parse(text)) == "noise.level ");
  }
  CHECK(refusal(NoiseModel::parse("custom:/does/not/exist.json")) == "file.open /does/not/exist.json");
}

TEST_CASE("noise models: custom files say what is wrong and where") {
  CHECK(custom("{}").empty());
  CHECK(custom(R"({"wieght": {"relative": 1}})") == "noise.unknown_key m/wieght");
  CHECK(custom(R"({"weight": {"relative": 1, "sigma": 1}})") == "noise.unknown_key m/weight/sigma");
  CHECK(custom(R"({"weight": {}})") == "noise.missing m/weight");
  CHECK(custom(R"({"weight": {"relative": -1}})") == "noise.value m/weight/relative");
  CHECK(custom(R"({"weight": {"relative": "1"}})") == "noise.type m/weight/relative");
  CHECK(custom(R"({"weight": {"relative": NaN}})").starts_with("json.syntax"));
  CHECK(custom(R"({"weight": {"relative": 1e999}})").starts_with("json."));
  CHECK(custom(R"({"weight": {"relative": 1, "per": "array"}})") == "noise.value m/weight/per");
  CHECK(custom(R"({"weight": {"relative": 1, "scale": "forward"}})") == "noise.value m/weight/scale");
  CHECK(custom(R"({"weight": {"sigma_by_abs_weight": [1, 2]}})") == "noise.length m/weight/sigma_by_abs_weight");
  CHECK(custom(R"({"acc": {}})") == "noise.missing_key m/acc");
  CHECK(custom(R"({"acc": {"sigma_lsb": 1}})").starts_with("noise.unknown_key"));
  CHECK(custom(R"({"stuck_cells": {"fraction": 2, "value": "zero"}})") == "noise.value m/stuck_cells/fraction");
  CHECK(custom(R"({"stuck_cells": {"fraction": 0.1, "value": "one"}})") == "noise.value m/stuck_cells/value");
  CHECK(custom(R"({"drift": {"nu": 0.1, "t_seconds": 1}})") == "noise.missing_key m/drift");
  CHECK(custom(R"({"dead_columns": [1024]})") == "noise.value m/dead_columns/0");
  CHECK(custom("[]") == "noise.type m");
}

TEST_CASE("noise models: every term of a custom model") {
  const auto weight = errors(R"({"weight": {"additive_lsb": 2, "relative": 0.1}})", 100, -50);
  CHECK(near(weight, 2 * 100 * 7, kColumns));
  CHECK(same_for_all_frames(weight));
  const auto row = errors(R"({"weight": {"additive_lsb": 2, "per": "row"}})", 100, 50);
  CHECK(same_for_all_columns(row));
  CHECK(same_for_all_frames(row));
  CHECK(sigma(row) > 0);
  const auto column = errors(R"({"weight": {"additive_lsb": 2, "per": "column"}})", 100, 50);
  CHECK(near(column, 4 * 100 * 2, kColumns));
  const auto frame = errors(R"({"weight": {"additive_lsb": 2, "relative": 0.1, "scale": "frame"}})", 100, -50);
  CHECK(near(frame, 2 * 100 * 7, kAll));
  const auto frame_row = errors(R"({"weight": {"additive_lsb": 2, "per": "row", "scale": "frame"}})", 100, 50);
  CHECK(same_for_all_columns(frame_row));
  CHECK(near(frame_row, 2 * 100 * 2, kFrames));
  const auto frame_column = errors(R"({"weight": {"additive_lsb": 2, "per": "column", "scale": "frame"}})", 100, 50);
  CHECK(near(frame_column, 4 * 100 * 2, kAll));

  const auto input = errors(R"({"input": {"additive_lsb": 1, "relative": 0.05}})", 60, 50);
  CHECK(same_for_all_columns(input));
  CHECK(near(input, 2 * 50 * 4, kFrames));
  const auto bias = errors(R"({"bias_row": {"additive_lsb": 1, "relative": 0.5}})", 0, 50, 1024);
  CHECK(near(bias, 2 * 128 * 2, kColumns));
  CHECK(same_for_all_frames(bias));
  CHECK(near(errors(R"({"bias_row": {"additive_lsb": 1, "scale": "frame"}})", 0, 50), 2 * 128, kAll));
  CHECK(near(errors(R"({"bias_row": {"additive_lsb": 1, "per": "column"}})", 0, 50), 4 * 128, kColumns));
  CHECK(near(errors(R"({"acc": {"sigma": 300}})", 1, 1), 300, kAll));
  CHECK(sigma(errors(R"({"output": {"sigma_lsb": 5}})", 1, 1)) == 0);
  CHECK(near(errors(R"({"output": {"sigma_lsb": 5}})", 1, 1, 0, "npu_y"), std::sqrt(25 + 1.0 / 12), kAll / 4));
  CHECK(near(errors(R"({"column_gain": {"sigma_relative": 0.01}})", 200, 100), 800, kColumns));
  CHECK(near(errors(R"({"column_offset": {"sigma_lsb": 2}})", 1, 1), 2048, kColumns));
}

TEST_CASE("noise models: tables, stuck cells, drift and dead columns") {
  std::string table = "0";
  for (int w = 1; w <= 128; ++w) table += "," + std::to_string(w == 50 ? 3 : 0);
  const std::string weight = R"({"weight": {"sigma_by_abs_weight": [)" + table + "]}}";
  CHECK(near(errors(weight.c_str(), 100, -50), 600, kColumns));
  CHECK(sigma(errors(weight.c_str(), 100, 51)) == 0);

  double stuck = 0;
  for (const double e : errors(R"({"stuck_cells": {"fraction": 0.1, "value": "max"}})", 10, 27)) stuck += e / 1000;
  const double share = stuck / kFrames / (4 * kColumns);
  CHECK(std::abs(share - 0.1) < 5 * std::sqrt(0.09 / (4 * kColumns)));

  const auto drift = errors(R"({"drift": {"nu": 0.05, "t_seconds": 3600, "t0_seconds": 1}})", 255, 100);
  CHECK(std::abs(drift.front() - 4 * 255 * 100 * (std::pow(3600, -0.05) - 1)) < 1);
  CHECK(same_for_all_columns(drift));
  const auto spread =
      errors(R"({"drift": {"nu": 0, "nu_sigma": 0.001, "t_seconds": 3600, "t0_seconds": 1}})", 255, 100);
  CHECK(near(spread, 2 * 255 * 100 * 0.001 * std::log(3600), kColumns * 0.9));

  const auto dead = errors(R"({"dead_columns": [3], "acc": {"sigma": 1}})", 10, 20, 128);
  for (std::size_t frame = 0; frame < kFrames; ++frame) CHECK(dead[frame * kColumns + 3] == -(4 * 10 * 20 + 128));
}

TEST_CASE("noise: what a model does not cover is an error") {
  const auto run = [](const test::NoiseCase& network, const NoiseOptions& noise, std::size_t codes) {
    RunOptions options;
    options.noise = noise;
    const auto out = network.traces(network.engine(), std::vector<std::int32_t>(codes, 1), options);
    return out.ok() ? "" : out.error().code;
  };
  NoiseOptions mbs;
  mbs.model = *NoiseModel::parse("mbs:1");
  test::NoiseCase native("conv2d", Arithmetic::kWitinNn);
  native.input({1, 2, 2}, 8, false, NegIn::kNone).weight({1, 1, 1, 1}, {1}).attribute("g", 1);
  CHECK(run(native, mbs, 4) == "noise.operator");
  test::NoiseCase signed_codes("linear", Arithmetic::kWtm2101);
  signed_codes.input({4}, 8, true, NegIn::kNone).weight({4, 1}, {1, 2, 3, 4}).attribute("g", 256);
  CHECK(run(signed_codes, mbs, 4) == "noise.operator");
  NoiseOptions elsewhere = mbs;
  elsewhere.nodes = "x*";
  CHECK(run(linear(1, 0), elsewhere, 4) == "noise.nodes");
  NoiseOptions trial = mbs;
  trial.trial = std::int64_t{1} << 32;
  CHECK(run(linear(1, 0), trial, 4) == "noise.trial");
  NoiseOptions few = mbs;
  few.draws = test::draws("n", {1, 2, 3});
  CHECK(run(linear(1, 0), few, 4) == "noise.draws");
}
