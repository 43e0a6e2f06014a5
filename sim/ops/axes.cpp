#include "sim/ops/axes.hpp"

namespace witin::ops {

Result<std::size_t> find_axis(const NodeContext& context, std::string_view attribute, std::int64_t axis,
                              std::size_t rank) {
  const auto size = static_cast<std::int64_t>(rank);
  if (axis < -size || axis >= size) {
    return context.attribute_error(
        attribute, "axis.range", "the frame has no such axis",
        rank == 0 ? "a frame with axes" : std::to_string(-size) + ".." + std::to_string(size - 1), std::to_string(axis),
        "the frame axis is not part of a shape");
  }
  return static_cast<std::size_t>(axis < 0 ? axis + size : axis);
}

AxisView view_along(const Shape& shape, std::size_t axis) {
  AxisView view;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const auto extent = static_cast<std::size_t>(shape[i]);
    (i < axis ? view.outer : i == axis ? view.extent : view.inner) *= extent;
  }
  return view;
}

std::vector<std::int64_t> strides_of(const Shape& shape) {
  std::vector<std::int64_t> strides(shape.size(), 1);
  for (std::size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return strides;
}

}  // namespace witin::ops
