// sqrt against integers where the root of the scale is one, and against float32 steps elsewhere.
#include <doctest/doctest.h>

#include <cmath>

#include "tests/support/exact.hpp"
#include "tests/support/op_runner.hpp"

using witin::CodeRange;
using witin::signed_range;
using witin::unsigned_range;
using witin::test::all_codes;
using witin::test::Codes;
using witin::test::OpRunner;
namespace test = witin::test;

namespace {

OpRunner root(CodeRange codes, double scale_x, double scale_y, std::int64_t x_bits = 8, std::int64_t left_shift = 8) {
  OpRunner op("sqrt");
  op.input({}, codes).attribute("scale_x", scale_x).attribute("scale_y", scale_y);
  op.attribute("x_bits", x_bits).attribute("left_shift", left_shift);
  return op;
}

}  // namespace

TEST_CASE(
    "sqrt: where scale_x is a power of 4, one rounding of isqrt(x * 2^ls) * scale_y / (2^(ls/2) * sqrt(scale_x))") {
  for (const int x_bits : {8, 10, 16}) {
    for (const int left_shift : {0, 2, 8, 16}) {
      for (const int half_scale : {0, 1, 2, 4}) {
        for (const int scale_y : {1, 16, 128, 1024}) {
          OpRunner op = root(unsigned_range(x_bits), std::ldexp(1, 2 * half_scale), scale_y, x_bits, left_shift);
          const auto y = op.attribute("y_bits", std::int64_t{12}).run({all_codes(unsigned_range(x_bits))});
          REQUIRE(y.ok());
          for (std::int64_t x = 0; x < (std::int64_t{1} << x_bits); ++x) {
            const auto expected = test::half_even(test::Wide{test::floor_root(x << left_shift)} * scale_y,
                                                  std::int64_t{1} << (left_shift / 2 + half_scale));
            REQUIRE((*y)[static_cast<std::size_t>(x)] == test::clip_unsigned(expected, 12));
          }
        }
      }
    }
  }
}

TEST_CASE("sqrt: other scales follow the float32 order, with and without clip_value") {
  for (const double scale_x : {2.0, 8.0, 10.5, 0.3}) {
    for (const double scale_y : {16.0, 100.7}) {
      for (const double clip_value : {0.0, 1.25, 3.3}) {
        OpRunner op = root(unsigned_range(10), scale_x, scale_y, 10).attribute("clip_value", clip_value);
        const auto y = op.run({all_codes(unsigned_range(10))});
        REQUIRE(y.ok());
        for (std::int64_t x = 0; x < 1024; ++x) {
          const float r = test::f32_div(static_cast<double>(test::floor_root(x << 8)), 16);
          float v = test::f32_div(r, test::f32(std::sqrt(scale_x)));
          if (clip_value != 0) v = std::min(v, test::f32(clip_value));
          const auto expected = test::clip_unsigned(test::nearest(test::f32_mul(v, test::f32(scale_y))), 8);
          REQUIRE((*y)[static_cast<std::size_t>(x)] == expected);
        }
      }
    }
  }
}

TEST_CASE("sqrt: a negative code counts as 0; a code of 2^x_bits or more ends the run") {
  CHECK(*root(signed_range(16), 16, 16).run({{-32768, -1, 0, 255}}) == Codes{0, 0, 0, 64});
  OpRunner op = root(signed_range(16), 16, 16);
  const auto y = op.run({{255, 0, 256, 300}}, 40);
  REQUIRE_FALSE(y.ok());
  CHECK(y.error().line() ==
        "frame 42: element 0: the operator cannot take this code; expected -32768..255, found 256 [run.code_range]");
}

TEST_CASE("sqrt: refusals") {
  CHECK(root(unsigned_range(8), 16, 16, 8, 7).refusal() == "attribute.value");
  CHECK(root(unsigned_range(8), 16, 16, 8, 24).refusal().empty());
  CHECK(root(unsigned_range(8), 16, 16, 8, 26).refusal() == "attribute.value");
  CHECK(root(unsigned_range(8), 16, 16, 17).refusal() == "attribute.range");
  CHECK(root(unsigned_range(8), 0, 16).refusal() == "attribute.range");
  CHECK(root(unsigned_range(8), 16, 16).attribute("clip_value", -1.0).refusal() == "attribute.range");
  CHECK(root({300, 400}, 16, 16).refusal() == "node.code_range");
}
