// slice: y = x[starts[0]:ends[0]:steps[0], ...] on the named axes, as ONNX Slice
//
//   starts*  integers, one an axis; negative: from the end of the axis
//   ends*    integers, as many; the first element not taken, clipped to the axis
//   axes     integers, as many; default 0, 1, ...
//   steps    integers != 0, as many; default 1; negative: backwards
// A slice that takes nothing is refused.
#include <algorithm>

#include "sim/ops/axes.hpp"
#include "sim/ops/defs.hpp"
#include "sim/ops/gather.hpp"

namespace witin::ops {
namespace {

struct Part {
  std::int64_t start = 0;
  std::int64_t step = 1;
  std::int64_t count = 0;
};

Part part_of(std::int64_t extent, std::int64_t start, std::int64_t end, std::int64_t step) {
  if (start < 0) start += extent;
  if (end < 0) end += extent;
  if (step > 0) {
    start = std::clamp<std::int64_t>(start, 0, extent);
    end = std::clamp<std::int64_t>(end, 0, extent);
    return {start, step, end > start ? (end - start - 1) / step + 1 : 0};
  }
  start = std::clamp<std::int64_t>(start, -1, extent - 1);
  end = std::clamp<std::int64_t>(end, -1, extent - 1);
  return {start, step, start > end ? (end - start + 1) / step + 1 : 0};
}

Result<std::unique_ptr<Operator>> prepare_slice(const NodeContext& context) {
  const Shape& shape = context.input().shape;
  const auto starts = context.integers("starts", {});
  const auto ends = context.integers("ends", {});
  std::vector<std::int64_t> first_axes(starts.size());
  for (std::size_t i = 0; i < starts.size(); ++i) first_axes[i] = static_cast<std::int64_t>(i);
  const auto axes = context.integers("axes", first_axes);
  const auto steps = context.integers("steps", std::vector<std::int64_t>(starts.size(), 1));
  for (const auto& [name, size] : {std::pair{"ends", ends.size()}, {"axes", axes.size()}, {"steps", steps.size()}}) {
    if (size != starts.size()) {
      return context.attribute_error(name, "attribute.count", "attribute has the wrong length",
                                     std::to_string(starts.size()) + " numbers, as starts", std::to_string(size));
    }
  }
  View view{shape, strides_of(shape), 0};
  std::vector<bool> sliced(shape.size(), false);
  for (std::size_t i = 0; i < starts.size(); ++i) {
    auto axis = find_axis(context, "axes", axes[i], shape.size());
    if (!axis) return std::move(axis).error();
    if (sliced[*axis]) {
      return context.attribute_error("axes", "axis.repeated", "an axis is named twice", "each axis once",
                                     std::to_string(axes[i]));
    }
    if (steps[i] == 0 || steps[i] == std::numeric_limits<std::int64_t>::min()) {
      return context.attribute_error("steps", "attribute.range", "a step is not usable", "not 0",
                                     std::to_string(steps[i]));
    }
    const Part part = part_of(shape[*axis], starts[i], ends[i], steps[i]);
    if (part.count == 0) {
      return context.attribute_error(
          "starts", "slice.empty", "the slice takes nothing", "elements of an axis of " + std::to_string(shape[*axis]),
          std::to_string(starts[i]) + ":" + std::to_string(ends[i]) + ":" + std::to_string(steps[i]));
    }
    sliced[*axis] = true;
    view.start += part.start * view.strides[*axis];
    view.strides[*axis] *= part.count > 1 ? part.step : 1;
    view.shape[*axis] = part.count;
  }
  return make_gather(context, view.shape, elements_of(view));
}

}  // namespace

const OpDef kSlice{"slice",
                   kOnAll,
                   1,
                   1,
                   {},
                   {{"starts", AttributeKind::kIntegers, true},
                    {"ends", AttributeKind::kIntegers, true},
                    {"axes", AttributeKind::kIntegers},
                    {"steps", AttributeKind::kIntegers}},
                   prepare_slice};

}  // namespace witin::ops
