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

// Streaming: frames that one output sees after its own. w is as many columns as there are frames, so that a
// convolution's pads along w add up to past(), the columns it would lose, and each column of right padding is one frame
// ahead; pads 0 mean past() past frames. A transposed convolution gives past() columns too many: left padding crops the
// first ones, each one frame ahead. Error: pads that do not give one column a frame.
[[nodiscard]] Result<std::int64_t> frames_ahead(const NodeContext& context, const Convolution& convolution,
                                                bool transposed);

}  // namespace witin::ops
