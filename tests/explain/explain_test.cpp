// The parts of explain that have an oracle in C++: conversion against the engine, intervals against the rule, refusals.
// What it makes of whole defects: tests/cli/test_explain.py.
#include "sim/explain/explain.hpp"

#include <doctest/doctest.h>

#include <random>

#include "sim/explain/conversion.hpp"
#include "sim/explain/problem.hpp"
#include "witin/array.hpp"

namespace {

using namespace witin;
using namespace witin::explain;

Engine shipped(const std::string& folder) {
  Result<Package> package = load_package("golden/" + folder + "/model.wpkg");
  REQUIRE(package.ok());
  Result<Engine> engine = Engine::create(*std::move(package));
  REQUIRE(engine.ok());
  return *std::move(engine);
}

Codes random_codes(CodeRange range, std::int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_int_distribution<std::int32_t> code(range.lo, range.hi);
  Codes codes(static_cast<std::size_t>(count));
  for (std::int32_t& c : codes) c = code(random);
  return codes;
}

// A network of one array node, as a setup with random input.
Setup random_setup(const Engine& engine, std::int64_t frames) {
  const Input& input = engine.package().inputs.front();
  const ops::ValueType type{input.shape, input.range()};
  return make_setup(engine.package(), engine.package().nodes.front(), engine.nodes().front().arithmetic,
                    kernels::Isa::kRef, {type}, {random_codes(type.range, type.elements() * frames, 7)}, frames);
}

const char* const kArrayLayers[] = {"digits_mlp",
                                    "digits_cnn",
                                    "operators/older_chip",
                                    "operators/wide_inputs",
                                    "operators/shifted_inputs",
                                    "operators/tdnn",
                                    "operators/streaming",
                                    "vectors/array_05_linear_FALSE_x10_y8",
                                    "vectors/array_23_linear_any_scale_PN_x10",
                                    "vectors/array_32_conv2d_FALSE_to_linear_x10",
                                    "vectors/array_42_conv2d_VPU_x12_y10",
                                    "vectors/array_43_conv2d_fp_clip_galgo",
                                    "vectors/array_53_convt_PN_x10_y12",
                                    "vectors/chip_a06_saturation_edge_n0_32"};

}  // namespace

TEST_CASE("explain: a setup computes what the engine computes, and so does its conversion") {
  for (const char* const folder : kArrayLayers) {
    CAPTURE(folder);
    const Engine engine = shipped(folder);
    const Setup setup = random_setup(engine, 5);
    const Result<Outcome> outcome = run(setup);
    REQUIRE(outcome.ok());
    const Input& input = engine.package().inputs.front();
    Shape shape = input.shape;
    shape.insert(shape.begin(), 5);
    const auto traced = trace_arrays(engine, {{input.name, {shape, *setup.inputs[0]}}});
    REQUIRE(traced.ok());
    const Array& y = traced->at(engine.nodes().front().name + "/npu_y");
    CHECK(outcome->y == y.codes);
    const auto conversion = conversion_of(setup, *outcome);
    REQUIRE(conversion.has_value());
    CHECK(convert(*conversion, *outcome) == y.codes);
    // The rule named by hand is the profile's own rule.
    Conversion named = *conversion;
    named.rule = setup.arithmetic == Arithmetic::kWtm2101 ? RoundRule::kChip : RoundRule::kHalfEven;
    CHECK(convert(named, *outcome) == y.codes);
    // Wrapping and saturating agree inside the range only.
    named.overflow = Overflow::kSymmetric;
    Codes symmetric = y.codes;
    for (std::int32_t& code : symmetric) code = std::max(code, -outcome->range.hi);
    CHECK(convert(named, *outcome) == symmetric);
  }
}

TEST_CASE("explain: accumulators of a code are exactly those the rule turns into it") {
  for (const RoundRule rule : {RoundRule::kModel, RoundRule::kHalfEven, RoundRule::kFloor, RoundRule::kTrunc,
                               RoundRule::kQuarterHalfEven, RoundRule::kChipThenFloor}) {
    Conversion conversion;
    conversion.spec.g = 256;
    conversion.rule = rule;
    Outcome outcome;
    outcome.shape = {1};
    for (std::int32_t acc = -40000; acc <= 40000; ++acc) outcome.acc.push_back(acc);
    const Codes y = convert(conversion, outcome);
    std::size_t next = 0;
    for (std::int32_t code = -127; code <= 126; ++code) {
      const Interval interval = accumulators_of(conversion, code);
      while (y[next] < code) ++next;
      CHECK(outcome.acc[next] == interval.lo);
      while (y[next] == code) ++next;
      CHECK(outcome.acc[next] == interval.hi + 1);
    }
    CHECK(accumulators_of(conversion, 127).hi > 1'000'000'000);
    CHECK(accumulators_of(conversion, -128).lo < -1'000'000'000);
    const Interval none = accumulators_of(conversion, 128);
    CHECK(none.lo > none.hi);
  }
}

TEST_CASE("explain: edits of a setup leave the original alone") {
  const Engine engine = shipped("digits_mlp");
  const Setup setup = random_setup(engine, 3);
  Setup copy = setup;
  auto weight = copy.tensor("weight");
  REQUIRE(weight.has_value());
  for (std::int32_t& w : weight->values) w = 0;
  copy.set_tensor("weight", *weight);
  copy.set_input(0, Codes(setup.inputs[0]->size(), 1));
  const auto before = run(setup);
  const auto after = run(copy);
  REQUIRE(before.ok());
  REQUIRE(after.ok());
  CHECK(before->y != after->y);
  CHECK(run(setup)->y == before->y);
  const auto bias = copy.tensor("bias");
  REQUIRE(bias.has_value());
  for (std::size_t i = 0; i < after->acc.size(); ++i) CHECK(after->acc[i] == bias->values[i % bias->values.size()]);
}

TEST_CASE("explain: refuses evidence that is not the node's, says nothing where nothing differs") {
  const Engine engine = shipped("digits_mlp");
  const Setup setup = random_setup(engine, 4);
  const Codes y = run(setup)->y;
  const auto refused = [&](Evidence evidence) {
    const auto explained = explain::explain(engine, 0, std::move(evidence));
    REQUIRE_FALSE(explained.ok());
    CHECK(explained.error().code == "explain.evidence");
  };
  refused({{}, y, 4});
  refused({{*setup.inputs[0]}, y, 3});
  refused({{*setup.inputs[0]}, Codes(y.begin(), y.end() - 1), 4});
  const auto equal = explain::explain(engine, 0, {{*setup.inputs[0]}, y, 4});
  REQUIRE(equal.ok());
  CHECK(equal->differing == 0);
  CHECK(equal->findings.empty());
}

TEST_CASE("explain: one value that differs is never explained with certainty") {
  const Engine engine = shipped("digits_mlp");
  const Setup setup = random_setup(engine, 16);
  const Codes y = run(setup)->y;
  for (std::size_t at = 0; at < y.size(); at += 1499) {
    for (const std::int32_t by : {-1, 1, 40}) {
      Codes observed = y;
      observed[at] = observed[at] + by > 127 ? observed[at] - by : observed[at] + by;
      const auto explained = explain::explain(engine, 0, {{*setup.inputs[0]}, observed, 16});
      REQUIRE(explained.ok());
      CHECK(explained->differing == 1);
      for (const Finding& finding : explained->findings) CHECK_FALSE(finding.certain);
    }
  }
}
