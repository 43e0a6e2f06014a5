// Sign-magnitude split of an input wider than 8 bits: |x| = 256 * high + low, both parts carry the sign of x.
// The array multiplies the low part, the digital side the high part. Source: sim/arith/numerics.md.
#pragma once

#include <cstdint>

namespace witin::arith {

struct SplitCode {
  std::int32_t low = 0;   // [-255, 255]
  std::int32_t high = 0;  // a multiple of 256; low + high = x
};

[[nodiscard]] constexpr SplitCode split_code(std::int32_t x) {
  const std::int32_t magnitude = x < 0 ? -x : x;
  const std::int32_t low = x < 0 ? -(magnitude & 255) : magnitude & 255;
  return {low, x - low};
}

}  // namespace witin::arith
