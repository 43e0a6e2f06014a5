// Weights where they lie, as the kernels pack them: row k holds the columns first(k) .. first(k) + columns - 1 of the
// matrix, column first(k) + n at rows[k][n * step]; all other columns are zero there.
//
// Rows need not be aligned, nor next to each other; a null row is zeros.
#pragma once

#include <cassert>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "witin/types.hpp"

namespace witin::kernels {

struct WeightRows {
  std::vector<const void*> rows;
  Storage storage = Storage::kS16;  // kS8, kU8 or kS16
  std::int64_t columns = 0;
  std::int64_t step = 1;                   // elements
  std::vector<std::int64_t> first_column;  // of each row; empty: 0

  // Rows of `columns` elements, one after the other.
  [[nodiscard]] static WeightRows of(std::span<const std::int16_t> weights, std::int64_t columns) {
    WeightRows out;
    out.columns = columns;
    for (std::size_t first = 0; first < weights.size(); first += static_cast<std::size_t>(columns)) {
      out.rows.push_back(&weights[first]);
    }
    return out;
  }

  // The same kind of rows, as yet none.
  [[nodiscard]] WeightRows like() const { return {{}, storage, columns, step, {}}; }
  // Row k of another, at the end of this.
  void append(const WeightRows& other, std::size_t k, const void* row) {
    rows.push_back(row);
    if (!other.first_column.empty()) first_column.push_back(other.first_column[k]);
  }

  [[nodiscard]] const std::byte* row(std::int64_t k) const {
    return static_cast<const std::byte*>(rows[static_cast<std::size_t>(k)]);
  }
  [[nodiscard]] std::int64_t first(std::int64_t k) const {
    return first_column.empty() ? 0 : first_column[static_cast<std::size_t>(k)];
  }
  // Element n of row k.
  [[nodiscard]] std::int16_t at(std::int64_t k, std::int64_t n) const {
    if (row(k) == nullptr) return 0;
    const std::byte* const element = row(k) + n * step * static_cast<std::int64_t>(size_of(storage));
    if (storage == Storage::kU8) return static_cast<std::int16_t>(*element);
    if (storage == Storage::kS8) return static_cast<std::int8_t>(*element);
    assert(storage == Storage::kS16);
    std::int16_t value = 0;
    std::memcpy(&value, element, sizeof(value));
    return value;
  }
};

}  // namespace witin::kernels
