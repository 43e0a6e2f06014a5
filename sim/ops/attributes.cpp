#include "sim/ops/attributes.hpp"

#include <algorithm>

namespace witin::ops {

float f32_of(const NodeContext& context, std::string_view attribute, double absent) {
  return static_cast<float>(context.number(attribute, absent));
}

arith::Rounding rounding_of(const NodeContext& context, arith::Rounding absent) {
  return arith::parse_rounding(context.text("rounding", "")).value_or(absent);
}

CodeRange output_range(const NodeContext& context, bool is_signed) {
  const int bits = static_cast<int>(context.integer("y_bits", 8));
  const CodeRange width = is_signed ? signed_range(bits) : unsigned_range(bits);
  const float clip_value = f32_of(context, "clip_value", 0);
  if (clip_value == 0) return width;
  const std::int64_t limit = arith::rne(clip_value * f32_of(context, "scale_y"));
  return {arith::clamp(-limit, width), arith::clamp(limit, width)};
}

}  // namespace witin::ops
