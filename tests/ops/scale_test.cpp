// scale, shift, scalar: every code and every shift against floors of exact fractions.
#include <doctest/doctest.h>

#include <cmath>

#include "tests/support/exact.hpp"
#include "tests/support/op_runner.hpp"

using witin::Arithmetic;
using witin::CodeRange;
using witin::pn_range;
using witin::signed_range;
using witin::test::all_codes;
using witin::test::Codes;
using witin::test::OpRunner;
namespace test = witin::test;

namespace {

constexpr CodeRange kCodes = pn_range(10);

OpRunner chip(const char* op) {
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
    if (found != test::clip_signed(expected(x), 8)) FAIL("x " << x << ": " << found << ", not " << expected(x));
  }
}

// floor(v / 2^n + 1/2) and floor(v / 2^n).
std::int64_t half_up(std::int64_t v, int n) {
  return test::floor_div(2 * v + (std::int64_t{1} << n), std::int64_t{2} << n);
}
std::int64_t floored(std::int64_t v, int n) { return test::floor_div(v, std::int64_t{1} << n); }

}  // namespace

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

TEST_CASE("shift: left and right") {
  for (int n = 0; n <= 31; ++n) {
    check_every_code(chip("shift").attribute("bits", -n), [&](std::int64_t x) { return n == 0 ? x : half_up(x, n); });
    check_every_code(chip("shift").attribute("bits", n), [&](std::int64_t x) { return x * (std::int64_t{1} << n); });
    check_every_code(chip("shift").attribute("bits", -n).attribute("rounding", std::string("half_even")),
                     [&](std::int64_t x) { return test::half_even(x, std::int64_t{1} << n); });
  }
  CHECK(chip("shift").attribute("bits", 32).refusal() == "attribute.range");
  CHECK(chip("shift").refusal() == "attribute.missing");
}

TEST_CASE("scalar: mul rounds half up, add rounds down, unless told otherwise") {
  for (const std::int64_t value : {-16777216, -300, -5, -1, 0, 1, 7, 127, 16777216}) {
    for (int bits = -12; bits <= 3; ++bits) {
      const auto with = [&](const char* kind) {
        return chip("scalar").attribute("kind", std::string(kind)).attribute("value", value).attribute("bits", bits);
      };
      const auto shifted = [&](std::int64_t v, bool up) {
        if (bits >= 0) return v * (std::int64_t{1} << bits);
        return up ? half_up(v, -bits) : floored(v, -bits);
      };
      check_every_code(with("mul"), [&](std::int64_t x) { return shifted(x * value, true); });
      check_every_code(with("add"), [&](std::int64_t x) { return shifted(x + value, false); });
      check_every_code(with("mul").attribute("rounding", std::string("floor")),
                       [&](std::int64_t x) { return shifted(x * value, false); });
      check_every_code(with("add").attribute("rounding", std::string("half_up")),
                       [&](std::int64_t x) { return shifted(x + value, true); });
    }
  }
}

TEST_CASE("scalar: refusals") {
  CHECK(chip("scalar").attribute("kind", std::string("sub")).attribute("value", 1).refusal() == "attribute.value");
  CHECK(chip("scalar").attribute("kind", std::string("mul")).refusal() == "attribute.missing");
  CHECK(chip("scalar").attribute("kind", std::string("mul")).attribute("value", 1.5).refusal() == "attribute.type");
}
