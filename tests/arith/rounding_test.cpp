// Roundings against definitions that use neither the functions under test nor libm's rint: exact 128-bit comparisons.
#include "sim/arith/rounding.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <limits>

namespace arith = witin::arith;
using witin::arith::Rounding;

namespace {

__extension__ typedef __int128 int128;

// Is q the nearest integer to num / den, ties to even?
bool is_nearest_even(std::int64_t q, std::int64_t num, std::int64_t den) {
  const int128 twice = 2 * (static_cast<int128>(num) - static_cast<int128>(q) * den);
  const int128 magnitude = twice < 0 ? -twice : twice;
  return magnitude < den || (magnitude == den && q % 2 == 0);
}

bool is_floor(std::int64_t q, std::int64_t num, std::int64_t den) {
  const int128 rest = static_cast<int128>(num) - static_cast<int128>(q) * den;
  return rest >= 0 && rest < den;
}

}  // namespace

TEST_CASE("rne_div and trunc_div are exact, also at the ends of int64") {
  for (std::int64_t den = 1; den <= 70; ++den) {
    for (std::int64_t num = -500; num <= 500; ++num) {
      REQUIRE(is_nearest_even(arith::rne_div(num, den), num, den));
      const std::int64_t t = arith::trunc_div(num, den);
      REQUIRE((num >= 0 ? is_floor(t, num, den) : is_floor(-t, -num, den)));
    }
  }
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  for (const std::int64_t den : {std::int64_t{2}, std::int64_t{3}, kMax / 2, kMax - 1, kMax}) {
    for (const std::int64_t num : {kMax, kMax - 1, -kMax, kMax / 2 + 1, -(kMax / 2) - 1}) {
      REQUIRE(is_nearest_even(arith::rne_div(num, den), num, den));
    }
  }
}

TEST_CASE("shifts round as their names say") {
  for (int n = 1; n <= 10; ++n) {
    const std::int64_t den = std::int64_t{1} << n;
    for (std::int64_t a = -5000; a <= 5000; ++a) {
      REQUIRE(is_floor(arith::floor_shift(a, n), a, den));
      REQUIRE(is_floor(arith::rhu_shift(a, n), a + den / 2, den));
      REQUIRE(arith::shift(a, -n, Rounding::kFloor) == arith::floor_shift(a, n));
      REQUIRE(arith::shift(a, -n, Rounding::kHalfUp) == arith::rhu_shift(a, n));
      REQUIRE(is_nearest_even(arith::shift(a, -n, Rounding::kHalfEven), a, den));
      REQUIRE(arith::shift(a, -n, Rounding::kTrunc) == a / den);
      const std::int64_t away = arith::shift(std::abs(a), -n, Rounding::kHalfAway);
      REQUIRE(is_floor(away, std::abs(a) + den / 2, den));
      REQUIRE(arith::shift(a, -n, Rounding::kHalfAway) == (a < 0 ? -away : away));
      REQUIRE(arith::shift(a, n, Rounding::kFloor) == a * den);
    }
  }
  CHECK(arith::shift(-7, 0, Rounding::kHalfUp) == -7);
  CHECK(arith::rhu_shift(-7, 0) == -7);
}

TEST_CASE("rounding names") {
  CHECK(arith::parse_rounding("floor") == Rounding::kFloor);
  CHECK(arith::parse_rounding("half_up") == Rounding::kHalfUp);
  CHECK(arith::parse_rounding("half_even") == Rounding::kHalfEven);
  CHECK(arith::parse_rounding("trunc") == Rounding::kTrunc);
  CHECK(arith::parse_rounding("half_away") == Rounding::kHalfAway);
  CHECK_FALSE(arith::parse_rounding("Floor").has_value());
}

TEST_CASE("saturation and wrapping") {
  CHECK(arith::sat(128, 8) == 127);
  CHECK(arith::sat(-129, 8) == -128);
  CHECK(arith::sat(std::numeric_limits<std::int64_t>::min(), 12) == -2048);
  CHECK(arith::usat(-1, 8) == 0);
  CHECK(arith::usat(256, 8) == 255);
  CHECK(arith::clamp(-300, witin::pn_range(8)) == -255);
  for (int v = -1000; v <= 1000; ++v) REQUIRE(arith::wrap8(v) == ((v + 128) % 256 + 256) % 256 - 128);
}

TEST_CASE("float to integer: every exponent, every fraction near a tie, both signs") {
  // The expected value is found in integers: a finite float is m * 2^e.
  std::int64_t ties = 0;
  for (std::uint32_t exponent = 0; exponent < 255; ++exponent) {
    for (std::uint32_t i = 0; i < 4096; ++i) {
      const std::uint32_t fraction = i < 2048 ? (i * 0x1001U) & 0x7fffffU : ((i - 2048) << 12) & 0x7fffffU;
      for (const std::uint32_t nudge : {0U, 1U, 0x7fffffU}) {
        const float x = std::bit_cast<float>(exponent << 23 | ((fraction + nudge) & 0x7fffffU));
        const int e = exponent == 0 ? -149 : static_cast<int>(exponent) - 150;
        const std::int64_t m =
            static_cast<std::int64_t>(((fraction + nudge) & 0x7fffffU) | (exponent ? 0x800000U : 0U));
        std::int64_t nearest = 0;
        std::int64_t truncated = 0;
        if (e >= 40) {
          nearest = truncated = std::numeric_limits<std::int64_t>::max();
        } else if (e >= 0) {
          nearest = truncated = m << e;
        } else if (e > -30) {
          const std::int64_t den = std::int64_t{1} << -e;
          truncated = m >> -e;
          const std::int64_t rest = m & (den - 1);
          nearest = truncated + (2 * rest > den || (2 * rest == den && (truncated & 1)) ? 1 : 0);
          ties += 2 * rest == den;
        }
        const bool saturated = e >= 40;
        REQUIRE(arith::rne(x) == nearest);
        REQUIRE(arith::trunc(x) == truncated);
        REQUIRE(arith::rne(-x) == (saturated ? std::numeric_limits<std::int64_t>::min() : -nearest));
        REQUIRE(arith::trunc(-x) == (saturated ? std::numeric_limits<std::int64_t>::min() : -truncated));
      }
    }
  }
  CHECK(ties > 1000);
}

TEST_CASE("double to integer near ties") {
  for (std::int64_t k = -20000; k <= 20000; ++k) {
    const double half = static_cast<double>(k) / 2;  // exact
    const std::int64_t expected = k % 2 == 0 ? k / 2 : ((k - 1) / 2) % 2 == 0 ? (k - 1) / 2 : (k + 1) / 2;
    const std::int64_t low = k % 2 == 0 ? k / 2 : (k > 0 ? k / 2 : (k - 1) / 2);
    REQUIRE(arith::rne(half) == expected);
    REQUIRE(arith::rne(std::nextafter(half, 1e9)) == (k % 2 == 0 ? k / 2 : low + 1));
    REQUIRE(arith::rne(std::nextafter(half, -1e9)) == (k % 2 == 0 ? k / 2 : low));
  }
  CHECK(arith::rne(4503599627370495.5) == 4503599627370496);
  CHECK(arith::rne(4503599627370494.5) == 4503599627370494);
  CHECK(arith::rne(9007199254740993.0) == 9007199254740992);
  CHECK(arith::rne(std::numeric_limits<double>::quiet_NaN()) == 0);
  CHECK(arith::trunc(std::numeric_limits<float>::quiet_NaN()) == 0);
  CHECK(arith::rne(std::numeric_limits<double>::infinity()) == std::numeric_limits<std::int64_t>::max());
  CHECK(arith::rne(-std::numeric_limits<float>::infinity()) == std::numeric_limits<std::int64_t>::min());
  static_assert(arith::rne(2.5) == 2 && arith::rne(-0.5f) == 0 && arith::trunc(-1.9) == -1);
}
