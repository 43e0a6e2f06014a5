// scalar: y = sat8((x * value) * 2^bits) or y = sat8((x + value) * 2^bits)
//
//   kind*     "mul" or "add"
//   value*    integer, +-2^24
//   bits      > 0: to the left; < 0: to the right, rounded. -31..16, default 0
//   rounding  "half_up", "floor", "half_even", "trunc", "half_away". Default as the chip's units: "half_up" for mul,
//   "floor"
//             for add
#include "sim/ops/attributes.hpp"
#include "sim/ops/code_map.hpp"
#include "sim/ops/defs.hpp"

namespace witin::ops {
namespace {

constexpr double kLargestValue = 16777216;

Result<std::unique_ptr<Operator>> prepare_scalar(const NodeContext& context) {
  const std::int64_t value = context.integer("value", 0);
  const int bits = static_cast<int>(context.integer("bits", 0));
  if (context.text("kind", "mul") == "mul") {
    const auto rounding = rounding_of(context, arith::Rounding::kHalfUp);
    return make_code_map(context,
                         [=](std::int32_t x) { return arith::sat(arith::shift(x * value, bits, rounding), 8); });
  }
  const auto rounding = rounding_of(context, arith::Rounding::kFloor);
  return make_code_map(context, [=](std::int32_t x) { return arith::sat(arith::shift(x + value, bits, rounding), 8); });
}

}  // namespace

const OpDef kScalar{"scalar",
                    kOnAll,
                    1,
                    1,
                    {},
                    {{"kind", AttributeKind::kString, true, 0, 0, "mul|add"},
                     {"value", AttributeKind::kInteger, true, -kLargestValue, kLargestValue},
                     {"bits", AttributeKind::kInteger, false, -31, 16},
                     rounding_rule()},
                    prepare_scalar};

}  // namespace witin::ops
