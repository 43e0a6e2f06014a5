// div: y = clip(rne(f32(v * scale_y))), v = clip(f32(f32(d / scale_left) * scale_right), -8, 8), d = rne(a / b)
//
// d is the integer quotient of the codes. b = 0: v is 8 for a > 0, -8 for a < 0, 0 for a = 0. The inputs broadcast as
// NumPy does.
//   scale_left*, scale_right*, scale_y*
//   y_bits      2..16, default 8
//   clip_value  limit of v before it is multiplied by scale_y, default 0: none but the 8
#include <algorithm>

#include "sim/arith/float32.hpp"
#include "sim/ops/attributes.hpp"
#include "sim/ops/broadcast.hpp"
#include "sim/ops/code_map.hpp"
#include "sim/ops/defs.hpp"

namespace witin::ops {
namespace {

constexpr float kLimit = 8;  // of the training library's divider

// b is not 0.
std::int32_t quotient(std::int32_t a, std::int32_t b) {
  const std::int64_t sign = b < 0 ? -1 : 1;
  return static_cast<std::int32_t>(arith::rne_div(sign * a, sign * b));
}

Result<std::unique_ptr<Operator>> prepare_div(const NodeContext& context) {
  auto pair = pair_of(context);
  if (!pair) return std::move(pair).error();
  const std::int32_t most = std::max(std::abs(pair->left.lo), std::abs(pair->left.hi));
  if (Status checked = check_table_size(context, {-most, most}); !checked) return std::move(checked).error();
  const float left = f32_of(context, "scale_left");
  const float right = f32_of(context, "scale_right");
  const float scale_y = f32_of(context, "scale_y");
  const CodeRange range = output_range(context, true);
  CodeTable code_of({-most, most}, [=](std::int32_t d) {
    const float scaled = static_cast<float>(d) / left;
    return arith::emit(std::clamp(scaled * right, -kLimit, kLimit), scale_y, range);
  });
  const std::int32_t top = arith::emit(kLimit, scale_y, range);
  const std::int32_t bottom = arith::emit(-kLimit, scale_y, range);
  return {make_elementwise(context, std::move(*pair), {bottom, top},
                           [=, code_of = std::move(code_of)](std::int32_t a, std::int32_t b) {
                             if (b != 0) return code_of[quotient(a, b)];
                             return a > 0 ? top : a < 0 ? bottom : 0;
                           })};
}

}  // namespace

const OpDef kDiv{"div",
                 kOnAll,
                 2,
                 2,
                 {},
                 {scale_rule("scale_left"), scale_rule("scale_right"), scale_rule("scale_y"), bits_rule("y_bits"),
                  clip_value_rule()},
                 prepare_div};

}  // namespace witin::ops
