// hypot: y = clip(rne(f32(v * scale_y))), v = f32(f32(isqrt(n * 2^left_shift) / 2^(left_shift/2)) / scale_left),
//        n = f32(f32(a * a) + f32(b * b))
//
// Both inputs have the scale scale_left and the same shape; the output is unsigned. n is exact for codes of up to 12
// bits.
//   scale_left*, scale_y*
//   y_bits      2..16, default 8
//   left_shift  even, 0..28, default 8
//   clip_value  limit of v before it is multiplied by scale_y, default 0: none
#include "sim/arith/float32.hpp"
#include "sim/arith/isqrt.hpp"
#include "sim/ops/broadcast.hpp"
#include "sim/ops/defs.hpp"
#include "sim/ops/root.hpp"

namespace witin::ops {
namespace {

Result<std::unique_ptr<Operator>> prepare_hypot(const NodeContext& context) {
  const auto left_shift = left_shift_of(context);
  if (!left_shift) return Error(left_shift.error());
  if (context.input(0).shape != context.input(1).shape) {
    return context.node_error("node.shape", "the inputs have different shapes", to_string(context.input(0).shape),
                              to_string(context.input(1).shape));
  }
  auto pair = pair_of(context);
  if (!pair) return std::move(pair).error();
  const int shift = *left_shift;
  const auto step = static_cast<float>(1 << (shift / 2));
  const float scale_x = f32_of(context, "scale_left");
  const float scale_y = f32_of(context, "scale_y");
  const CodeRange range = output_range(context, false);
  return {make_elementwise(context, std::move(*pair), range, [=](std::int32_t a, std::int32_t b) {
    const auto af = static_cast<float>(a);
    const auto bf = static_cast<float>(b);
    const float aa = af * af;
    const float bb = bf * bf;
    const auto n = static_cast<std::uint64_t>(arith::trunc(aa + bb));
    const float root = static_cast<float>(arith::isqrt(n << shift)) / step;
    return arith::emit(root / scale_x, scale_y, range);
  })};
}

}  // namespace

const OpDef kHypot{
    "hypot",
    kOnAll,
    2,
    2,
    {},
    {scale_rule("scale_left"), scale_rule("scale_y"), bits_rule("y_bits"), left_shift_rule(), clip_value_rule()},
    prepare_hypot};

}  // namespace witin::ops
