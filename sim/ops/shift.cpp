// shift: y = sat8(x * 2^bits)
//
//   bits*     > 0: to the left; < 0: to the right, rounded. -31..31
//   rounding  "half_up", "floor", "half_even", "trunc", "half_away". Default "half_up", as the chip's multiplier
#include "sim/ops/attributes.hpp"
#include "sim/ops/code_map.hpp"
#include "sim/ops/defs.hpp"

namespace witin::ops {
namespace {

Result<std::unique_ptr<Operator>> prepare_shift(const NodeContext& context) {
  const int bits = static_cast<int>(context.integer("bits", 0));
  const auto rounding = rounding_of(context, arith::Rounding::kHalfUp);
  return make_code_map(context, [=](std::int32_t x) { return arith::sat(arith::shift(x, bits, rounding), 8); });
}

}  // namespace

const OpDef kShift{"shift",      kOnAll, 1, 1, {}, {{"bits", AttributeKind::kInteger, true, -31, 31}, rounding_rule()},
                   prepare_shift};

}  // namespace witin::ops
