// y[i] = x[source[i]] within every frame: the codes of a frame in another order, or some of them. For slice, permute
// and reshape; the storage of the codes does not change.
#pragma once

#include "sim/ops/node_context.hpp"

namespace witin::ops {

// A strided view of a frame: element (i0, i1, ...) of `shape` lies at start + sum(i * stride).
struct View {
  Shape shape;
  std::vector<std::int64_t> strides;
  std::int64_t start = 0;
};

// Where the elements of a view lie, in C order of the view.
[[nodiscard]] std::vector<std::size_t> elements_of(const View& view);

// `source`: for every element of the output, of shape `output`, its element in the node's first input.
[[nodiscard]] std::unique_ptr<Operator> make_gather(const NodeContext& context, Shape output,
                                                    const std::vector<std::size_t>& source);

}  // namespace witin::ops
