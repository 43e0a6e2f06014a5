// prelu: y = clip(rne(f32(v * scale_y))), v = f32(x / scale_x) for x >= 0, f32(f32(x / scale_x) * f32(w /
// scale_weight))
//        below
//
//   weight*     codes w, one or one a channel (first axis of the frame)
//   scale_x*, scale_weight*, scale_y*
//   y_bits      2..16, default 8
//   clip_value  limit of v before it is multiplied by scale_y, default 0: none
#include "sim/arith/float32.hpp"
#include "sim/ops/attributes.hpp"
#include "sim/ops/channels.hpp"
#include "sim/ops/defs.hpp"

namespace witin::ops {
namespace {

Result<std::unique_ptr<Operator>> prepare_prelu(const NodeContext& context) {
  std::vector<float> slopes;
  for (const std::int32_t code : context.integers_of("weight")) {
    slopes.push_back(static_cast<float>(code) / f32_of(context, "scale_weight"));
  }
  std::size_t channels = 1;
  if (slopes.size() != 1) {
    const auto found = channels_of(context);
    if (!found) return Error(found.error());
    channels = *found;
    if (Status checked = check_channels(context, "weight", channels); !checked) return std::move(checked).error();
  }
  const float scale_x = f32_of(context, "scale_x");
  const float scale_y = f32_of(context, "scale_y");
  const CodeRange range = output_range(context, true);
  return {
      make_channel_map(context, range, channels, [=, slopes = std::move(slopes)](std::size_t channel, std::int32_t x) {
        const float value = static_cast<float>(x) / scale_x;
        return arith::emit(x >= 0 ? value : value * slopes[channel], scale_y, range);
      })};
}

}  // namespace

const OpDef kPrelu{
    "prelu",
    kOnAll,
    1,
    1,
    {{"weight", "int8|int16", 1}},
    {scale_rule("scale_x"), scale_rule("scale_weight"), scale_rule("scale_y"), bits_rule("y_bits"), clip_value_rule()},
    prepare_prelu};

}  // namespace witin::ops
