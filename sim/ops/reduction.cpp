#include "sim/ops/reduction.hpp"

#include "sim/ops/axes.hpp"
#include "sim/ops/gather.hpp"

namespace witin::ops {
namespace {

Result<std::vector<bool>> reduced_axes(const NodeContext& context) {
  const std::size_t rank = context.input().shape.size();
  const bool list = context.has("axes");
  if (list && context.has("axis")) {
    return context.attribute_error("axes", "attribute.value", "axes cannot stand beside axis", "one of them", "both");
  }
  if (!list && !context.has("axis")) return std::vector<bool>(rank, true);
  std::vector<bool> reduced(rank, false);
  const std::string_view name = list ? "axes" : "axis";
  for (const std::int64_t given : list ? context.integers("axes", {}) : std::vector{context.integer("axis", 0)}) {
    const auto axis = find_axis(context, name, given, rank);
    if (!axis) return Error(axis.error());
    if (reduced[*axis]) {
      return context.attribute_error(name, "axis.repeated", "an axis is named twice", "each axis once",
                                     std::to_string(given));
    }
    reduced[*axis] = true;
  }
  return reduced;
}

}  // namespace

Result<Reduction> reduction_of(const NodeContext& context, bool keepdims) {
  const Shape& shape = context.input().shape;
  const auto reduced = reduced_axes(context);
  if (!reduced) return Error(reduced.error());
  if (element_count(shape) == 0) {
    return context.node_error("node.shape", "there is nothing to take the mean of", "at least one value",
                              to_string(shape));
  }
  Reduction reduction;
  const auto strides = strides_of(shape);
  View kept;
  View summed;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    View& view = (*reduced)[i] ? summed : kept;
    view.shape.push_back(shape[i]);
    view.strides.push_back(strides[i]);
    if (!(*reduced)[i] || keepdims) reduction.shape.push_back((*reduced)[i] ? 1 : shape[i]);
  }
  reduction.count = static_cast<std::size_t>(element_count(summed.shape));
  kept.shape.insert(kept.shape.end(), summed.shape.begin(), summed.shape.end());
  kept.strides.insert(kept.strides.end(), summed.strides.begin(), summed.strides.end());
  reduction.sources = elements_of(kept);
  return reduction;
}

std::int64_t Reduction::sum(std::span<const std::int32_t> codes, std::size_t element) const {
  std::int64_t total = 0;
  for (const std::size_t source : std::span(sources).subspan(element * count, count)) total += codes[source];
  return total;
}

}  // namespace witin::ops
