#include "sim/ops/convolution.hpp"

#include <algorithm>

#include "sim/array/array_attributes.hpp"
#include "sim/package/limits.hpp"

namespace witin::ops {
namespace {

Status check_streaming(const NodeContext& context, const Convolution& convolution) {
  if (convolution.w.extent != 1) {
    return context.node_error("node.shape", "a streaming convolution takes one column a frame", "[C, H, 1]",
                              to_string(context.input().shape));
  }
  if (convolution.w.stride != 1) {
    return context.attribute_error("strides", "attribute.value", "a streaming convolution moves one frame at a time",
                                   "stride 1 along w", std::to_string(convolution.w.stride));
  }
  if (convolution.w.output_padding != 0) {
    return context.attribute_error("output_padding", "attribute.value", "a streaming convolution gives one column",
                                   "0 along w", std::to_string(convolution.w.output_padding));
  }
  return {};
}

}  // namespace

std::vector<AttributeRule> with_convolution_attributes(std::vector<AttributeRule> own) {
  const std::vector<AttributeRule> shared{
      {.name = "strides", .kind = AttributeKind::kIntegers, .lo = 1, .hi = package::limits::kGeometry, .count = 2},
      {.name = "pads", .kind = AttributeKind::kIntegers, .lo = 0, .hi = package::limits::kGeometry, .count = 4},
      {.name = "dilations", .kind = AttributeKind::kIntegers, .lo = 1, .hi = package::limits::kGeometry, .count = 2},
      {.name = "groups", .kind = AttributeKind::kInteger, .lo = 1, .hi = package::limits::kGeometry},
      {.name = "streaming", .kind = AttributeKind::kBool},
  };
  own.insert(own.end(), shared.begin(), shared.end());
  return array::with_array_attributes(std::move(own));
}

std::vector<TensorRule> convolution_tensors() {
  return {{"weight", "int8|int16", 4},
          {"weight_neg", "int8|int16", 4, false},
          {"bias", "int32", 1, false},
          {"bias_d", "int32", 1, false}};
}

Result<Convolution> read_convolution(const NodeContext& context, std::size_t grouped_axis) {
  const Shape& x = context.input().shape;
  const Shape& weight = context.tensor("weight")->shape;
  const auto positive = [](std::int64_t extent) { return extent >= 1; };
  if (x.size() != 3 || !std::ranges::all_of(x, positive)) {
    return context.node_error("node.shape", "the input is not a map", "[C, H, W]", to_string(x));
  }
  Convolution out;
  out.channels = x[0];
  out.groups = context.integer("groups", 1);
  out.streaming = context.flag("streaming", false);
  const auto strides = context.integers("strides", {1, 1});
  const auto pads = context.integers("pads", {0, 0, 0, 0});
  const auto dilations = context.integers("dilations", {1, 1});
  const auto output_padding = context.integers("output_padding", {0, 0});
  out.h = {x[1], weight[2], strides[0], pads[0], pads[2], dilations[0], output_padding[0]};
  out.w = {x[2], weight[3], strides[1], pads[1], pads[3], dilations[1], output_padding[1]};

  const std::int64_t outputs = grouped_axis == 0 ? weight[1] * out.groups : weight[0];
  if (x[0] % out.groups != 0 || outputs % out.groups != 0) {
    return context.attribute_error(
        "groups", "attribute.value", "groups do not divide the channels",
        std::string("a divisor of ") + std::to_string(x[0]) + " and " + std::to_string(outputs),
        std::to_string(out.groups));
  }
  const std::int64_t inputs = grouped_axis == 0 ? weight[0] : weight[1] * out.groups;
  if (inputs != x[0] || !std::ranges::all_of(weight, positive)) {
    return context.tensor_error("weight", "tensor.shape", "weight does not fit the input",
                                grouped_axis == 0
                                    ? std::string("[") + std::to_string(x[0]) + ", O/groups, kH, kW]"
                                    : std::string("[O, ") + std::to_string(x[0] / out.groups) + ", kH, kW]",
                                to_string(weight));
  }
  if (out.streaming) {
    if (Status checked = check_streaming(context, out); !checked) return std::move(checked).error();
  }
  return out;
}

Result<std::int64_t> frames_ahead(const NodeContext& context, const Convolution& convolution, bool transposed) {
  const array::AxisSpec& w = convolution.w;
  const std::int64_t pads = w.pad_begin + w.pad_end;
  const bool fits = transposed ? pads <= convolution.past() : pads == 0 || pads == convolution.past();
  if (fits) return transposed ? w.pad_begin : w.pad_end;
  return context.attribute_error(
      "pads", "attribute.value", "padding along w does not give one column a frame",
      std::string(transposed ? "left and right at most " : "left and right 0, or together ") +
          std::to_string(convolution.past()),
      "left " + std::to_string(w.pad_begin) + ", right " + std::to_string(w.pad_end));
}

}  // namespace witin::ops
