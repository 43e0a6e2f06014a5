// Output rules against definitions written here in 128-bit integers, and the table of sim/arith/numerics.md.
#include "sim/arith/output_rule.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cfenv>
#include <cmath>
#include <limits>
#include <random>
#include <string>

using witin::Arithmetic;
using witin::arith::IntegerDivider;
using witin::arith::OutputRule;
using witin::arith::OutputRuleSpec;

namespace {

__extension__ typedef __int128 int128;

OutputRule make(Arithmetic arithmetic, double g, int y_bits = 8) {
  auto rule = OutputRule::make({.arithmetic = arithmetic, .g = g, .y_bits = y_bits});
  REQUIRE(rule.ok());
  return *rule;
}

int128 floor_div(int128 num, int128 den) { return num >= 0 ? num / den : -((-num + den - 1) / den); }

std::int32_t clip(int128 v, int bits) {
  const int128 top = (int128{1} << (bits - 1)) - 1;
  return static_cast<std::int32_t>(v > top ? top : v < -top - 1 ? -top - 1 : v);
}

// The rules for g = p / q.
struct Rational {
  std::int64_t p, q;

  [[nodiscard]] int128 adc(std::int64_t acc) const {
    const int128 num = int128{4} * acc * q;
    return num >= 0 ? num / p : -(-num / p);
  }
  [[nodiscard]] std::int32_t chip(std::int64_t acc, int bits) const { return clip(floor_div(adc(acc) + 2, 4), bits); }
  [[nodiscard]] std::int32_t half_even(std::int64_t acc, int bits) const {
    const int128 num = static_cast<int128>(acc) * q;
    int128 y = floor_div(2 * num + p, int128{2} * p);    // half up
    if (2 * num + p == 2 * y * p && y % 2 != 0) y -= 1;  // a tie that went to an odd number
    return clip(y, bits);
  }
};

void check_equal(const OutputRule& chip, const OutputRule& even, Rational g, std::int64_t acc, int bits) {
  const bool equal = chip.v(acc) == static_cast<std::int64_t>(g.adc(acc)) && chip.y(acc) == g.chip(acc, bits) &&
                     even.y(acc) == g.half_even(acc, bits);
  if (!equal) FAIL("g " << g.p << "/" << g.q << " acc " << acc << " bits " << bits);
}

}  // namespace

TEST_CASE("the table of numerics.md, g = 1024") {
  constexpr std::array<std::array<std::int32_t, 3>, 17> kTable{{{0, 0, 0},
                                                                {511, 0, 0},
                                                                {512, 1, 0},
                                                                {1535, 1, 1},
                                                                {1536, 2, 2},
                                                                {-256, 0, 0},
                                                                {-511, 0, 0},
                                                                {-512, 0, 0},
                                                                {-767, 0, -1},
                                                                {-768, -1, -1},
                                                                {-1024, -1, -1},
                                                                {-1536, -1, -2},
                                                                {-1791, -1, -2},
                                                                {-1792, -2, -2},
                                                                {130559, 127, 127},
                                                                {130560, 127, 127},
                                                                {-131840, -128, -128}}};
  for (const auto& row : kTable) {
    const std::int32_t acc = row[0];
    const std::int32_t chip = row[1];
    const std::int32_t even = row[2];
    CAPTURE(acc);
    CHECK(make(Arithmetic::kWtm2101, 1024).y(acc) == chip);
    CHECK(make(Arithmetic::kWitinNn, 1024).y(acc) == even);
    CHECK(make(Arithmetic::kNb01, 1024).y(acc) == even);
  }
}

TEST_CASE("powers of two: every accumulator of the code range and beyond") {
  std::int64_t compared = 0;
  for (std::int64_t g = 256; g <= 8192; g *= 2) {
    const OutputRule chip = make(Arithmetic::kWtm2101, static_cast<double>(g));
    const OutputRule even = make(Arithmetic::kWitinNn, static_cast<double>(g));
    for (std::int64_t acc = -131 * g; acc <= 131 * g; ++acc, ++compared) check_equal(chip, even, {g, 1}, acc, 8);
  }
  CHECK(compared == 262 * (16384 - 256) + 6);
}

TEST_CASE("odd, fractional, tiny and huge g") {
  std::mt19937_64 random(1);
  std::uniform_int_distribution<std::int64_t> any(-(std::int64_t{1} << 31), std::int64_t{1} << 31);
  const auto check = [&](Rational g) {
    const double value = static_cast<double>(g.p) / static_cast<double>(g.q);  // q is a power of two: exact
    for (const int bits : {2, 8, 12, 16}) {
      const OutputRule chip = make(Arithmetic::kWtm2101, value, bits);
      const OutputRule even = make(Arithmetic::kWitinNn, value, bits);
      // Around every multiple of g / 8 that is near a code of the range, and at random.
      const std::int64_t codes = (std::int64_t{1} << (bits - 1)) + 2;
      const std::int64_t step = std::max<std::int64_t>(1, codes / 200);
      for (std::int64_t eighth = -8 * codes; eighth <= 8 * codes; eighth += step) {
        const int128 centre = floor_div(static_cast<int128>(eighth) * g.p, int128{8} * g.q);
        for (int d = -2; d <= 2; ++d) check_equal(chip, even, g, static_cast<std::int64_t>(centre) + d, bits);
      }
      for (int i = 0; i < 2000; ++i) check_equal(chip, even, g, any(random), bits);
    }
  };
  for (const std::int64_t p : {1, 2, 3, 5, 7, 100, 255, 257, 999, 1023, 1025, 3000, 5461, 7007, 8191, 100003}) {
    for (const std::int64_t q : {1, 2, 4, 8, 1024, 1 << 20}) check({p, q});
  }
  check({(std::int64_t{1} << 53) - 1, std::int64_t{1} << 40});
  check({std::int64_t{1} << 40, 1});
  // Decimal g: the double is the number meant.
  for (const double g : {0.1, 12.3, 1234.567, 1.0 / 3}) {
    int exponent = 0;
    const double mantissa = std::frexp(g, &exponent);
    check({static_cast<std::int64_t>(std::ldexp(mantissa, 53)), std::int64_t{1} << (53 - exponent)});
  }
}

TEST_CASE("extreme g and acc saturate, never overflow") {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
  for (const Arithmetic arithmetic : {Arithmetic::kWtm2101, Arithmetic::kWitinNn}) {
    for (const double g : {5e-324, 1e-300, 1e-30, 1e-9}) {
      CHECK(make(arithmetic, g).y(1) == 127);
      CHECK(make(arithmetic, g).y(0) == 0);
      CHECK(make(arithmetic, g).y(-1) == -128);
      CHECK(make(arithmetic, g).y(kMax) == 127);
      CHECK(make(arithmetic, g).y(kMin) == -128);
    }
    for (const double g : {1e20, 1e25, 1e300, std::numeric_limits<double>::max()}) {
      CHECK(make(arithmetic, g).y(kMax) == 0);
      CHECK(make(arithmetic, g).y(kMin) == 0);
    }
    CHECK(make(arithmetic, 0x1p63).y(kMin) == -1);
  }
  CHECK(make(Arithmetic::kWitinNn, 0x1p64).y(kMin) == 0);  // -1/2: to even
  CHECK(make(Arithmetic::kWtm2101, 1e-300).v(-5) == kMin);
}

TEST_CASE("witin_nn float32 orders are IEEE single steps") {
  REQUIRE(std::fegetround() == FE_TONEAREST);
  const auto f32 = OutputRule::make({.arithmetic = Arithmetic::kWitinNn, .divisor = 7007, .multiplier = 13});
  const auto clipped = OutputRule::make(
      {.arithmetic = Arithmetic::kWitinNn, .divisor = 384, .multiplier = 4, .clip_value = 2.8258370629736462});
  const auto digital = OutputRule::make({.arithmetic = Arithmetic::kWitinNn, .g = 539.1, .digital = true});
  REQUIRE(f32.ok());
  REQUIRE(clipped.ok());
  REQUIRE(digital.ok());
  for (std::int64_t acc = -120000; acc <= 120000; ++acc) {
    volatile float t = static_cast<float>(acc) / 7007.0F;
    t = t * 13.0F;
    REQUIRE(f32->y(acc) == clip(std::lrintf(t), 8));
    volatile float c = static_cast<float>(acc) / 384.0F;
    c = c > 2.8258370629736462F ? 2.8258370629736462F : c < -2.8258370629736462F ? -2.8258370629736462F : c;
    c = c * 4.0F;
    REQUIRE(clipped->y(acc) == clip(std::lrintf(c), 8));
    volatile float d = static_cast<float>(acc) / 539.1F;
    REQUIRE(digital->y(acc) == clip(std::lrintf(d), 8));
  }
  // 16777217 rounds to 16777216 in float32; the exact rule keeps it apart.
  const auto coarse = OutputRule::make({.arithmetic = Arithmetic::kWitinNn, .g = 33554432, .digital = true});
  CHECK(coarse->y(16777217) == 0);
  CHECK(make(Arithmetic::kWitinNn, 33554432).y(16777217) == 1);
}

TEST_CASE("limits, ranges and kinds") {
  auto rule = OutputRule::make({.arithmetic = Arithmetic::kWitinNn, .g = 1, .y_bits = 12, .y_limit_bits = 8});
  REQUIRE(rule.ok());
  CHECK(rule->y(5000) == 127);
  CHECK(rule->range() == witin::signed_range(8));
  CHECK(rule->without_limit().y(5000) == 2047);
  CHECK(rule->clip(-3000) == -128);
  CHECK_FALSE(rule->has_v());
  CHECK(make(Arithmetic::kWtm2101, 1024).has_v());
  const auto chip = OutputRule::make({.arithmetic = Arithmetic::kWtm2101, .g = 1024, .digital = true});
  CHECK(chip->y(-1536) == -1);  // the digital mode keeps the chip's rule
}

TEST_CASE("the digital side divides by round_half_even(g)") {
  const auto divider = [](double g) { return IntegerDivider::make(make(Arithmetic::kWitinNn, g)); };
  CHECK(divider(2.5)->divisor() == 2);
  CHECK(divider(3.5)->divisor() == 4);
  CHECK(divider(0.75)->divisor() == 1);
  CHECK((*divider(4))(-6) == -2);
  CHECK((*divider(4))(10) == 2);
  CHECK(divider(0.5).error().code == "output_rule.integer_divider");
  CHECK_FALSE(divider(1e30).ok());
  const auto f32 = OutputRule::make({.arithmetic = Arithmetic::kWitinNn, .divisor = 7007, .multiplier = 13});
  CHECK(IntegerDivider::make(*f32)->divisor() == 539);
}

TEST_CASE("unusable rules are refused with the attribute's name") {
  const auto where = [](OutputRuleSpec spec) {
    auto rule = OutputRule::make(spec);
    REQUIRE_FALSE(rule.ok());
    return rule.error().where;
  };
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  constexpr double kInf = std::numeric_limits<double>::infinity();
  for (const double g : {0.0, -1.0, kNan, kInf}) CHECK(where({.g = g}) == "g");
  CHECK(where({}) == "g");
  CHECK(where({.g = 1, .y_bits = 1}) == "y_bits");
  CHECK(where({.g = 1, .y_bits = 17}) == "y_bits");
  CHECK(where({.g = 1, .y_bits = 8, .y_limit_bits = 9}) == "y_limit_bits");
  CHECK(where({.g = 1, .clip_value = 2}) == "clip_value");
  CHECK(where({.divisor = 2, .multiplier = 2}) == "divisor");
  CHECK(where({.arithmetic = Arithmetic::kWitinNn, .divisor = 2}) == "multiplier");
  CHECK(where({.arithmetic = Arithmetic::kWitinNn, .multiplier = 2}) == "divisor");
  CHECK(where({.arithmetic = Arithmetic::kWitinNn, .divisor = 1e39, .multiplier = 2}) == "divisor");
  CHECK(where({.arithmetic = Arithmetic::kWitinNn, .g = 1, .divisor = 2, .multiplier = 2}) == "g");
  CHECK(where({.arithmetic = Arithmetic::kWitinNn, .g = 1e-60, .digital = true}) == "g");
  CHECK(where({.arithmetic = Arithmetic::kWitinNn, .divisor = 2, .multiplier = 2, .clip_value = -1}) == "clip_value");
}
