// Frames side by side along an axis: shared by concat and cat.
#pragma once

#include "sim/ops/axes.hpp"
#include "sim/ops/operator.hpp"

namespace witin::ops {

// What concatenating the node's inputs along its attribute `axis` (default 0) gives.
struct ConcatLayout {
  Shape shape;
  std::size_t outer = 1;            // groups a frame
  std::vector<std::size_t> pieces;  // neighbours that each input gives to a group
};

// Errors: another rank or another extent on an axis that is not concatenated; axis.range.
[[nodiscard]] Result<ConcatLayout> concat_layout(const NodeContext& context);

}  // namespace witin::ops
