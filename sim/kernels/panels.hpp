// How packed weights lie: panels of columns, of each its steps one after the other, of each step a group of rows for
// every column. Internal to sim/kernels.
#pragma once

#include <algorithm>
#include <cstdint>

namespace witin::kernels {

inline constexpr std::int64_t kPanelBlock = 16;  // columns: what the last panel is padded to

[[nodiscard]] constexpr std::int64_t padded_columns(std::int64_t n) {
  return (n + kPanelBlock - 1) / kPanelBlock * kPanelBlock;
}

struct Panels {
  std::int64_t steps;  // groups of rows
  std::int64_t n;
  std::int64_t columns;  // of a panel

  // Of a column's group in a step, counted in groups. Columns of a block lie together.
  [[nodiscard]] std::int64_t place(std::int64_t column, std::int64_t step) const {
    const std::int64_t first = column / columns * columns;
    return first * steps + step * padded_columns(std::min(columns, n - first)) + (column - first);
  }
};

}  // namespace witin::kernels
