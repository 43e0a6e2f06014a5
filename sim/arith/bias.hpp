// Bias rows: a column's bias is 128 times the sum of the weights in its bias rows, each within [-128, 127].
// Source: sim/arith/numerics.md (rows are driven with 128; the split is the vendor's mapper's, reproduced from its
// files).
#pragma once

#include <cstdint>
#include <span>

#include "sim/arith/rounding.hpp"

namespace witin::arith {

inline constexpr std::int32_t kBiasUnit = 128;  // input code of every bias row
inline constexpr int kMaxBiasRows = 32;

// bias in accumulator units; units = bias / 128.
[[nodiscard]] constexpr bool is_whole_bias(std::int64_t bias) { return bias % kBiasUnit == 0; }

// Can `rows` rows of [-128, 127] add up to these units?
[[nodiscard]] constexpr bool bias_fits(std::int64_t units, int rows) {
  return units >= -128 * std::int64_t{rows} && units <= 127 * std::int64_t{rows};
}

// The units of each row: rows - 1 times round_half_away(units / rows), the remainder in the last row. Where that
// remainder leaves [-128, 127] (no published file does) the excess moves to the first rows that have room.
// Precondition: bias_fits(units, rows.size()), rows not empty.
constexpr void split_bias(std::int64_t units, std::span<std::int32_t> rows) {
  const auto count = static_cast<std::int64_t>(rows.size());
  const auto each = static_cast<std::int32_t>(rha_div(units, count));
  for (std::int32_t& row : rows) row = each;
  std::int64_t last = units - each * (count - 1);
  for (std::int32_t& row : rows.first(rows.size() - 1)) {
    if (last > 127 && row < 127) ++row, --last;
    if (last < -128 && row > -128) --row, ++last;
  }
  rows.back() = static_cast<std::int32_t>(last);
}

}  // namespace witin::arith
