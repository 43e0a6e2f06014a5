// reshape: the codes of a frame, in the order of `order`, laid out in another shape in the same order
//
//   shape*  extents; one may be -1: whatever is left
//   order   "chw": C order, the last axis fastest (ONNX, PyTorch); "memory": the chip's order of feature maps, in which
//           the first of the last three axes is fastest: [C, H, W] as W, H, C and [N, C, H, W] as N, W, H, C. Shapes
//           of less than three axes are the same in both. Default "chw"
#include "sim/ops/axes.hpp"
#include "sim/ops/defs.hpp"
#include "sim/ops/gather.hpp"

namespace witin::ops {
namespace {

Result<Shape> target_shape(const NodeContext& context) {
  Shape shape = context.integers("shape", {});
  const std::int64_t elements = context.input().elements();
  const auto mismatch = [&] {
    return context.attribute_error("shape", "reshape.elements", "the shapes hold different numbers of elements",
                                   std::to_string(elements) + ", as " + to_string(context.input().shape),
                                   to_string(context.integers("shape", {})));
  };
  std::int64_t known = 1;
  std::int64_t* open = nullptr;
  for (std::int64_t& extent : shape) {
    if (extent == -1 && open == nullptr) {
      open = &extent;
    } else if (extent < 1) {
      return context.attribute_error("shape", "attribute.range", "an extent is not usable",
                                     "extents >= 1 and at most one -1", std::to_string(extent));
    } else if (extent > elements / known) {
      return mismatch();
    } else {
      known *= extent;
    }
  }
  if (open != nullptr) *open = elements / known;
  if (element_count(shape) != elements) return mismatch();
  return shape;
}

// The axes of a shape with those of feature maps swapped: from C order to memory order, or back.
template <typename List>
List swapped(List list) {
  if (list.size() >= 3) std::swap(list[list.size() - 1], list[list.size() - 3]);
  return list;
}

Result<std::unique_ptr<Operator>> prepare_reshape(const NodeContext& context) {
  auto target = target_shape(context);
  if (!target) return std::move(target).error();
  const Shape& shape = context.input().shape;
  if (context.text("order", "chw") == "chw") {
    return make_gather(context, *target, elements_of({*target, strides_of(*target)}));
  }
  const auto element_at = elements_of({swapped(shape), swapped(strides_of(shape))});  // of x, by place in memory
  auto source = elements_of({*target, swapped(strides_of(swapped(*target)))});        // of y: its place in memory
  for (std::size_t& place : source) place = element_at[place];
  return make_gather(context, *target, source);
}

}  // namespace

const OpDef kReshape{
    "reshape",
    kOnAll,
    1,
    1,
    {},
    {{"shape", AttributeKind::kIntegers, true}, {"order", AttributeKind::kString, false, 0, 0, "chw|memory"}},
    prepare_reshape};

}  // namespace witin::ops
