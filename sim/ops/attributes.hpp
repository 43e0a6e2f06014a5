// Attributes that several operators share: their rules for the registry, and how they are read.
#pragma once

#include "sim/arith/rounding.hpp"
#include "sim/ops/registry.hpp"

namespace witin::ops {

// Scales are numbers > 0. The bounds keep every float32 quotient and product of scales finite and not zero.
inline constexpr double kSmallestScale = 1e-12;
inline constexpr double kLargestScale = 1e12;

[[nodiscard]] inline AttributeRule scale_rule(std::string_view name, bool required = true) {
  return {name, AttributeKind::kNumber, required, kSmallestScale, kLargestScale};
}

// Width of codes in bits, 2..16.
[[nodiscard]] inline AttributeRule bits_rule(std::string_view name) {
  return {name, AttributeKind::kInteger, false, 2, 16};
}

// Limit of the float value before it is multiplied by scale_y; 0: none.
[[nodiscard]] inline AttributeRule clip_value_rule() {
  return {"clip_value", AttributeKind::kNumber, false, 0, kLargestScale};
}

[[nodiscard]] inline AttributeRule rounding_rule() {
  return {"rounding", AttributeKind::kString, false, 0, 0, "floor|half_up|half_even|trunc|half_away"};
}

// One rounding of a scale to float32.
[[nodiscard]] float f32_of(const NodeContext& context, std::string_view attribute, double absent = 1);

[[nodiscard]] arith::Rounding rounding_of(const NodeContext& context, arith::Rounding absent);

// The codes of an output: y_bits wide (8 where absent), and at most rne(f32(f32(clip_value) * f32(scale_y))) in
// magnitude. y = clip(rne(f32(v * scale_y))) is monotone and odd in v, so limiting the code is limiting the value.
[[nodiscard]] CodeRange output_range(const NodeContext& context, bool is_signed);

}  // namespace witin::ops
