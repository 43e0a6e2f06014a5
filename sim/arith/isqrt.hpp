// isqrt(n) = floor(sqrt(n)), exact for every 64-bit n, integer operations only.
#pragma once

#include <bit>
#include <cstdint>

namespace witin::arith {

[[nodiscard]] constexpr std::uint64_t isqrt(std::uint64_t n) {
  if (n < 2) return n;
  std::uint64_t root = 0;
  std::uint64_t bit = std::uint64_t{1} << ((63 - std::countl_zero(n)) & ~1);
  while (bit != 0) {
    if (n >= root + bit) {
      n -= root + bit;
      root = (root >> 1) + bit;
    } else {
      root >>= 1;
    }
    bit >>= 2;
  }
  return root;
}

}  // namespace witin::arith
