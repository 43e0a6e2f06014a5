// sqrt: y = clip(rne(f32(v * scale_y))), v = f32(f32(isqrt(x * 2^left_shift) / 2^(left_shift/2)) / f32(sqrt(scale_x)))
//
// Codes in and out are unsigned; the attributes are those of sim/ops/root.hpp.
#include "sim/arith/float32.hpp"
#include "sim/ops/code_map.hpp"
#include "sim/ops/defs.hpp"
#include "sim/ops/root.hpp"

namespace witin::ops {
namespace {

Result<std::unique_ptr<Operator>> prepare_sqrt(const NodeContext& context) {
  const auto rule = root_rule(context);
  if (!rule) return Error(rule.error());
  return make_code_map(
      context,
      [&r = *rule](std::int32_t x) {
        const float root = static_cast<float>(r.isqrt(x)) / r.step;
        return arith::emit(root / r.root_x, r.scale_y, r.range);
      },
      rule->accepted);
}

}  // namespace

const OpDef kSqrt{"sqrt", kOnAll, 1, 1, {}, root_attributes(), prepare_sqrt};

}  // namespace witin::ops
