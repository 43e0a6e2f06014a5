// y = f(x), code by code: f is evaluated once for every code an input can have, and a run only looks up.
//
// For operators of one input whose rule knows nothing but the code. The output's range is exactly what f gives.
#pragma once

#include <functional>

#include "sim/ops/node_context.hpp"

namespace witin::ops {

using CodeFunction = std::function<std::int32_t(std::int32_t)>;

// f as a table over the codes of `domain`.
class CodeTable {
 public:
  CodeTable(CodeRange domain, const CodeFunction& f);

  [[nodiscard]] std::int32_t operator[](std::int32_t code) const {
    return values_[static_cast<std::size_t>(code - domain_.lo)];
  }
  [[nodiscard]] CodeRange domain() const { return domain_; }
  [[nodiscard]] CodeRange range() const { return range_; }  // of the values
  [[nodiscard]] std::span<const std::int32_t> values() const { return values_; }

 private:
  CodeRange domain_;
  CodeRange range_;
  std::vector<std::int32_t> values_;
};

// Refuses ranges of more than 2^18 codes.
[[nodiscard]] Status check_table_size(const NodeContext& context, CodeRange domain);

// `accepted`: the codes f is made for; another one ends the run with error run.code_range. Errors: no accepted code
// can occur, or more than 2^18 codes can.
[[nodiscard]] Result<std::unique_ptr<Operator>> make_code_map(const NodeContext& context, const CodeFunction& f,
                                                              std::optional<CodeRange> accepted = std::nullopt);

}  // namespace witin::ops
