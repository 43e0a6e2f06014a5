#include <doctest/doctest.h>

#include <cmath>

#include "tests/support/exact.hpp"
#include "tests/support/op_runner.hpp"

using witin::Arithmetic;
using witin::pn_range;
using witin::test::all_codes;
using witin::test::Codes;
using witin::test::OpRunner;
namespace test = witin::test;

namespace {

OpRunner float_scale(double value, int bits) {
  OpRunner op("float_scale", Arithmetic::kWtm2101);
  op.input({}, pn_range(12)).attribute("value", value).attribute("bits", bits);
  return op;
}

}  // namespace

TEST_CASE("float_scale: every code, several factors and widths, truncated after adding one half in float32") {
  for (const double value : {0.5, -0.5, 0.7, 1.0 / 3, -2.1, 1000.0, 1e-9, -1e12, 0.0}) {
    for (const int bits : {1, 7, 8, 15}) {
      const auto y = float_scale(value, bits).run({all_codes(pn_range(12))});
      REQUIRE(y.ok());
      for (std::int32_t x = -4095; x <= 4095; ++x) {
        const double sum = test::f32_add(test::f32_mul(x, test::f32(value)), 0.5);
        const auto whole = static_cast<std::int64_t>(std::trunc(sum));
        REQUIRE((*y)[static_cast<std::size_t>(x + 4095)] == test::clip_signed(whole, bits + 1));
      }
    }
  }
  CHECK(*float_scale(0.5, 7).run({{-1, -2, -3, -4, 1, 3}}) == Codes{0, 0, -1, -1, 1, 2});
}

TEST_CASE("float_scale: refusals") {
  CHECK(float_scale(1, 0).refusal() == "attribute.range");
  CHECK(float_scale(1, 16).refusal() == "attribute.range");
  CHECK(float_scale(1e13, 7).refusal() == "attribute.range");
}
