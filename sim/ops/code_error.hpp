// Errors of codes that an operator cannot take, found while it runs.
#pragma once

#include "witin/error.hpp"
#include "witin/types.hpp"

namespace witin::ops {

[[nodiscard]] std::string text_of(CodeRange range);  // "0..255"

// "element 17: the operator cannot take this code; expected 0..255, found 300 [run.code_range]"; callers put the frame
// in front: within("frame 3").
[[nodiscard]] Error code_error(std::size_t element, std::int32_t code, CodeRange accepted);

}  // namespace witin::ops
