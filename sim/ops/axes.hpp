// Axes of a frame: axis 0 is the first axis of the shape (the frame axis is not one), -1 the last.
#pragma once

#include "sim/ops/node_context.hpp"

namespace witin::ops {

// An axis in [-rank, rank) as one in [0, rank). Error axis.range, which names the attribute.
[[nodiscard]] Result<std::size_t> find_axis(const NodeContext& context, std::string_view attribute, std::int64_t axis,
                                            std::size_t rank);

// A frame seen along one axis: element (o, i, k) lies at (o * extent + i) * inner + k.
struct AxisView {
  std::size_t outer = 1;
  std::size_t extent = 1;
  std::size_t inner = 1;
};
[[nodiscard]] AxisView view_along(const Shape& shape, std::size_t axis);

// Elements of the frame that each index of a C-order shape is away from its neighbour on every axis.
[[nodiscard]] std::vector<std::int64_t> strides_of(const Shape& shape);

}  // namespace witin::ops
