// tdnn: y[t] = rule(sum_(i, c) x[t + offset_i - offset_last, c] * weight[i C + c, n] + bias[n])     time_offsets ascend
//
// A causal delay line: what an offset ahead of the output's own frame needs has to arrive first, so that the output for
// frame t appears with frame t + offset_last. Frames before the first are zero (under neg_in "shift" the code `shift`).
// npu_x shows the whole context, oldest offset first. Source: sim/arith/numerics.md.
#include "sim/array/lowering.hpp"
#include "sim/ops/array_lowerings.hpp"
#include "sim/ops/defs.hpp"
#include "sim/package/limits.hpp"

namespace witin::ops {
Result<array::Lowering> tdnn_lowering(const NodeContext& context) {
  const std::vector<std::int64_t> offsets = context.integers("time_offsets", {});
  for (std::size_t i = 1; i < offsets.size(); ++i) {
    if (offsets[i] > offsets[i - 1]) continue;
    return context.attribute_error("time_offsets", "attribute.value", "time offsets do not ascend",
                                   "each above the one before",
                                   std::to_string(offsets[i]) + " at " + std::to_string(i));
  }
  const Shape& x = context.input().shape;
  const Shape& weight = context.tensor("weight")->shape;
  const auto taps = std::ssize(offsets);
  if (x.size() != 1 || taps < 1 || x[0] < 1 || weight[0] != x[0] * taps || weight[1] < 1) {
    return context.tensor_error("weight", "tensor.shape", "the weight's rows are not the input's codes at each offset",
                                "[K * " + std::to_string(taps) + ", N] for an input [K]",
                                to_string(weight) + " for " + to_string(x));
  }
  if (Status checked = array::check_frame_size(context, {2 * x[0], offsets.back() - offsets.front() + 1}); !checked) {
    return std::move(checked).error();
  }
  array::Lowering lowering;
  lowering.channels = x[0];
  lowering.columns = weight[1];
  lowering.h = array::convolution_axis({});
  std::vector<array::Tap> context_taps;
  for (std::int64_t i = 0; i < taps; ++i) {
    context_taps.push_back({i, i, offsets[static_cast<std::size_t>(i)] - offsets.back()});
  }
  lowering.w = array::time_axis(std::move(context_taps));
  lowering.time = true;
  lowering.shows_context = true;
  lowering.output_shape = {weight[1]};
  lowering.input = {1, 0, 0};
  lowering.output = {1, 0, 0};
  lowering.weight = {.channel = weight[1], .output = 1, .w = x[0] * weight[1]};
  return lowering;
}

namespace {

Result<std::unique_ptr<Operator>> prepare_tdnn(const NodeContext& context) {
  const Result<array::ArrayAttributes> attributes = array::read_array_attributes(context, true);
  if (!attributes) return attributes.error();
  const Result<array::Lowering> lowering = tdnn_lowering(context);
  if (!lowering) return lowering.error();
  return array::lower(context, *attributes, *lowering);
}

}  // namespace

const OpDef kTdnn{"tdnn",
                  kOnAll,
                  1,
                  1,
                  {{"weight", "int8|int16", 2},
                   {"weight_neg", "int8|int16", 2, false},
                   {"bias", "int32", 1, false},
                   {"bias_d", "int32", 1, false}},
                  array::with_array_attributes({{.name = "time_offsets",
                                                 .kind = AttributeKind::kIntegers,
                                                 .required = true,
                                                 .lo = -package::limits::kGeometry,
                                                 .hi = package::limits::kGeometry}}),
                  prepare_tdnn};

}  // namespace witin::ops
