// CRC-32 by carry-less multiplication: 16 bytes are folded into the next ones modulo the CRC's polynomial, as in
// V. Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction", Intel, 2009.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace witin::package {

inline constexpr std::size_t kClmulBytes = 64;  // the least it takes

// Whether this processor has the instruction.
[[nodiscard]] bool has_clmul();

// Continues `crc` by `bytes`: at least kClmulBytes, a multiple of 16. Needs has_clmul().
[[nodiscard]] std::uint32_t crc32_clmul(std::span<const std::byte> bytes, std::uint32_t crc);

}  // namespace witin::package
