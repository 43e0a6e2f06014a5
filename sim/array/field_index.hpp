#pragma once

#include <cstddef>

namespace witin::array {

// The trace fields of an array node, in their order. npu_y_d comes last, and in the place of npu_v where a rule has
// none.
enum FieldIndex : std::size_t { kNpuX, kNpuAcc, kNpuV };

}  // namespace witin::array
