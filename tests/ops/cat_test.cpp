#include <doctest/doctest.h>

#include <cmath>

#include "tests/support/exact.hpp"
#include "tests/support/op_runner.hpp"

using witin::CodeRange;
using witin::Shape;
using witin::signed_range;
using witin::test::all_codes;
using witin::test::Codes;
using witin::test::OpRunner;
namespace test = witin::test;

namespace {

OpRunner cat(Shape left, Shape right, double scale_left, double scale_right, double scale_y) {
  OpRunner op("cat");
  op.input(std::move(left), signed_range(12)).input(std::move(right), signed_range(8));
  op.attribute("scale_left", scale_left).attribute("scale_right", scale_right).attribute("scale_y", scale_y);
  return op;
}

}  // namespace

TEST_CASE("cat: every code of either side, powers of two as fractions, others in float32 order") {
  const Codes left = all_codes(signed_range(12));
  const Codes right = all_codes(signed_range(8));
  for (const double scale_left : {16.0, 64.0, 15.9}) {
    for (const double scale_right : {16.0, 4.0, 3.3}) {
      for (const double clip_value : {0.0, 5.3}) {
        OpRunner op = cat({4096}, {256}, scale_left, scale_right, 8).attribute("clip_value", clip_value);
        const auto y = op.run({left, right});
        REQUIRE(y.ok());
        REQUIRE(y->size() == 4352);
        for (std::size_t i = 0; i < y->size(); ++i) {
          const std::int32_t code = i < 4096 ? left[i] : right[i - 4096];
          const double scale = i < 4096 ? scale_left : scale_right;
          float v = test::f32_div(code, test::f32(scale));
          if (clip_value != 0) v = std::clamp(v, -test::f32(clip_value), test::f32(clip_value));
          REQUIRE((*y)[i] == test::clip_signed(test::nearest(test::f32_mul(v, 8)), 8));
          if (clip_value == 0 && scale == std::trunc(scale)) {
            const auto exact = test::half_even(std::int64_t{code} * 8, static_cast<std::int64_t>(scale));
            REQUIRE((*y)[i] == test::clip_signed(exact, 8));
          }
        }
      }
    }
  }
}

TEST_CASE("cat: along each axis, two frames") {
  const std::vector<Codes> x{{1, 2, 3, 4, 5, 6, 7, 8}, {-1, -2, -3, -4, -5, -6, -7, -8}};
  CHECK(*cat({2, 2}, {2, 2}, 1, 1, 1).run(x) == Codes{1, 2, 3, 4, -1, -2, -3, -4, 5, 6, 7, 8, -5, -6, -7, -8});
  CHECK(*cat({2, 2}, {2, 2}, 1, 1, 1).attribute("axis", std::int64_t{-1}).run(x) ==
        Codes{1, 2, -1, -2, 3, 4, -3, -4, 5, 6, -5, -6, 7, 8, -7, -8});
  CHECK((*cat({2, 2}, {3, 2}, 1, 1, 1).prepare())->output().shape == Shape{5, 2});
}

TEST_CASE("cat: refusals") {
  CHECK(cat({2, 2}, {2, 3}, 1, 1, 1).refusal() == "node.shape");
  CHECK(cat({2}, {2}, 1, 1, 1).attribute("axis", std::int64_t{2}).refusal() == "axis.range");
  CHECK(cat({2}, {2}, 1, 1, 0).refusal() == "attribute.range");
}
