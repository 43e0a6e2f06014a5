#include "sim/ops/code_error.hpp"

namespace witin::ops {

std::string text_of(CodeRange range) { return std::to_string(range.lo) + ".." + std::to_string(range.hi); }

Error code_error(std::size_t element, std::int32_t code, CodeRange accepted) {
  return {"run.code_range",
          "the operator cannot take this code",
          "element " + std::to_string(element),
          text_of(accepted),
          std::to_string(code),
          ""};
}

}  // namespace witin::ops
