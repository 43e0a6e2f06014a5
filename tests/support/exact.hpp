// Arithmetic for oracles, made from other means than sim/arith: 128-bit integers, and float32 steps rounded once from
// exact or wider results in double, whose second rounding cannot go wrong (53 >= 2 * 24 + 2 bits).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace witin::test {

__extension__ typedef __int128 Wide;

// num / den to the nearest integer, ties to even. den > 0.
inline std::int64_t half_even(Wide num, Wide den) {
  Wide floor = num / den - (num % den < 0 ? 1 : 0);
  const Wide twice = 2 * (num - floor * den);
  if (twice > den || (twice == den && floor % 2 != 0)) floor += 1;
  return static_cast<std::int64_t>(floor);
}

inline std::int64_t floor_div(Wide num, Wide den) {
  return static_cast<std::int64_t>(num / den - (num % den < 0 ? 1 : 0));
}

inline std::int32_t clip(std::int64_t v, std::int64_t lo, std::int64_t hi) {
  return static_cast<std::int32_t>(std::clamp(v, lo, hi));
}
inline std::int32_t clip_signed(std::int64_t v, int bits) {
  return clip(v, -(std::int64_t{1} << (bits - 1)), (std::int64_t{1} << (bits - 1)) - 1);
}
inline std::int32_t clip_unsigned(std::int64_t v, int bits) { return clip(v, 0, (std::int64_t{1} << bits) - 1); }

inline float f32(double v) { return static_cast<float>(v); }
inline float f32_div(double a, double b) { return f32(a / b); }  // of two float32 values
inline float f32_mul(double a, double b) { return f32(a * b); }
inline float f32_add(double a, double b) { return f32(a + b); }

// rint of a float that fits int64.
inline std::int64_t nearest(double v) { return static_cast<std::int64_t>(std::nearbyint(std::clamp(v, -1e15, 1e15))); }

// floor(sqrt(n)), found by bisection.
inline std::int64_t floor_root(std::int64_t n) {
  std::int64_t lo = 0;
  std::int64_t hi = std::int64_t{1} << 31;
  while (lo < hi) {
    const std::int64_t middle = (lo + hi + 1) / 2;
    if (Wide{middle} * middle <= n) {
      lo = middle;
    } else {
      hi = middle - 1;
    }
  }
  return lo;
}

}  // namespace witin::test
