// What softmax and sum_norm share: an axis, scales and the clip of the output.
#pragma once

#include "sim/ops/attributes.hpp"
#include "sim/ops/axes.hpp"
#include "sim/ops/frame_operator.hpp"

namespace witin::ops {

[[nodiscard]] inline std::vector<AttributeRule> normalise_attributes() {
  return {{"axis", AttributeKind::kInteger},
          scale_rule("scale_in", false),
          scale_rule("scale_out", false),
          {"signed", AttributeKind::kBool}};
}

[[nodiscard]] inline CodeRange normalised_range(const NodeContext& context) {
  return context.flag("signed", false) ? signed_range(8) : unsigned_range(8);
}

// The frame along attribute `axis`, default 0.
[[nodiscard]] inline Result<AxisView> normalised_axis(const NodeContext& context) {
  const Shape& shape = context.input().shape;
  const auto axis = find_axis(context, "axis", context.integer("axis", 0), shape.size());
  if (!axis) return Error(axis.error());
  if (element_count(shape) == 0) {
    return context.node_error("node.shape", "there is nothing to normalise", "at least one value", to_string(shape));
  }
  return view_along(shape, *axis);
}

}  // namespace witin::ops
