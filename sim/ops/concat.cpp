// concat: y = the inputs one after the other along `axis`, codes unchanged
//
//   axis  0 is the first axis of the frame, negative: from the end. Default 0
// Any number of inputs; every other axis has the same extent in all of them.
#include "sim/ops/concat.hpp"

#include <algorithm>

#include "sim/ops/codes.hpp"
#include "sim/ops/defs.hpp"

namespace witin::ops {

Result<ConcatLayout> concat_layout(const NodeContext& context) {
  const Shape& first = context.input().shape;
  const auto axis = find_axis(context, "axis", context.integer("axis", 0), first.size());
  if (!axis) return Error(axis.error());
  ConcatLayout layout;
  layout.shape = first;
  layout.shape[*axis] = 0;
  for (const ValueType& input : context.inputs()) {
    Shape fitting = input.shape;
    if (fitting.size() == first.size()) fitting[*axis] = first[*axis];
    if (fitting != first) {
      return context.node_error("node.shape", "an input does not fit the others beside axis " + std::to_string(*axis),
                                "as " + to_string(first), to_string(input.shape));
    }
    const AxisView view = view_along(input.shape, *axis);
    layout.outer = view.outer;
    layout.pieces.push_back(view.extent * view.inner);
    layout.shape[*axis] += input.shape[*axis];
  }
  return layout;
}

namespace {

class Concat final : public Operator {
 public:
  Concat(ConcatLayout layout, CodeRange range, std::span<const ValueType> inputs)
      : Operator({std::move(layout.shape), range}), outer_(layout.outer), pieces_(std::move(layout.pieces)) {
    for (const ValueType& input : inputs) storages_.push_back(input.storage());
    for (const std::size_t piece : pieces_) group_ += piece;
  }

  Status run(const Run& run) const override {
    const std::size_t groups = static_cast<std::size_t>(run.frames) * outer_;
    with_element(output().storage(), [&]<typename Y>(Y*) {
      Y* y = static_cast<Y*>(run.output);
      for (std::size_t i = 0; i < pieces_.size(); y += pieces_[i++]) {
        with_element(storages_[i], [&]<typename X>(X*) {
          const X* x = static_cast<const X*>(run.inputs[i]);
          for (std::size_t g = 0; g < groups; ++g) {
            std::transform(x + g * pieces_[i], x + (g + 1) * pieces_[i], y + g * group_,
                           [](X code) { return static_cast<Y>(code); });
          }
        });
      }
    });
    return {};
  }

 private:
  std::size_t outer_;
  std::size_t group_ = 0;  // neighbours of a group in the output
  std::vector<std::size_t> pieces_;
  std::vector<Storage> storages_;
};

Result<std::unique_ptr<Operator>> prepare_concat(const NodeContext& context) {
  auto layout = concat_layout(context);
  if (!layout) return std::move(layout).error();
  CodeRange range = context.input().range;
  for (const ValueType& input : context.inputs()) {
    range = {std::min(range.lo, input.range.lo), std::max(range.hi, input.range.hi)};
  }
  return {std::make_unique<Concat>(std::move(*layout), range, context.inputs())};
}

}  // namespace

const OpDef kConcat{
    "concat",      kOnAll, 1, std::numeric_limits<std::size_t>::max(), {}, {{"axis", AttributeKind::kInteger}},
    prepare_concat};

}  // namespace witin::ops
