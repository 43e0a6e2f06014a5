// hypot: all 65,536 pairs of 8-bit codes against integers for powers of two, float32 steps elsewhere.
#include <doctest/doctest.h>

#include <cmath>

#include "tests/support/exact.hpp"
#include "tests/support/op_runner.hpp"

using witin::CodeRange;
using witin::signed_range;
using witin::test::all_pairs;
using witin::test::Codes;
using witin::test::OpRunner;
namespace test = witin::test;

namespace {

OpRunner hypot(CodeRange codes, double left, double scale_y, std::int64_t left_shift = 8) {
  OpRunner op("hypot");
  op.input({}, codes).input({}, codes).attribute("scale_left", left).attribute("scale_y", scale_y);
  op.attribute("left_shift", left_shift);
  return op;
}

}  // namespace

TEST_CASE("hypot: every pair, powers of two") {
  const auto pairs = all_pairs(signed_range(8), signed_range(8));
  for (const int left_shift : {0, 8, 16}) {
    for (const int left : {0, 4, 7}) {
      for (const int out : {0, 4, 8}) {
        OpRunner op = hypot(signed_range(8), 1 << left, 1 << out, left_shift);
        const auto y = op.attribute("y_bits", std::int64_t{9}).run(pairs);
        REQUIRE(y.ok());
        for (std::size_t i = 0; i < pairs[0].size(); ++i) {
          const std::int64_t n = std::int64_t{pairs[0][i]} * pairs[0][i] + std::int64_t{pairs[1][i]} * pairs[1][i];
          const auto expected = test::half_even(test::Wide{test::floor_root(n << left_shift)} * (1 << out),
                                                std::int64_t{1} << (left_shift / 2 + left));
          if ((*y)[i] != test::clip_unsigned(expected, 9)) FAIL(pairs[0][i] << ", " << pairs[1][i]);
        }
      }
    }
  }
}

TEST_CASE("hypot: any scales, 16-bit codes whose squares are rounded, clip_value") {
  for (const double clip_value : {0.0, 700.5}) {
    OpRunner op = hypot(signed_range(16), 15.9, 33.1).attribute("y_bits", std::int64_t{16});
    op.attribute("clip_value", clip_value);
    std::vector<Codes> pairs(2);
    for (std::int64_t i = 0; i < 40000; ++i) {
      pairs[0].push_back(static_cast<std::int32_t>(i * 7919 % 65536 - 32768));
      pairs[1].push_back(static_cast<std::int32_t>(i * 104729 % 65536 - 32768));
    }
    const auto y = op.run(pairs);
    REQUIRE(y.ok());
    for (std::size_t i = 0; i < pairs[0].size(); ++i) {
      const double a = pairs[0][i];
      const double b = pairs[1][i];
      const auto n = static_cast<std::int64_t>(test::f32_add(test::f32_mul(a, a), test::f32_mul(b, b)));
      float v =
          test::f32_div(test::f32_div(test::f32(static_cast<double>(test::floor_root(n << 8))), 16), test::f32(15.9));
      if (clip_value != 0) v = std::min(v, test::f32(clip_value));
      REQUIRE((*y)[i] == test::clip_unsigned(test::nearest(test::f32_mul(v, test::f32(33.1))), 16));
    }
  }
}

TEST_CASE("hypot: refusals") {
  CHECK(hypot(signed_range(8), 16, 16, 9).refusal() == "attribute.value");
  CHECK(hypot(signed_range(8), 16, 16, 30).refusal() == "attribute.range");
  OpRunner shapes("hypot");
  shapes.input({2}, signed_range(8)).input({1}, signed_range(8)).attribute("scale_left", 1).attribute("scale_y", 1);
  CHECK(shapes.refusal() == "node.shape");  // the training library does not broadcast here
}
