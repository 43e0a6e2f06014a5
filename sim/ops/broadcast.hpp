// Operators on two frames, element by element, broadcast as NumPy does: shapes are aligned at their last axes, and an
// axis of extent 1 or a missing one is repeated.
//
// The right side is the node's second input or, where the OpDef allows it, its constant tensor `right`.
#pragma once

#include "sim/ops/frame_operator.hpp"
#include "sim/ops/node_context.hpp"

namespace witin::ops {

// For every element of the output the elements of left and right that belong to it. Empty lists: the same element.
struct Broadcast {
  Shape shape;
  std::vector<std::size_t> left;
  std::vector<std::size_t> right;
};

// Empty where the shapes cannot be broadcast.
[[nodiscard]] std::optional<Broadcast> broadcast(const Shape& left, const Shape& right);

// The two sides of a node.
struct Pair {
  Broadcast layout;
  CodeRange left;
  CodeRange right;
  std::vector<std::int32_t> constant;  // codes of tensor `right`; empty: the second input
};

inline constexpr std::string_view kConstantRight = "right";

// Errors: shapes that cannot be broadcast; both a second input and a tensor, or neither.
[[nodiscard]] Result<Pair> pair_of(const NodeContext& context);

// y = f(left, right); every f(left, right) lies in the range given.
template <typename Function>
class Elementwise final : public FrameOperator {
 public:
  Elementwise(Pair pair, CodeRange range, std::span<const ValueType> inputs, Function f)
      : FrameOperator({pair.layout.shape, range}, inputs), pair_(std::move(pair)), f_(std::move(f)) {}

 protected:
  Status frame(std::span<const std::span<const std::int32_t>> inputs, std::span<std::int32_t> output) const override {
    const std::span<const std::int32_t> constant = pair_.constant;
    const std::span<const std::int32_t> a = inputs[0];
    const std::span<const std::int32_t> b = inputs.size() > 1 ? inputs[1] : constant;
    const auto& [shape, left, right] = pair_.layout;
    if (left.empty()) {
      for (std::size_t i = 0; i < output.size(); ++i) output[i] = f_(a[i], b[i]);
    } else {
      for (std::size_t i = 0; i < output.size(); ++i) output[i] = f_(a[left[i]], b[right[i]]);
    }
    return {};
  }

 private:
  Pair pair_;
  Function f_;
};

template <typename Function>
[[nodiscard]] std::unique_ptr<Operator> make_elementwise(const NodeContext& context, Pair pair, CodeRange range,
                                                         Function f) {
  return std::make_unique<Elementwise<Function>>(std::move(pair), range, context.inputs(), std::move(f));
}

}  // namespace witin::ops
