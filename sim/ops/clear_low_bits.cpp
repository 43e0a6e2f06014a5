// clear_low_bits: y = round_half_away(x / 2^bits) * 2^bits, not clipped
//
//   bits*     0..15
//   rounding  "half_up", "floor", "half_even", "trunc", "half_away". Default "half_away", as the chip's documents print
//   it
#include "sim/ops/attributes.hpp"
#include "sim/ops/code_map.hpp"
#include "sim/ops/defs.hpp"

namespace witin::ops {
namespace {

Result<std::unique_ptr<Operator>> prepare_clear_low_bits(const NodeContext& context) {
  const int bits = static_cast<int>(context.integer("bits", 0));
  const auto rounding = rounding_of(context, arith::Rounding::kHalfAway);
  return make_code_map(context, [=](std::int32_t x) {
    return static_cast<std::int32_t>(arith::shift(arith::shift(x, -bits, rounding), bits, rounding));
  });
}

}  // namespace

const OpDef kClearLowBits{
    "clear_low_bits",      kOnAll, 1, 1, {}, {{"bits", AttributeKind::kInteger, true, 0, 15}, rounding_rule()},
    prepare_clear_low_bits};

}  // namespace witin::ops
