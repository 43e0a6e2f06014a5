// add, wtm2101 and nb01: y = sat8((a + b) * 2^shift)
// add, witin_nn:         y = clip(rne(f32(f32(a' + b') / f32(m / scale_y)))), m = min(scale_left, scale_right),
//                        a' = rne(f32(f32(a / scale_left) * m)), b' likewise: the code at the larger scale is rounded
//
// Two inputs broadcast as NumPy does, or one input and the constant codes of tensor `right`.
//   wtm2101, nb01: shift     > 0 to the left, < 0 to the right, rounded; -31..16, default 0
//                  rounding  "floor", "half_up", "half_even", "trunc", "half_away". Default "floor", as the event adder
//                  signed    false: clip to [0, 255], only where neither side can be negative. Default true
//   witin_nn:      scale_left*, scale_right*, scale_y*, y_bits 8
//                  clip_value  limit of the value before it is multiplied by scale_y, default 0: none
#include <algorithm>

#include "sim/ops/add_mul.hpp"
#include "sim/ops/code_map.hpp"
#include "sim/ops/defs.hpp"

namespace witin::ops {
namespace {

Result<std::unique_ptr<Operator>> prepare_add_chip(const NodeContext& context) {
  return prepare_shifted(context, arith::Rounding::kFloor, [](std::int64_t a, std::int64_t b) { return a + b; });
}

Result<std::unique_ptr<Operator>> prepare_add_witin(const NodeContext& context) {
  auto pair = pair_of(context);
  if (!pair) return std::move(pair).error();
  const double common = std::min(context.number("scale_left", 1), context.number("scale_right", 1));
  const auto at_common = [&](CodeRange codes, std::string_view scale) {
    return CodeTable(codes, [from = f32_of(context, scale), to = static_cast<float>(common)](std::int32_t code) {
      const float value = static_cast<float>(code) / from;
      return static_cast<std::int32_t>(arith::rne(value * to));
    });
  };
  for (const CodeRange side : {pair->left, pair->right}) {
    if (Status checked = check_table_size(context, side); !checked) return std::move(checked).error();
  }
  const CodeTable left = at_common(pair->left, "scale_left");
  const CodeTable right = at_common(pair->right, "scale_right");
  const auto g = static_cast<float>(common / context.number("scale_y", 1));
  const CodeRange range = output_range(context, true);
  const CodeRange sums{left.range().lo + right.range().lo, left.range().hi + right.range().hi};
  if (Status checked = check_table_size(context, sums); !checked) return std::move(checked).error();
  CodeTable output(sums,
                   [=](std::int32_t sum) { return arith::clamp(arith::rne(static_cast<float>(sum) / g), range); });
  const CodeRange reached = output.range();
  return {make_elementwise(context, std::move(*pair), reached,
                           [left, right, output = std::move(output)](std::int32_t a, std::int32_t b) {
                             return output[left[a] + right[b]];
                           })};
}

}  // namespace

const OpDef kAddWitin{"add", kOnWitinNn, 1, 2, right_tensor(), scaled_attributes(), prepare_add_witin};
const OpDef kAddChip{"add", kOnWtm2101 | kOnNb01, 1, 2, right_tensor(), shifted_attributes(), prepare_add_chip};

}  // namespace witin::ops
