// inv_sqrt against float32 steps rounded from double.
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

OpRunner inverse(CodeRange codes, double scale_x, double scale_y, std::int64_t x_bits, std::int64_t left_shift) {
  OpRunner op("inv_sqrt");
  op.input({}, codes).attribute("scale_x", scale_x).attribute("scale_y", scale_y);
  op.attribute("x_bits", x_bits).attribute("left_shift", left_shift);
  return op;
}

}  // namespace

TEST_CASE("inv_sqrt: every code of 8 to 16 bits, power-of-two scales and others") {
  for (const int x_bits : {8, 9, 16}) {
    for (const int left_shift : {0, 8, 16}) {
      for (const double scale_x : {1.0, 16.0, 32.0, 10.5}) {
        for (const double scale_y : {16.0, 100.7, 4096.0}) {
          OpRunner op = inverse(unsigned_range(x_bits), scale_x, scale_y, x_bits, left_shift);
          const auto y = op.attribute("y_bits", std::int64_t{10}).run({all_codes(unsigned_range(x_bits))});
          REQUIRE(y.ok());
          REQUIRE((*y)[0] == 0);
          for (std::int64_t x = 1; x < (std::int64_t{1} << x_bits); ++x) {
            const float one_over = test::f32_div(1, static_cast<double>(test::floor_root(x << left_shift)));
            const float v =
                test::f32_mul(test::f32_mul(one_over, std::ldexp(1, left_shift / 2)), test::f32(std::sqrt(scale_x)));
            const auto expected = test::clip_unsigned(test::nearest(test::f32_mul(v, test::f32(scale_y))), 10);
            REQUIRE((*y)[static_cast<std::size_t>(x)] == expected);
          }
        }
      }
    }
  }
}

TEST_CASE("inv_sqrt: zero and negative codes give 0, others too wide end the run, clip_value limits") {
  CHECK(*inverse(signed_range(12), 16, 16, 8, 8).run({{-5, 0, 1}}) == Codes{0, 0, 64});
  CHECK(inverse(signed_range(12), 16, 16, 8, 8).run({{256}}).error().code == "run.code_range");
  CHECK(*inverse(signed_range(12), 16, 16, 8, 8).attribute("clip_value", 1.5).run({{1, 255}}) == Codes{24, 4});
}

TEST_CASE("inv_sqrt: refusals") {
  CHECK(inverse(unsigned_range(8), 16, 16, 8, 3).refusal() == "attribute.value");
  CHECK(inverse(unsigned_range(8), 16, 16, 16, 18).refusal() == "attribute.value");
  CHECK(OpRunner("inv_sqrt").input({}, unsigned_range(8)).attribute("scale_x", 1.0).refusal() == "attribute.missing");
}
