// From an operator's tensors and geometry to matrices over patches: where linear, conv2d, conv_transpose2d and tdnn
// become one ArrayOperator. One matrix for each group and each pair of phases.
#pragma once

#include <memory>

#include "sim/array/array_attributes.hpp"
#include "sim/array/axis.hpp"
#include "sim/ops/node_context.hpp"

namespace witin::array {

struct Strides {
  std::int64_t channel = 0, h = 0, w = 0;
};

// In the weight tensor; channel and output count within the group.
struct WeightStrides {
  std::int64_t group = 0, channel = 0, output = 0, h = 0, w = 0;

  [[nodiscard]] std::int64_t place(std::int64_t group_index, std::int64_t channel_index, std::int64_t output_index,
                                   std::int64_t kh, std::int64_t kw) const {
    return group_index * group + channel_index * channel + output_index * output + kh * h + kw * w;
  }
};

struct Lowering {
  std::int64_t channels = 0;  // of the input; groups divides it
  std::int64_t columns = 0;   // outputs of all groups; groups divides it
  std::int64_t groups = 1;
  Axis h, w;
  bool time = false;           // w counts frames
  bool shows_context = false;  // ArrayGeometry
  Shape output_shape;
  Strides input, output;  // in the memory of a frame
  WeightStrides weight;
};

// Strides of a map [C, H, W].
[[nodiscard]] inline Strides map_strides(std::int64_t height, std::int64_t width) { return {height * width, width, 1}; }

// Refuses frames and planes larger than package::limits::kFrameElements. To be called before an axis is made: padding
// and strides can ask for far more outputs than the package holds data. Error "node.frame_size".
[[nodiscard]] Status check_frame_size(const ops::NodeContext& context, const Shape& shape);

// Reads and checks the node's tensors "weight", "weight_neg", "bias" and "bias_d", whose ranks and weight shape the
// caller has checked. Errors: those of read_array_tensors and OutputRule, "node.frame_size".
[[nodiscard]] Result<std::unique_ptr<ops::Operator>> lower(const ops::NodeContext& context,
                                                           const ArrayAttributes& attributes, const Lowering& lowering);

}  // namespace witin::array
