// IEEE binary32 steps that a rule prescribes, each rounded once, without libm and without contraction.
//
//   emit     y = clip(rne(f32(v * scale)))                        a float value becomes an output code
//   fma_f32  f32(a * b + c), one rounding of the exact sum
// Sources: sim/arith/numerics.md.
#pragma once

#include <bit>
#include <limits>

#include "sim/arith/rounding.hpp"

namespace witin::arith {

[[nodiscard]] constexpr std::int32_t emit(float v, float scale, CodeRange range) {
  return clamp(rne(v * scale), range);
}

// a * b is exact in double. Their sum with c is rounded to odd there: a double that lost something has an odd last
// bit, which no tie of the shorter float can have, so that rounding it again gives what one rounding would.
[[nodiscard]] constexpr float fma_f32(float a, float b, float c) {
  const double product = static_cast<double>(a) * static_cast<double>(b);
  const double addend = c;
  const double sum = product + addend;
  if (!(sum < std::numeric_limits<double>::infinity() && sum > -std::numeric_limits<double>::infinity())) {
    return static_cast<float>(sum);
  }
  const double shadow = sum - product;
  const double lost = (product - (sum - shadow)) + (addend - shadow);
  auto pattern = std::bit_cast<std::uint64_t>(sum);
  if (lost != 0 && (pattern & 1) == 0) pattern = (lost > 0) == (sum > 0) ? pattern + 1 : pattern - 1;
  return static_cast<float>(std::bit_cast<double>(pattern));
}

}  // namespace witin::arith
