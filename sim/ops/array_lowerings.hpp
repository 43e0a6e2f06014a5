// The geometry of the operators that are matrices over patches of their input, for running them and for writing their
// matrices down. Errors: tensors and attributes that do not fit each other.
#pragma once

#include "sim/array/lowering.hpp"

namespace witin::ops {

[[nodiscard]] Result<array::Lowering> linear_lowering(const NodeContext& context);
[[nodiscard]] Result<array::Lowering> tdnn_lowering(const NodeContext& context);
[[nodiscard]] Result<array::Lowering> conv2d_lowering(const NodeContext& context);
[[nodiscard]] Result<array::Lowering> conv_transpose2d_lowering(const NodeContext& context);

}  // namespace witin::ops
