// What conv2d and conv_transpose2d share: the input map, the geometry attributes, and the rules of streaming.
#pragma once

#include "sim/array/axis.hpp"
#include "sim/ops/registry.hpp"

namespace witin::ops {

struct Convolution {
  array::AxisSpec h, w;
  std::int64_t channels = 0;  // of the input
  std::int64_t groups = 1;
  bool streaming = false;

  // Frames a streaming convolution keeps.
  [[nodiscard]] std::int64_t past() const { return (w.kernel - 1) * w.dilation; }
};

// Geometry and array attributes of both operators, after `own`.
[[nodiscard]] std::vector<AttributeRule> with_convolution_attributes(std::vector<AttributeRule> own);
[[nodiscard]] std::vector<TensorRule> convolution_tensors();

// `outputs`, `inputs`: the weight's axes that count them; one of the two counts channels of one group. Errors: the
// input is no map, groups that do not divide, a weight that does not fit, streaming with a stride or more than one
// column.
[[nodiscard]] Result<Convolution> read_convolution(const NodeContext& context, std::size_t grouped_axis);

// Streaming: the past frames take the place of padding along w. Only these pads mean that.
[[nodiscard]] Status check_streaming_pads(const NodeContext& context, const Convolution& convolution,
                                          std::int64_t begin, std::int64_t end);

}  // namespace witin::ops
