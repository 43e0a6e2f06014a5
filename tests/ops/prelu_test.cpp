// prelu: 12-bit codes times all weight codes against exact fractions; float32 steps for other scales.
#include <doctest/doctest.h>

#include <cmath>

#include "tests/support/exact.hpp"
#include "tests/support/op_runner.hpp"

using witin::Shape;
using witin::signed_range;
using witin::test::all_codes;
using witin::test::Codes;
using witin::test::OpRunner;
namespace test = witin::test;

namespace {

OpRunner prelu(Shape shape, const std::vector<std::int8_t>& weight, double scale_x, double scale_weight,
               double scale_y) {
  OpRunner op("prelu");
  op.input(std::move(shape), signed_range(12));
  op.tensor("weight", {static_cast<std::int64_t>(weight.size())}, weight);
  op.attribute("scale_x", scale_x).attribute("scale_weight", scale_weight).attribute("scale_y", scale_y);
  return op;
}

// Every weight code a channel, every 12-bit code in each.
std::vector<std::int8_t> all_weights() {
  std::vector<std::int8_t> weights;
  for (int w = -128; w < 128; ++w) weights.push_back(static_cast<std::int8_t>(w));
  return weights;
}

Codes every_code_in_every_channel() {
  Codes x;
  for (int channel = 0; channel < 256; ++channel) {
    for (const auto code : all_codes(signed_range(12))) x.push_back(code);
  }
  return x;
}

}  // namespace

TEST_CASE("prelu: every 12-bit code with every weight, powers of two, one rounding") {
  const auto weights = all_weights();
  const Codes x = every_code_in_every_channel();
  for (const int out : {3, 7}) {
    const auto y = prelu({256, 4096}, weights, 64, 128, 1 << out).attribute("y_bits", std::int64_t{10}).run({x});
    REQUIRE(y.ok());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const std::int64_t w = weights[i / 4096];
      const auto expected = x[i] >= 0 ? test::half_even(test::Wide{x[i]} * (1 << out), 64)
                                      : test::half_even(test::Wide{x[i]} * w * (1 << out), 64 * 128);
      if ((*y)[i] != test::clip_signed(expected, 10)) FAIL("x " << x[i] << " w " << w);
    }
  }
}

TEST_CASE("prelu: any scales in float32 order, with and without clip_value") {
  const auto weights = all_weights();
  const Codes x = every_code_in_every_channel();
  for (const double clip_value : {0.0, 11.1}) {
    const auto y = prelu({256, 4096}, weights, 15.9, 77.7, 12.3).attribute("clip_value", clip_value).run({x});
    REQUIRE(y.ok());
    for (std::size_t i = 0; i < x.size(); ++i) {
      float v = test::f32_div(x[i], test::f32(15.9));
      if (x[i] < 0) v = test::f32_mul(v, test::f32_div(weights[i / 4096], test::f32(77.7)));
      if (clip_value != 0) v = std::clamp(v, -test::f32(clip_value), test::f32(clip_value));
      REQUIRE((*y)[i] == test::clip_signed(test::nearest(test::f32_mul(v, test::f32(12.3))), 8));
    }
  }
}

TEST_CASE("prelu: one weight for a frame of any shape") {
  CHECK(*prelu({}, {64}, 1, 128, 1).run({{-3, 3, -4}}) == Codes{-2, 3, -2});
  CHECK(*prelu({3, 1}, {64}, 1, 128, 1).run({{-3, 3, -4}}) == Codes{-2, 3, -2});
}

TEST_CASE("prelu: refusals") {
  CHECK(prelu({3, 1}, {1, 2}, 1, 1, 1).refusal() == "tensor.length");
  CHECK(prelu({}, {1, 2}, 1, 1, 1).refusal() == "node.shape");
  CHECK(prelu({3}, {}, 1, 1, 1).refusal() == "tensor.length");
  CHECK(OpRunner("prelu").input({3}, signed_range(8)).refusal() == "tensor.missing");
  CHECK(prelu({3}, {1}, 1, 0, 1).refusal() == "attribute.range");
}
