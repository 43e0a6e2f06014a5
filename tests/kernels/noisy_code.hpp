// The code of a noisy accumulator by its rule, in integers: not how any kernel reckons it.
#pragma once

#include <algorithm>
#include <cstdint>

// quarters: floor((trunc(4 acc / divisor) + 2) / 4); else acc / divisor to nearest even. Within int8.
inline std::int64_t noisy_code(std::int64_t acc, std::int64_t divisor, bool quarters) {
  std::int64_t code = (4 * acc / divisor + 2) >> 2;
  if (!quarters) {
    code = acc / divisor - (acc % divisor < 0 ? 1 : 0);
    const std::int64_t twice = 2 * (acc - code * divisor);
    if (twice > divisor || (twice == divisor && code % 2 != 0)) ++code;
  }
  return std::clamp<std::int64_t>(code, -128, 127);
}
