// Index rules of look-up tables. Tables are stored in two's complement order: [0..h-1] then [-h..-1].
// Sources: sim/arith/numerics.md, section "Tables".
#pragma once

#include <cstddef>
#include <cstdint>

#include "sim/arith/rounding.hpp"

namespace witin::arith {

// How a code becomes an index: kCode is the code modulo the length; kHalfLsb is the recurrent operators' rule, in which
// a 1024-entry table has two entries per int8 LSB.
enum class TableIndex : std::uint8_t { kCode, kHalfLsb };

// length is a power of two.
[[nodiscard]] constexpr std::size_t code_index(std::int32_t code, std::size_t length) {
  return static_cast<std::size_t>(static_cast<std::uint32_t>(code)) & (length - 1);
}

// 1024 entries: 2 * code saturated to [-512, 511], & 1023. Any other length: code saturated to int8, modulo the length.
// code is an int8-scale gate value and may be a 9-bit sum.
[[nodiscard]] constexpr std::size_t half_lsb_index(std::int32_t code, std::size_t length) {
  if (length == 1024) return code_index(sat(std::int64_t{2} * code, 10), length);
  return code_index(sat(code, 8), length);
}

// The same after saturating the gate value to int8 first, as the chip's 256-byte table may do.
[[nodiscard]] constexpr std::size_t half_lsb_index_saturated(std::int32_t code, std::size_t length) {
  return half_lsb_index(sat(code, 8), length);
}

[[nodiscard]] constexpr std::size_t table_index(TableIndex rule, std::int32_t code, std::size_t length) {
  return rule == TableIndex::kCode ? code_index(code, length) : half_lsb_index(code, length);
}

}  // namespace witin::arith
