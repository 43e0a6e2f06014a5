// mul, wtm2101 and nb01: y = sat8((a * b) * 2^shift)
// mul, witin_nn:         y = clip(rne(f32(f32(a * b) / f32(scale_left * scale_right / scale_y)))), a * b exact
//
// Two inputs broadcast as NumPy does, or one input and the constant codes of tensor `right`.
//   wtm2101, nb01: shift     > 0 to the left, < 0 to the right, rounded; -31..16, default 0
//                  rounding  "floor", "half_up", "half_even", "trunc", "half_away". Default "half_up", as the
//                  multiplier signed    false: clip to [0, 255], only where neither side can be negative. Default true
//   witin_nn:      scale_left*, scale_right*, scale_y*, y_bits 8
//                  clip_value  limit of the value before it is multiplied by scale_y, default 0: none
#include "sim/ops/add_mul.hpp"
#include "sim/ops/defs.hpp"

namespace witin::ops {
namespace {

Result<std::unique_ptr<Operator>> prepare_mul_chip(const NodeContext& context) {
  return prepare_shifted(context, arith::Rounding::kHalfUp, [](std::int64_t a, std::int64_t b) { return a * b; });
}

Result<std::unique_ptr<Operator>> prepare_mul_witin(const NodeContext& context) {
  auto pair = pair_of(context);
  if (!pair) return std::move(pair).error();
  const auto g = static_cast<float>(context.number("scale_left", 1) * context.number("scale_right", 1) /
                                    context.number("scale_y", 1));
  const CodeRange range = output_range(context, true);
  return {make_elementwise(context, std::move(*pair), range, [=](std::int32_t a, std::int32_t b) {
    return arith::clamp(arith::rne(static_cast<float>(std::int64_t{a} * b) / g), range);
  })};
}

}  // namespace

const OpDef kMulWitin{"mul", kOnWitinNn, 1, 2, right_tensor(), scaled_attributes(), prepare_mul_witin};
const OpDef kMulChip{"mul", kOnWtm2101 | kOnNb01, 1, 2, right_tensor(), shifted_attributes(), prepare_mul_chip};

}  // namespace witin::ops
