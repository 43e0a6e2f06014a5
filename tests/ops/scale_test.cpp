// scale: every code, every whole factor and every shift.
#include <doctest/doctest.h>

#include <cmath>

#include "tests/ops/shift_case.hpp"

using namespace witin;
using namespace witin::test;

TEST_CASE("scale: integers multiply, fractions shift half up") {
  for (int value = -128; value <= 127; ++value) {
    check_every_code(chip("scale").attribute("value", value), [&](std::int64_t x) { return x * value; });
  }
  for (int n = 1; n <= 12; ++n) {
    for (const int sign : {1, -1}) {
      const OpRunner op = chip("scale").attribute("value", std::ldexp(sign, -n));
      check_every_code(op, [&](std::int64_t x) { return half_up(sign * x, n); });
      OpRunner floor_op = op;
      check_every_code(floor_op.attribute("rounding", std::string("floor")),
                       [&](std::int64_t x) { return floored(sign * x, n); });
    }
  }
  check_every_code(chip("scale").attribute("value", std::ldexp(1, -31)), [](std::int64_t) { return 0; });
}

TEST_CASE("scale: refusals") {
  for (const double value : {0.3, -0.75, 1.5, 2.25, std::ldexp(1, -32)}) {
    CHECK(chip("scale").attribute("value", value).refusal() == "attribute.value");
  }
  CHECK(chip("scale").attribute("value", 128).refusal() == "attribute.range");
  CHECK(chip("scale").attribute("value", -129).refusal() == "attribute.range");
  CHECK(chip("scale").refusal() == "attribute.missing");
}
