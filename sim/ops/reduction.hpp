// Sums over axes of a frame: shared by mean and reduce_mean.
#pragma once

#include "sim/ops/node_context.hpp"

namespace witin::ops {

struct Reduction {
  Shape shape;                       // of the output
  std::size_t count = 1;             // values in every sum
  std::vector<std::size_t> sources;  // the elements of the input that each sum adds up, sum after sum

  // The exact sum that belongs to one element of the output.
  [[nodiscard]] std::int64_t sum(std::span<const std::int32_t> codes, std::size_t element) const;
};

// Over the axes of attribute `axis` (an integer) or `axes` (a list), all of them where neither is given. keepdims: they
// stay in the shape with extent 1. Errors: axis.range, axis.repeated; node.shape where there is nothing to sum.
[[nodiscard]] Result<Reduction> reduction_of(const NodeContext& context, bool keepdims);

}  // namespace witin::ops
