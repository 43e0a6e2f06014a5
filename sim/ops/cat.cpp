// cat: y = two inputs one after the other along `axis`, each as clip(rne(f32(f32(x / scale) * scale_y)))
//
//   scale_left*, scale_right*  scales of the first and the second input
//   scale_y*    scale of the output
//   axis        0 is the first axis of the frame, negative: from the end. Default 0
//   y_bits      2..16, default 8
//   clip_value  limit of the value before it is multiplied by scale_y, default 0: none
#include <algorithm>

#include "sim/arith/float32.hpp"
#include "sim/ops/attributes.hpp"
#include "sim/ops/code_map.hpp"
#include "sim/ops/concat.hpp"
#include "sim/ops/defs.hpp"
#include "sim/ops/frame_operator.hpp"

namespace witin::ops {
namespace {

class Cat final : public FrameOperator {
 public:
  Cat(ConcatLayout layout, std::vector<CodeTable> tables, CodeRange range, std::span<const ValueType> inputs)
      : FrameOperator({layout.shape, range}, inputs), layout_(std::move(layout)), tables_(std::move(tables)) {}

 protected:
  Status frame(std::span<const std::span<const std::int32_t>> inputs, std::span<std::int32_t> output) const override {
    auto y = output.begin();
    for (std::size_t group = 0; group < layout_.outer; ++group) {
      for (std::size_t i = 0; i < inputs.size(); ++i) {
        const auto piece = inputs[i].subspan(group * layout_.pieces[i], layout_.pieces[i]);
        y = std::ranges::transform(piece, y, [&](std::int32_t code) { return tables_[i][code]; }).out;
      }
    }
    return {};
  }

 private:
  ConcatLayout layout_;
  std::vector<CodeTable> tables_;  // of each input
};

Result<std::unique_ptr<Operator>> prepare_cat(const NodeContext& context) {
  auto layout = concat_layout(context);
  if (!layout) return std::move(layout).error();
  const float scale_y = f32_of(context, "scale_y");
  const CodeRange range = output_range(context, true);
  std::vector<CodeTable> tables;
  for (const std::size_t i : {0U, 1U}) {
    const CodeRange codes = context.input(i).range;
    if (Status checked = check_table_size(context, codes); !checked) return std::move(checked).error();
    const float scale = f32_of(context, i == 0 ? "scale_left" : "scale_right");
    tables.emplace_back(codes,
                        [=](std::int32_t x) { return arith::emit(static_cast<float>(x) / scale, scale_y, range); });
  }
  const CodeRange reached{std::min(tables[0].range().lo, tables[1].range().lo),
                          std::max(tables[0].range().hi, tables[1].range().hi)};
  return {std::make_unique<Cat>(std::move(*layout), std::move(tables), reached, context.inputs())};
}

}  // namespace

const OpDef kCat{"cat",
                 kOnAll,
                 2,
                 2,
                 {},
                 {scale_rule("scale_left"),
                  scale_rule("scale_right"),
                  scale_rule("scale_y"),
                  {"axis", AttributeKind::kInteger},
                  bits_rule("y_bits"),
                  clip_value_rule()},
                 prepare_cat};

}  // namespace witin::ops
