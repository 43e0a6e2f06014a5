// What add and mul share: their attributes on either profile, and the chip's form y = sat8(op(a, b) * 2^shift).
#pragma once

#include "sim/ops/attributes.hpp"
#include "sim/ops/broadcast.hpp"

namespace witin::ops {

[[nodiscard]] inline std::vector<TensorRule> right_tensor() { return {{"right", "int8|uint8|int16", 0, false}}; }

[[nodiscard]] inline std::vector<AttributeRule> scaled_attributes() {
  return {scale_rule("scale_left"), scale_rule("scale_right"), scale_rule("scale_y"), bits_rule("y_bits"),
          clip_value_rule()};
}

[[nodiscard]] inline std::vector<AttributeRule> shifted_attributes() {
  return {{"shift", AttributeKind::kInteger, false, -31, 16}, rounding_rule(), {"signed", AttributeKind::kBool}};
}

// exact(a, b) is below 2^46 in magnitude.
template <typename Exact>
[[nodiscard]] Result<std::unique_ptr<Operator>> prepare_shifted(const NodeContext& context, arith::Rounding absent,
                                                                Exact exact) {
  auto pair = pair_of(context);
  if (!pair) return std::move(pair).error();
  const bool is_signed = context.flag("signed", true);
  if (!is_signed && (pair->left.lo < 0 || pair->right.lo < 0)) {
    return context.attribute_error("signed", "attribute.value", "the result is unsigned only if both sides are",
                                   "true, or sides without negative codes", "false");
  }
  const CodeRange range = is_signed ? signed_range(8) : unsigned_range(8);
  const int shift = static_cast<int>(context.integer("shift", 0));
  const auto rounding = rounding_of(context, absent);
  return {make_elementwise(context, std::move(*pair), range, [=](std::int32_t a, std::int32_t b) {
    return arith::clamp(arith::shift(exact(a, b), shift, rounding), range);
  })};
}

}  // namespace witin::ops
