// Weights packed for the kernels together with the places of the codes they meet:
//
//   acc[m, n] = bias[n] + sum_(t, c) code[m, t, c] * W[t * tap_codes + c, n]
//   code[m, t, c] + offset = staged[rows(m) + taps[t] + c],  c < tap_codes                          in exact int32
//
// Taps that lie next to each other become one run; nothing is copied to build a row. A depthwise convolution is one
// matrix as well: W has one row a tap and channel, and acc[m, c * columns + j] sees channel c only.
#pragma once

#include <optional>
#include <vector>

#include "sim/array/staging.hpp"
#include "sim/kernels/depthwise.hpp"
#include "sim/kernels/matmul.hpp"

namespace witin::array {

// Where something begins for each row m: at offsets[m], or where these are null at m * stride. In elements.
struct RowPlaces {
  const std::int64_t* offsets = nullptr;
  std::int64_t stride = 0;

  [[nodiscard]] std::int64_t operator[](std::int64_t m) const { return offsets != nullptr ? offsets[m] : m * stride; }
};

struct MatrixLayout {
  kernels::Operands operands;
  std::vector<std::int64_t> taps;  // in staged elements
  std::int64_t tap_codes = 1;
  std::int64_t columns = 1;
  // Depthwise: tap_codes channels with `columns` outputs each; the taps are those of this geometry, kernel columns
  // outermost, and rows are whole rows of a grid of outputs.
  std::optional<kernels::DepthwiseGeometry> depthwise;

  [[nodiscard]] std::int64_t rows() const { return static_cast<std::int64_t>(taps.size()) * tap_codes; }
  [[nodiscard]] std::int64_t outputs() const { return depthwise ? tap_codes * columns : columns; }
};

// Rows of codes: [first, first + count) of `places`, from `codes` on.
struct CodeRows {
  const void* codes = nullptr;
  RowPlaces places;
  std::int64_t first = 0;
  std::int64_t count = 0;
  std::int64_t grid_width = 1;  // depthwise: outputs in one row of the grid
};

class ArrayMatrix {
 public:
  // weight: [rows, columns] within int8, or int16 where the operands are wide; bias: [outputs] or empty. Null rows
  // cost nothing where the runs allow.
  [[nodiscard]] static ArrayMatrix pack(const MatrixLayout& layout, const kernels::WeightRows& weight,
                                        std::span<const std::int32_t> bias);

  // Accumulators (rule null, storage int32) or codes of the rows; row `first` is row 0 of `out`.
  void multiply(const CodeRows& rows, const kernels::FusedRule* rule, const kernels::Output& out) const;

 private:
  kernels::PackedMatrix dense_;
  std::vector<std::int64_t> runs_;                   // of a depthwise matrix the first tap alone
  std::vector<kernels::PackedDepthwise> depthwise_;  // one for each output of a channel
  Storage codes_ = Storage::kS16;
};

}  // namespace witin::array
