// Fixed point: noisy cells and codes are integers of 2^-14 LSB, cut into balanced digits for the integer kernels: three
// of 8 bits, v = d0 + 256 d1 + 65536 d2, d in [-128, 127], or two of 12 bits.
#pragma once

#include <algorithm>
#include <cstdint>

namespace witin::noise {

inline constexpr int kFractionBits = 14;
inline constexpr double kUnit = 1 << kFractionBits;
inline constexpr std::int32_t kMostFixed = 127 * 65536 + 127 * 256 + 127;  // 511.5 LSB

// Rounds to nearest even: |v| < 2^51. No library call and no rounding mode but the default one.
[[nodiscard]] inline double nearest(double v) {
  constexpr double kShift = 0x1.8p52;
  return (v + kShift) - kShift;
}

// A real number of LSB as fixed point, saturated.
[[nodiscard]] inline std::int32_t to_fixed(double lsb) {
  const double v = nearest(lsb * kUnit);
  return static_cast<std::int32_t>(std::clamp(v, -double{kMostFixed}, double{kMostFixed}));
}

}  // namespace witin::noise
