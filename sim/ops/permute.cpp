// permute: axis i of y is axis axes[i] of x, as ONNX Transpose
//
//   axes*  integers, each axis of the frame once; negative: from the end
#include "sim/ops/axes.hpp"
#include "sim/ops/defs.hpp"
#include "sim/ops/gather.hpp"

namespace witin::ops {
namespace {

Result<std::unique_ptr<Operator>> prepare_permute(const NodeContext& context) {
  const Shape& shape = context.input().shape;
  const auto axes = context.integers("axes", {});
  const auto strides = strides_of(shape);
  View view;
  std::vector<bool> used(shape.size(), false);
  for (const std::int64_t given : axes) {
    auto axis = find_axis(context, "axes", given, shape.size());
    if (!axis) return std::move(axis).error();
    if (used[*axis]) {
      return context.attribute_error("axes", "axis.repeated", "an axis is named twice", "each axis once",
                                     std::to_string(given));
    }
    used[*axis] = true;
    view.shape.push_back(shape[*axis]);
    view.strides.push_back(strides[*axis]);
  }
  if (axes.size() != shape.size()) {
    return context.attribute_error("axes", "attribute.count", "attribute has the wrong length",
                                   std::to_string(shape.size()) + " axes", std::to_string(axes.size()));
  }
  return make_gather(context, view.shape, elements_of(view));
}

}  // namespace

const OpDef kPermute{"permute", kOnAll, 1, 1, {}, {{"axes", AttributeKind::kIntegers, true}}, prepare_permute};

}  // namespace witin::ops
