// The tensors of one matrix on the array, read and checked: weight range, bias, accumulator bound, rows of the array.
//
// Sources of the limits: sim/package/format.md (weights within +-275; wtm2101: a bias is a multiple of 128 that
// bias_rows rows of [-128, 127] can hold, where bias_rows is given) and sim/arith/numerics.md (accumulators stay exact
// in int32 while K * max|x| * max|w| + |bias| < 2^31; anything beyond is refused).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "sim/array/array_attributes.hpp"
#include "sim/array/array_size.hpp"
#include "sim/array/weights.hpp"

namespace witin::array {

inline constexpr std::int32_t kMaxWeight = 275;

struct ArrayTensors {
  Weights weight;                    // in the tensor's own order
  Weights weight_neg;                // stored like weight; empty: exactly -weight
  std::vector<std::int32_t> bias;    // [columns], accumulator units, 0 where the tensor is absent
  std::vector<std::int32_t> bias_d;  // [columns], the digital side's part
};

// What is known of the matrix before its tensors are read.
struct MatrixShape {
  std::int64_t rows = 0;     // products summed in one accumulator
  std::int64_t columns = 0;  // accumulators: the length of the bias
  CodeRange x;               // codes it is multiplied by
  std::string_view weight = "weight";
  std::string_view bias = "bias";
};

// Precondition: the weight tensor is present and its shape agrees with `shape`.
// Errors: "tensor.*", "node.accumulator", "node.array_rows".
[[nodiscard]] Result<ArrayTensors> read_array_tensors(const ops::NodeContext& context,
                                                      const ArrayAttributes& attributes, const MatrixShape& shape);

// The part of each row: the rows of part p are consecutive. All 0 without k_split.
[[nodiscard]] std::vector<std::int32_t> part_of_row(const ArrayAttributes& attributes, std::int64_t rows);

}  // namespace witin::array
