// The sums, spelled out.
//
//   acc[m, n] += sum_s sum_i codes[rows[m] + segments[s] + i] * weight[s * segment + i, n], i < segment: exact in
//   int32.
#pragma once

#include <cstdint>
#include <span>

namespace witin::array {

template <typename X>
void accumulate(const X* codes, std::span<const std::int64_t> rows, std::span<const std::int64_t> segments,
                std::int64_t segment, std::span<const std::int16_t> weight, std::span<std::int32_t> acc) {
  const std::size_t columns = acc.size() / rows.size();
  for (std::size_t m = 0; m < rows.size(); ++m) {
    std::int32_t* const out = acc.data() + m * columns;
    const std::int16_t* row = weight.data();
    for (const std::int64_t start : segments) {
      const X* const x = codes + rows[m] + start;
      for (std::int64_t i = 0; i < segment; ++i, row += columns) {
        for (std::size_t n = 0; n < columns; ++n) out[n] += std::int32_t{x[i]} * row[n];
      }
    }
  }
}

}  // namespace witin::array
