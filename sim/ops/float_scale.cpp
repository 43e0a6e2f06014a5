// float_scale: y = clip(trunc(f32(f32(x * value) + 0.5)), -2^bits, 2^bits - 1)
//
//   value*  any number, rounded to float32; +-10^12
//   bits*   1..15; the output has bits + 1 bits
// Truncation toward zero after adding one half: -1.2 becomes 0, -1.5 becomes -1. Source: the chip's documents.
#include "sim/ops/attributes.hpp"
#include "sim/ops/code_map.hpp"
#include "sim/ops/defs.hpp"

namespace witin::ops {
namespace {

Result<std::unique_ptr<Operator>> prepare_float_scale(const NodeContext& context) {
  const float value = f32_of(context, "value");
  const CodeRange range = signed_range(static_cast<int>(context.integer("bits", 7)) + 1);
  return make_code_map(
      context, [=](std::int32_t x) { return arith::clamp(arith::trunc(static_cast<float>(x) * value + 0.5F), range); });
}

}  // namespace

const OpDef kFloatScale{"float_scale",
                        kOnAll,
                        1,
                        1,
                        {},
                        {{"value", AttributeKind::kNumber, true, -kLargestScale, kLargestScale},
                         {"bits", AttributeKind::kInteger, true, 1, 15}},
                        prepare_float_scale};

}  // namespace witin::ops
