#include "sim/ops/broadcast.hpp"

#include <algorithm>

#include "sim/ops/axes.hpp"
#include "sim/ops/gather.hpp"
#include "sim/package/limits.hpp"

namespace witin::ops {
namespace {

// The extents of the output; empty where an axis does not fit.
std::optional<Shape> common_shape(const Shape& left, const Shape& right) {
  Shape shape(std::max(left.size(), right.size()), 1);
  for (const Shape* side : {&left, &right}) {
    for (std::size_t i = 0; i < side->size(); ++i) {
      std::int64_t& extent = shape[shape.size() - side->size() + i];
      const std::int64_t own = (*side)[i];
      if (own != 1 && extent != 1 && own != extent) return std::nullopt;
      if (own != 1) extent = own;
    }
  }
  return shape;
}

// Larger shapes get no lists: the registry refuses the node that has one.
bool is_frame(const Shape& shape) {
  return element_count(shape) <= package::limits::kFrameElements;  // as each side is: no overflow
}

std::vector<std::size_t> repeated(const Shape& side, const Shape& shape) {
  View view{shape, std::vector<std::int64_t>(shape.size(), 0), 0};
  const auto strides = strides_of(side);
  for (std::size_t i = 0; i < side.size(); ++i) {
    if (side[i] != 1) view.strides[shape.size() - side.size() + i] = strides[i];
  }
  return elements_of(view);
}

}  // namespace

std::optional<Broadcast> broadcast(const Shape& left, const Shape& right) {
  auto shape = common_shape(left, right);
  if (!shape) return std::nullopt;
  if (left == right || !is_frame(*shape)) return Broadcast{std::move(*shape), {}, {}};
  auto left_elements = repeated(left, *shape);
  auto right_elements = repeated(right, *shape);
  return Broadcast{std::move(*shape), std::move(left_elements), std::move(right_elements)};
}

Result<Pair> pair_of(const NodeContext& context) {
  const Tensor* const constant = context.tensor(kConstantRight);
  if ((constant != nullptr) == (context.inputs().size() > 1)) {
    return context.node_error("node.inputs", "the operator has one right side", "a second input or a tensor 'right'",
                              constant != nullptr ? "both" : "neither");
  }
  const ValueType& left = context.input();
  const Shape& right_shape = constant != nullptr ? constant->shape : context.input(1).shape;
  auto layout = broadcast(left.shape, right_shape);
  if (!layout) {
    return context.node_error("node.shape", "the shapes cannot be broadcast", "extents that are equal or 1",
                              to_string(left.shape) + " and " + to_string(right_shape));
  }
  Pair pair;
  pair.layout = std::move(*layout);
  pair.left = left.range;
  if (constant == nullptr) {
    pair.right = context.input(1).range;
  } else {
    pair.constant = context.integers_of(kConstantRight);
    if (pair.constant.empty()) {
      return context.tensor_error(kConstantRight, "tensor.length", "tensor is empty", "codes", "none");
    }
    const auto [lo, hi] = std::ranges::minmax(pair.constant);
    pair.right = {lo, hi};
  }
  return pair;
}

}  // namespace witin::ops
