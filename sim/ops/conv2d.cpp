// conv2d: y[o, i, j] = rule(sum_(c, u, v) x[c, i sh + u dh - top, j sw + v dw - left] weight[o, c, u, v] + bias[o])
//
// A padded pixel is 0, under neg_in "shift" the code `shift`. With groups an output sees the channels of its group.
// streaming: w is time and a frame is one column [C, H, 1]; its y sees the (kW - 1) dw frames before it, or with right
// padding r the (kW - 1) dw - r before and the r after it. Frames that do not exist are padded pixels. Sources:
// sim/arith/numerics.md, sim/package/format.md.
#include "sim/array/lowering.hpp"
#include "sim/ops/array_lowerings.hpp"
#include "sim/ops/convolution.hpp"
#include "sim/ops/defs.hpp"

namespace witin::ops {
Result<array::Lowering> conv2d_lowering(const NodeContext& context) {
  const Result<Convolution> convolution = read_convolution(context, 1);
  if (!convolution) return convolution.error();
  const array::AxisSpec& h = convolution->h;
  const array::AxisSpec& w = convolution->w;
  const Shape& weight = context.tensor("weight")->shape;

  array::Lowering lowering;
  lowering.channels = convolution->channels;
  lowering.columns = weight[0];
  lowering.groups = convolution->groups;
  lowering.time = convolution->streaming;
  const std::int64_t height = array::convolution_outputs(h);
  const std::int64_t width = lowering.time ? 1 : array::convolution_outputs(w);
  if (height < 1 || width < 1) {
    return context.node_error(
        "node.shape", "the kernel is larger than the padded input",
        "a dilated kernel within " + std::to_string(h.extent + h.pad_begin + h.pad_end) + " x " +
            std::to_string(w.extent + w.pad_begin + w.pad_end),
        std::to_string((h.kernel - 1) * h.dilation + 1) + " x " + std::to_string((w.kernel - 1) * w.dilation + 1));
  }
  lowering.output_shape = {weight[0], height, width};
  if (Status checked = array::check_frame_size(context, lowering.output_shape); !checked) {
    return std::move(checked).error();
  }
  lowering.h = array::convolution_axis(h);
  if (lowering.time) {
    const Result<std::int64_t> ahead = frames_ahead(context, *convolution, false);
    if (!ahead) return ahead.error();
    std::vector<array::Tap> taps;
    for (std::int64_t k = 0; k < w.kernel; ++k) taps.push_back({k, k, k * w.dilation - convolution->past() + *ahead});
    lowering.w = array::time_axis(std::move(taps));
  } else {
    lowering.w = array::convolution_axis(w);
  }
  lowering.input = array::map_strides(h.extent, w.extent);
  lowering.output = array::map_strides(height, width);
  const std::int64_t taps = weight[2] * weight[3];
  const std::int64_t each = weight[1] * taps;  // of one output
  lowering.weight = {weight[0] / lowering.groups * each, taps, each, weight[3], 1};
  return lowering;
}

namespace {

Result<std::unique_ptr<Operator>> prepare_conv2d(const NodeContext& context) {
  const Result<array::ArrayAttributes> attributes = array::read_array_attributes(context, false);
  if (!attributes) return attributes.error();
  const Result<array::Lowering> lowering = conv2d_lowering(context);
  if (!lowering) return lowering.error();
  return array::lower(context, *attributes, *lowering);
}

}  // namespace

const OpDef kConv2d{"conv2d", kOnAll, 1, 1, convolution_tensors(), with_convolution_attributes({}), prepare_conv2d};

}  // namespace witin::ops
