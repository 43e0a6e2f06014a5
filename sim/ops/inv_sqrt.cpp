// inv_sqrt: y = clip(rne(f32(v * scale_y))), v = f32(f32(f32(1 / r) * 2^(left_shift/2)) * f32(sqrt(scale_x)))
//
// r = isqrt(x * 2^left_shift); where r is 0 (x = 0 or negative), v is 0. Codes in and out are unsigned; the attributes
// are those of sim/ops/root.hpp.
#include "sim/arith/float32.hpp"
#include "sim/ops/code_map.hpp"
#include "sim/ops/defs.hpp"
#include "sim/ops/root.hpp"

namespace witin::ops {
namespace {

Result<std::unique_ptr<Operator>> prepare_inv_sqrt(const NodeContext& context) {
  const auto rule = root_rule(context);
  if (!rule) return Error(rule.error());
  return make_code_map(
      context,
      [&r = *rule](std::int32_t x) {
        const std::int64_t root = r.isqrt(x);
        if (root == 0) return 0;
        const float inverse = 1.0F / static_cast<float>(root) * r.step;
        return arith::emit(inverse * r.root_x, r.scale_y, r.range);
      },
      rule->accepted);
}

}  // namespace

const OpDef kInvSqrt{"inv_sqrt", kOnAll, 1, 1, {}, root_attributes(), prepare_inv_sqrt};

}  // namespace witin::ops
