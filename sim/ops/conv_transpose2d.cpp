// conv_transpose2d: acc[o, i, j] += x[c, p, q] weight[c, o, u, v] wherever i = p sh + u dh - top, j = q sw + v dw -
// left
//
//   y[o, i, j] = rule(acc[o, i, j] + bias[o]),  H' = (H - 1) sh - top - bottom + dh (kH - 1) + output_padding + 1
//
// Equivalent to the convolution with the flipped kernel over the zero-stuffed input, whose rows are the array's.
// streaming: w is time, a frame is one column [C, H, 1]; of the columns the taps spread over only the one of the frame
// itself is produced, from it and the (kW - 1) dw frames before it. Left padding crops the first columns, so that the
// output of a frame sees as many frames after it. neg_in "shift" does not exist: the stuffed zeros
// would have to be shifted too. Sources: sim/arith/numerics.md, sim/package/format.md.
#include "sim/array/array_attributes.hpp"
#include "sim/array/lowering.hpp"
#include "sim/ops/array_lowerings.hpp"
#include "sim/ops/convolution.hpp"
#include "sim/ops/defs.hpp"
#include "sim/package/limits.hpp"

namespace witin::ops {
namespace {

Status check_output_padding(const NodeContext& context, const array::AxisSpec& axis) {
  if (axis.output_padding < std::max(axis.stride, axis.dilation)) return {};
  return context.attribute_error("output_padding", "attribute.value", "output padding is not below stride or dilation",
                                 "below " + std::to_string(std::max(axis.stride, axis.dilation)),
                                 std::to_string(axis.output_padding));
}

}  // namespace

Result<array::Lowering> conv_transpose2d_lowering(const NodeContext& context) {
  const Result<Convolution> convolution = read_convolution(context, 0);
  if (!convolution) return convolution.error();
  const array::AxisSpec& h = convolution->h;
  const array::AxisSpec& w = convolution->w;
  for (const array::AxisSpec& axis : {h, w}) {
    if (Status checked = check_output_padding(context, axis); !checked) return std::move(checked).error();
  }
  const Shape& weight = context.tensor("weight")->shape;

  array::Lowering lowering;
  lowering.channels = convolution->channels;
  lowering.groups = convolution->groups;
  lowering.columns = weight[1] * lowering.groups;
  lowering.time = convolution->streaming;
  const std::int64_t height = array::transposed_outputs(h);
  const std::int64_t width = lowering.time ? 1 : array::transposed_outputs(w);
  if (height < 1 || width < 1) {
    return context.attribute_error("pads", "attribute.value", "padding leaves nothing of the output",
                                   "at least 1 x 1 outputs", std::to_string(height) + " x " + std::to_string(width));
  }
  lowering.output_shape = {lowering.columns, height, width};
  if (Status checked = array::check_frame_size(context, lowering.output_shape); !checked) {
    return std::move(checked).error();
  }
  lowering.h = array::transposed_axis(h);
  if (lowering.time) {
    const Result<std::int64_t> ahead = frames_ahead(context, *convolution, true);
    if (!ahead) return ahead.error();
    std::vector<array::Tap> taps;
    for (std::int64_t k = w.kernel - 1; k >= 0; --k) taps.push_back({k, w.kernel - 1 - k, *ahead - k * w.dilation});
    lowering.w = array::time_axis(std::move(taps));
  } else {
    lowering.w = array::transposed_axis(w);
  }
  lowering.input = array::map_strides(h.extent, w.extent);
  lowering.output = array::map_strides(height, width);
  const std::int64_t taps = weight[2] * weight[3];
  const std::int64_t each = weight[1] * taps;  // of one channel
  lowering.weight = {lowering.channels / lowering.groups * each, each, taps, weight[3], 1};
  return lowering;
}

namespace {

Result<std::unique_ptr<Operator>> prepare_conv_transpose2d(const NodeContext& context) {
  const Result<array::ArrayAttributes> attributes = array::read_array_attributes(context, false);
  if (!attributes) return attributes.error();
  if (attributes->neg_in == NegIn::kShift) {
    return context.attribute_error("neg_in", "attribute.value", "a transposed convolution cannot be shifted",
                                   "\"none\" or \"pn\"", "\"shift\"");
  }
  const Result<array::Lowering> lowering = conv_transpose2d_lowering(context);
  if (!lowering) return lowering.error();
  return array::lower(context, *attributes, *lowering);
}

}  // namespace

const OpDef kConvTranspose2d{"conv_transpose2d",
                             kOnAll,
                             1,
                             1,
                             convolution_tensors(),
                             with_convolution_attributes({{.name = "output_padding",
                                                           .kind = AttributeKind::kIntegers,
                                                           .lo = 0,
                                                           .hi = package::limits::kGeometry,
                                                           .count = 2}}),
                             prepare_conv_transpose2d};

}  // namespace witin::ops
