// Run-time check of the codes an array operator is given: needed only where the range known before the run is wider
// than what the node's x_bits, x_signed and neg_in allow.
#pragma once

#include "sim/ops/operator.hpp"

namespace witin::array {

// Of `frames` frames of type `type`, the first of which is `first_frame` of the run. Error "run.code_range".
[[nodiscard]] Status check_codes(CodeRange allowed, const ops::ValueType& type, const void* codes, std::int64_t frames,
                                 std::int64_t first_frame);

// The codes that can pass the check: what both ranges allow.
[[nodiscard]] CodeRange intersection(CodeRange a, CodeRange b);

}  // namespace witin::array
