// Rounding, shifting and saturation: every rounding of the simulator is one of these functions (sim/arith/numerics.md).
//
//   rne   round half to even          rhu   round half up, (a + 2^(n-1)) >> n
//   trunc toward zero                 rha   round half away from zero
//   floor >> of a signed integer      sat_b clip to [-2^(b-1), 2^(b-1) - 1], usat_b clip to [0, 2^b - 1]
//
// The float forms use comparisons and conversions only: no libm, no dependence on the rounding mode.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "witin/types.hpp"

namespace witin::arith {

// How a right shift rounds. Attribute values of the same names: "floor", "half_up", "half_even", "trunc", "half_away".
enum class Rounding : std::uint8_t { kFloor, kHalfUp, kHalfEven, kTrunc, kHalfAway };

[[nodiscard]] constexpr std::optional<Rounding> parse_rounding(std::string_view name) {
  if (name == "floor") return Rounding::kFloor;
  if (name == "half_up") return Rounding::kHalfUp;
  if (name == "half_even") return Rounding::kHalfEven;
  if (name == "trunc") return Rounding::kTrunc;
  if (name == "half_away") return Rounding::kHalfAway;
  return std::nullopt;
}

// ---- quotients; den > 0, and num is not the smallest int64
// -----------------------------------------------------------

[[nodiscard]] constexpr std::int64_t trunc_div(std::int64_t num, std::int64_t den) { return num / den; }

[[nodiscard]] constexpr std::int64_t rne_div(std::int64_t num, std::int64_t den) {
  const std::int64_t quotient = num / den;
  const std::int64_t remainder = num < 0 ? -(num % den) : num % den;
  const std::int64_t rest = den - remainder;  // compared instead of 2 * remainder, which could overflow
  const bool away = remainder > rest || (remainder == rest && (quotient & 1) != 0);
  return away ? quotient + (num < 0 ? -1 : 1) : quotient;
}

[[nodiscard]] constexpr std::int64_t rha_div(std::int64_t num, std::int64_t den) {
  const std::int64_t remainder = num < 0 ? -(num % den) : num % den;
  const bool away = remainder >= den - remainder;
  return num / den + (away ? (num < 0 ? -1 : 1) : 0);
}

// ---- shifts; 0 <= n <= 62, |a| + 2^(n-1) fits, and for left shifts a * 2^n fits
// --------------------------------------

[[nodiscard]] constexpr std::int64_t floor_shift(std::int64_t a, int n) { return a >> n; }

[[nodiscard]] constexpr std::int64_t rhu_shift(std::int64_t a, int n) {
  return n == 0 ? a : (a + (std::int64_t{1} << (n - 1))) >> n;
}

// a * 2^n for n >= 0; a / 2^-n rounded for n < 0. |n| <= 62.
[[nodiscard]] constexpr std::int64_t shift(std::int64_t a, int n, Rounding rounding) {
  if (n >= 0) return a * (std::int64_t{1} << n);
  const std::int64_t den = std::int64_t{1} << -n;
  switch (rounding) {
    case Rounding::kFloor:
      return floor_shift(a, -n);
    case Rounding::kHalfUp:
      return rhu_shift(a, -n);
    case Rounding::kHalfEven:
      return rne_div(a, den);
    case Rounding::kTrunc:
      return trunc_div(a, den);
    case Rounding::kHalfAway:
      return rha_div(a, den);
  }
  return a;
}

// ---- saturation
// ------------------------------------------------------------------------------------------------------

[[nodiscard]] constexpr std::int32_t clamp(std::int64_t v, CodeRange range) {
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(v, range.lo, range.hi));
}
[[nodiscard]] constexpr std::int32_t sat(std::int64_t v, int bits) { return clamp(v, signed_range(bits)); }
[[nodiscard]] constexpr std::int32_t usat(std::int64_t v, int bits) { return clamp(v, unsigned_range(bits)); }

// Two's complement wrap to 8 bits (the chip's microcontroller events store through int8).
[[nodiscard]] constexpr std::int32_t wrap8(std::int64_t v) { return static_cast<std::int8_t>(v & 0xff); }

// ---- floating point to integer: saturates outside int64, 0 for NaN
// ---------------------------------------------------

[[nodiscard]] constexpr std::int64_t trunc(double x) {
  constexpr double kLimit = 9223372036854775808.0;  // 2^63
  if (x >= kLimit) return std::numeric_limits<std::int64_t>::max();
  if (x < -kLimit) return std::numeric_limits<std::int64_t>::min();
  return x == x ? static_cast<std::int64_t>(x) : 0;
}

[[nodiscard]] constexpr std::int64_t rne(double x) {
  constexpr double kWhole = 4503599627370496.0;  // 2^52: from there on doubles have no fraction
  if (!(x > -kWhole && x < kWhole)) return trunc(x);
  return static_cast<std::int64_t>(x < 0 ? (x - kWhole) + kWhole : (x + kWhole) - kWhole);
}

[[nodiscard]] constexpr std::int64_t floor(double x) {
  const std::int64_t toward_zero = trunc(x);
  const bool has_fraction = x > -4503599627370496.0 && x < 4503599627370496.0;
  return has_fraction && static_cast<double>(toward_zero) > x ? toward_zero - 1 : toward_zero;
}

// The halves are added in double, as a program that calls floor(x + 0.5) does: 0.49999999999999994 becomes 1.
[[nodiscard]] constexpr std::int64_t round(double x, Rounding rounding) {
  switch (rounding) {
    case Rounding::kFloor:
      return floor(x);
    case Rounding::kHalfUp:
      return floor(x + 0.5);
    case Rounding::kHalfEven:
      return rne(x);
    case Rounding::kTrunc:
      return trunc(x);
    case Rounding::kHalfAway:
      return x < 0 ? -floor(-x + 0.5) : floor(x + 0.5);
  }
  return 0;
}

// A float converts to double without rounding, so these are the same functions.
[[nodiscard]] constexpr std::int64_t trunc(float x) { return trunc(static_cast<double>(x)); }
[[nodiscard]] constexpr std::int64_t rne(float x) { return rne(static_cast<double>(x)); }

}  // namespace witin::arith
