// What the tests of scale, shift and scalar share: every code against floors of exact fractions.
#pragma once

#include <doctest/doctest.h>

#include "tests/support/exact.hpp"
#include "tests/support/op_runner.hpp"

namespace witin::test {

inline constexpr CodeRange kCodes = pn_range(10);

inline OpRunner chip(const char* op) {
  OpRunner runner(op, Arithmetic::kWtm2101);
  runner.input({}, kCodes);
  return runner;
}

template <typename Expected>
void check_every_code(const OpRunner& op, Expected expected) {
  const auto y = op.run({all_codes(kCodes)});
  REQUIRE(y.ok());
  for (std::int32_t x = kCodes.lo; x <= kCodes.hi; ++x) {
    const auto found = (*y)[static_cast<std::size_t>(x - kCodes.lo)];
    if (found != clip_signed(expected(x), 8)) FAIL("x " << x << ": " << found << ", not " << expected(x));
  }
}

// floor(v / 2^n + 1/2) and floor(v / 2^n).
inline std::int64_t half_up(std::int64_t v, int n) {
  return floor_div(2 * v + (std::int64_t{1} << n), std::int64_t{2} << n);
}
inline std::int64_t floored(std::int64_t v, int n) { return floor_div(v, std::int64_t{1} << n); }

}  // namespace witin::test
