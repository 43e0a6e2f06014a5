// shift: every code and every distance.
#include <doctest/doctest.h>

#include "tests/ops/shift_case.hpp"

using namespace witin;
using namespace witin::test;

TEST_CASE("shift: left and right") {
  for (int n = 0; n <= 31; ++n) {
    check_every_code(chip("shift").attribute("bits", -n), [&](std::int64_t x) { return n == 0 ? x : half_up(x, n); });
    check_every_code(chip("shift").attribute("bits", n), [&](std::int64_t x) { return x * (std::int64_t{1} << n); });
    check_every_code(chip("shift").attribute("bits", -n).attribute("rounding", std::string("half_even")),
                     [&](std::int64_t x) { return half_even(x, std::int64_t{1} << n); });
  }
  CHECK(chip("shift").attribute("bits", 32).refusal() == "attribute.range");
  CHECK(chip("shift").refusal() == "attribute.missing");
}
