// What sqrt and inv_sqrt share: their attributes and r = isqrt(x * 2^left_shift) of an unsigned code.
//
//   scale_x*, scale_y*  scales of input and output codes
//   x_bits      width of the unsigned input codes, default 8. A negative code counts as 0, as the training library
//               clips it; a code of 2^x_bits or more ends the run with error run.code_range
//   y_bits      width of the unsigned output codes, default 8
//   left_shift  even, left_shift + x_bits <= 32, default 8
//   clip_value  limit of the value before it is multiplied by scale_y, default 0: none
#pragma once

#include "sim/ops/attributes.hpp"

namespace witin::ops {

struct RootRule {
  int left_shift = 8;
  float step = 16;   // 2^(left_shift / 2)
  float root_x = 1;  // f32(sqrt(scale_x))
  float scale_y = 1;
  CodeRange accepted;  // of x
  CodeRange range;     // of y

  [[nodiscard]] std::int64_t isqrt(std::int32_t x) const;
};

// Errors: an odd left_shift, or one too large for x_bits.
[[nodiscard]] Result<RootRule> root_rule(const NodeContext& context);

// An even number of bits, 0..28.
[[nodiscard]] Result<int> left_shift_of(const NodeContext& context);

[[nodiscard]] inline AttributeRule left_shift_rule() { return {"left_shift", AttributeKind::kInteger, false, 0, 28}; }

[[nodiscard]] std::vector<AttributeRule> root_attributes();

}  // namespace witin::ops
