#include "sim/ops/root.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/arith/isqrt.hpp"

namespace witin::ops {

std::int64_t RootRule::isqrt(std::int32_t x) const {
  return static_cast<std::int64_t>(arith::isqrt(static_cast<std::uint64_t>(std::max(x, 0)) << left_shift));
}

Result<int> left_shift_of(const NodeContext& context) {
  const auto left_shift = static_cast<int>(context.integer("left_shift", 8));
  if (left_shift % 2 == 0) return left_shift;
  return context.attribute_error("left_shift", "attribute.value", "the root of an odd shift is no integer",
                                 "an even number", std::to_string(left_shift));
}

Result<RootRule> root_rule(const NodeContext& context) {
  const int x_bits = static_cast<int>(context.integer("x_bits", 8));
  const auto left_shift = left_shift_of(context);
  if (!left_shift) return Error(left_shift.error());
  if (*left_shift + x_bits > 32) {
    return context.attribute_error("left_shift", "attribute.value", "left_shift + x_bits is above 32",
                                   "at most " + std::to_string(32 - x_bits), std::to_string(*left_shift));
  }
  RootRule rule;
  rule.left_shift = *left_shift;
  rule.step = static_cast<float>(1 << (*left_shift / 2));
  rule.root_x = static_cast<float>(std::sqrt(context.number("scale_x", 1)));
  rule.scale_y = f32_of(context, "scale_y");
  rule.accepted = {std::numeric_limits<std::int32_t>::min(), unsigned_range(x_bits).hi};
  rule.range = output_range(context, false);
  return rule;
}

std::vector<AttributeRule> root_attributes() {
  return {scale_rule("scale_x"), scale_rule("scale_y"), bits_rule("x_bits"),
          bits_rule("y_bits"),   left_shift_rule(),     clip_value_rule()};
}

}  // namespace witin::ops
