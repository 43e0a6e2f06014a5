// batch_norm: the three algorithms, each over every code, against fractions, float32 and double steps written out here.
#include <doctest/doctest.h>

#include <cmath>

#include "tests/support/exact.hpp"
#include "tests/support/op_runner.hpp"

using witin::Arithmetic;
using witin::Shape;
using witin::signed_range;
using witin::test::all_codes;
using witin::test::Codes;
using witin::test::OpRunner;
namespace test = witin::test;

namespace {

// Every 12-bit code in each of `channels` channels.
Codes codes_of(std::size_t channels) {
  Codes x;
  for (std::size_t c = 0; c < channels; ++c) {
    for (const auto code : all_codes(signed_range(12))) x.push_back(code);
  }
  return x;
}

OpRunner affine(const std::vector<std::int8_t>& weight, const std::vector<std::int32_t>& bias) {
  const auto channels = static_cast<std::int64_t>(weight.size());
  OpRunner op("batch_norm");
  op.input({channels, 64, 64}, signed_range(12)).tensor("weight", {channels}, weight);
  op.tensor("bias", {static_cast<std::int64_t>(bias.size())}, bias);
  return op;
}

OpRunner plain(const std::vector<std::int16_t>& mean, const std::vector<std::int16_t>& deviation, double eps) {
  const auto channels = static_cast<std::int64_t>(mean.size());
  OpRunner op("batch_norm");
  op.input({channels, 4096}, signed_range(12)).tensor("mean", {channels}, mean).tensor("std", {channels}, deviation);
  op.attribute("eps", eps);
  return op;
}

OpRunner event(const std::vector<double>& alpha, const std::vector<double>& beta, double scale_in, double scale_out) {
  const auto channels = static_cast<std::int64_t>(alpha.size());
  OpRunner op("batch_norm", Arithmetic::kWtm2101);
  op.input({channels, 4096}, signed_range(12)).tensor("alpha", {channels}, alpha).tensor("beta", {channels}, beta);
  op.attribute("scale_in", scale_in).attribute("scale_out", scale_out);
  return op;
}

}  // namespace

TEST_CASE("batch_norm with weight and bias: powers of two as fractions, others in float32 order") {
  const std::vector<std::int8_t> weight{1, -128, 127, 64, 0, -3};
  const std::vector<std::int32_t> bias{0, 2147483647, -100000, 33, 5, -2147483647 - 1};
  const Codes x = codes_of(weight.size());
  for (const double scale_y : {16.0, 13.3}) {
    OpRunner op = affine(weight, bias).attribute("scale_x", 16).attribute("scale_weight", 64);
    const auto y = op.attribute("scale_y", scale_y).attribute("y_bits", std::int64_t{10}).run({x});
    REQUIRE(y.ok());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const std::int64_t acc = std::int64_t{x[i]} * weight[i / 4096] + bias[i / 4096];
      const float quotient = test::f32_div(test::f32(static_cast<double>(acc)), test::f32(16 * 64 / scale_y));
      REQUIRE((*y)[i] == test::clip_signed(test::nearest(quotient), 10));
      if (scale_y == 16.0 && std::abs(acc) < (1 << 24)) {
        REQUIRE((*y)[i] == test::clip_signed(test::half_even(acc, 64), 10));
      }
    }
  }
}

TEST_CASE("batch_norm with mean and std: eps is added to the code") {
  const std::vector<std::int16_t> mean{0, 100, -2047, 3};
  const std::vector<std::int16_t> deviation{0, 1, 77, 2047};
  const Codes x = codes_of(mean.size());
  for (const double eps : {1e-5, 1.0}) {
    const auto y = plain(mean, deviation, eps).attribute("scale_y", 15.9).run({x});
    REQUIRE(y.ok());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const float divisor = test::f32_add(deviation[i / 4096], test::f32(eps));
      const float v = test::f32_div(x[i] - mean[i / 4096], divisor);
      REQUIRE((*y)[i] == test::clip_signed(test::nearest(test::f32_mul(v, test::f32(15.9))), 8));
    }
  }
}

TEST_CASE("batch_norm with alpha and beta: the event, in double, half up") {
  const std::vector<double> alpha{0.37, -1.25, 1e-3, 0.5};
  const std::vector<double> beta{0.1, -3.7, 0, 0.25};
  const Codes x = codes_of(alpha.size());
  const auto y = event(alpha, beta, 0.0625, 0.03125).run({x});
  REQUIRE(y.ok());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double scaled = x[i] * 0.0625 * alpha[i / 4096];
    const double v = (scaled + beta[i / 4096]) / 0.03125;
    REQUIRE((*y)[i] == test::clip_signed(static_cast<std::int64_t>(std::floor(v + 0.5)), 8));
  }
  // Where everything is a fraction of two: y = floor((4x + 1) / 8 + 1/2) for alpha 1/2, beta 1/8.
  const auto exact = event({0.5}, {0.125}, 1, 1).run({all_codes(signed_range(12))});
  REQUIRE(exact.ok());
  for (std::int32_t code = -2048; code < 2048; ++code) {
    const auto expected = test::floor_div(4 * code + 1 + 4, 8);
    REQUIRE((*exact)[static_cast<std::size_t>(code + 2048)] == test::clip_signed(expected, 8));
  }
  OpRunner single("batch_norm", Arithmetic::kWtm2101);
  single.input({1}, signed_range(8))
      .tensor("alpha", {1}, std::vector<float>{0.5F})
      .tensor("beta", {1}, std::vector{0.F});
  CHECK(*single.run({{3, -3, 5}}) == Codes{2, -1, 3});
  CHECK(*single.attribute("rounding", std::string("half_even")).run({{3, -3, 5}}) == Codes{2, -2, 2});
}

TEST_CASE("batch_norm: refusals") {
  const auto complete = [] { return affine({1}, {0}).attribute("scale_x", 1).attribute("scale_weight", 1); };
  CHECK(complete().refusal() == "attribute.missing");
  CHECK(complete().attribute("scale_y", 1).refusal().empty());
  CHECK(complete().attribute("scale_y", 1).attribute("eps", 1).refusal() == "attribute.unknown");
  CHECK(complete().attribute("scale_y", 1).tensor("std", {1}, std::vector<std::int8_t>{1}).refusal() ==
        "tensor.missing");
  CHECK(affine({1, 2}, {0}).refusal() == "tensor.length");
  CHECK(OpRunner("batch_norm").input({1}, signed_range(8)).refusal() == "tensor.missing");
  CHECK(OpRunner("batch_norm").input({}, signed_range(8)).refusal() == "node.shape");
  CHECK(plain({0}, {0}, 0).attribute("scale_y", 1).refusal() == "attribute.value");  // 0 / 0 has no code
  CHECK(plain({0}, {1}, 0).attribute("scale_y", 1).refusal().empty());
  CHECK(plain({0}, {-1}, 1).attribute("scale_y", 1).refusal() == "tensor.range");
  CHECK(plain({0}, {1}, -1).attribute("scale_y", 1).refusal() == "attribute.range");
  CHECK(event({INFINITY}, {0}, 1, 1).refusal() == "tensor.range");
  CHECK(event({1}, {NAN}, 1, 1).refusal() == "tensor.range");
  CHECK(event({1}, {0}, 1, 1).attribute("y_bits", std::int64_t{8}).refusal() == "attribute.unknown");
}
