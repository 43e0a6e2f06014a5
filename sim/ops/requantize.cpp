// requantize: y = clip(rne(f32(f32(f32(x / scale_from) * scale_to) + shift)))
//
// Codes at one scale become codes at another, in the float32 order of the training library: a layer hands on the value
// code / scale, the next one multiplies it by its own scale. Exact where the scales are powers of two.
//
//   scale_from*  scale of the input codes
//   scale_to*    scale of the output codes
//   shift        added to the output code before it is rounded, default 0
//   bits         width of the output, 1..16, default 8
//   signed       clip to [-2^(bits-1), 2^(bits-1) - 1] instead of [0, 2^bits - 1], default false
//   neg_in       "pn": clip to +-(2^bits - 1); "shift": clip to [0, 2^bits - 1]; both whatever `signed` says. Default
//   "none"
#include "sim/arith/float32.hpp"
#include "sim/ops/attributes.hpp"
#include "sim/ops/code_map.hpp"
#include "sim/ops/defs.hpp"

namespace witin::ops {
namespace {

CodeRange clip_range(const NodeContext& context) {
  const int bits = static_cast<int>(context.integer("bits", 8));
  const std::string neg_in = context.text("neg_in", "none");
  if (neg_in == "pn") return pn_range(bits);
  return neg_in == "none" && context.flag("signed", false) ? signed_range(bits) : unsigned_range(bits);
}

Result<std::unique_ptr<Operator>> prepare_requantize(const NodeContext& context) {
  const float from = f32_of(context, "scale_from");
  const float to = f32_of(context, "scale_to");
  const float shift = f32_of(context, "shift", 0);
  const CodeRange range = clip_range(context);
  return make_code_map(context, [=](std::int32_t x) {
    const float value = static_cast<float>(x) / from;
    return arith::clamp(arith::rne(value * to + shift), range);
  });
}

}  // namespace

const OpDef kRequantize{"requantize",
                        kOnAll,
                        1,
                        1,
                        {},
                        {scale_rule("scale_from"),
                         scale_rule("scale_to"),
                         {"shift", AttributeKind::kNumber, false, -65536, 65536},
                         {"bits", AttributeKind::kInteger, false, 1, 16},
                         {"signed", AttributeKind::kBool},
                         {"neg_in", AttributeKind::kString, false, 0, 0, "none|pn|shift"}},
                        prepare_requantize};

}  // namespace witin::ops
