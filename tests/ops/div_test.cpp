// div: all 65,536 pairs of 8-bit codes, zero divisors among them, against exact quotients.
#include <doctest/doctest.h>

#include <cmath>

#include "tests/support/exact.hpp"
#include "tests/support/op_runner.hpp"

using witin::CodeRange;
using witin::pn_range;
using witin::signed_range;
using witin::test::all_pairs;
using witin::test::Codes;
using witin::test::OpRunner;
namespace test = witin::test;

namespace {

OpRunner divide(CodeRange codes, double left, double right, double scale_y) {
  OpRunner op("div");
  op.input({}, codes).input({}, codes).attribute("scale_left", left).attribute("scale_right", right);
  op.attribute("scale_y", scale_y);
  return op;
}

std::int64_t quotient(std::int64_t a, std::int64_t b) {
  return b < 0 ? test::half_even(-a, -b) : test::half_even(a, b);
}

}  // namespace

TEST_CASE("div: every pair, powers of two, as fractions clipped to +-8") {
  const auto pairs = all_pairs(signed_range(8), signed_range(8));
  for (const int left : {0, 4, 6}) {
    for (const int right : {0, 4, 5}) {
      for (const int out : {0, 3, 5, 7}) {
        const auto y = divide(signed_range(8), 1 << left, 1 << right, 1 << out).run(pairs);
        REQUIRE(y.ok());
        for (std::size_t i = 0; i < pairs[0].size(); ++i) {
          const std::int64_t a = pairs[0][i];
          const std::int64_t b = pairs[1][i];
          const std::int64_t unit = std::int64_t{1} << left;  // of the value's denominator
          const std::int64_t top = 8 * unit;
          const std::int64_t value = b != 0 ? quotient(a, b) * (1 << right) : a > 0 ? top : a < 0 ? -top : 0;
          const auto expected = test::half_even(test::Wide{std::clamp(value, -top, top)} * (1 << out), unit);
          if ((*y)[i] != test::clip_signed(expected, 8)) FAIL(a << " / " << b);
        }
      }
    }
  }
}

TEST_CASE("div: any scales in float32 order, with and without clip_value") {
  const auto pairs = all_pairs(signed_range(8), signed_range(8));
  for (const double clip_value : {0.0, 3.3, 20.0}) {
    const auto y = divide(signed_range(8), 15.9, 3.1, 13.7).attribute("clip_value", clip_value).run(pairs);
    REQUIRE(y.ok());
    for (std::size_t i = 0; i < pairs[0].size(); ++i) {
      const std::int64_t a = pairs[0][i];
      const std::int64_t b = pairs[1][i];
      float v = a > 0 ? 8.0F : a < 0 ? -8.0F : 0.0F;
      if (b != 0)
        v = test::f32_mul(test::f32_div(static_cast<double>(quotient(a, b)), test::f32(15.9)), test::f32(3.1));
      v = std::clamp(v, -8.0F, 8.0F);
      if (clip_value != 0) v = std::clamp(v, -test::f32(clip_value), test::f32(clip_value));
      REQUIRE((*y)[i] == test::clip_signed(test::nearest(test::f32_mul(v, test::f32(13.7))), 8));
    }
  }
}

TEST_CASE("div: by zero") {
  const auto by_zero = [](double scale_y) {
    return *divide(signed_range(8), 16, 16, scale_y).run({{1, -1, 0, 127, -128}, {0, 0, 0, 0, 0}});
  };
  CHECK(by_zero(4) == Codes{32, -32, 0, 32, -32});
  CHECK(by_zero(16) == Codes{127, -128, 0, 127, -128});  // 8 * 16 = 128 saturates
}

TEST_CASE("div: the widest codes") {
  CHECK(*divide(pn_range(16), 1, 1, 4096)
             .attribute("y_bits", std::int64_t{16})
             .run({{65535, -65535, 65535, 3}, {65535, 2, -65535, 2}}) == Codes{4096, -32768, -4096, 8192});
}

TEST_CASE("div: refusals") {
  CHECK(divide(signed_range(8), 0, 1, 1).refusal() == "attribute.range");
  CHECK(OpRunner("div").input({}, signed_range(8)).refusal() == "node.inputs");
  OpRunner shapes("div");
  shapes.input({2}, signed_range(8)).input({3}, signed_range(8)).attribute("scale_left", 1).attribute("scale_right", 1);
  CHECK(shapes.attribute("scale_y", 1).refusal() == "node.shape");
}
