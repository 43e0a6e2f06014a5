// reduce_mean: y = clip8(round(sum * scale_in / (n * scale_out))), in double, each step rounded once
//
//   axis      an integer, or axes, a list; 0 is the first axis of the frame, negative: from the end. Absent: all axes
//   keepdims  the axes stay with extent 1, default true as in ONNX
//   scale_in, scale_out  default 1
//   signed    clip to [-128, 127]; false: to [0, 255]. Default true
//   rounding  "half_up" is floor(v + 0.5); "floor", "half_even", "trunc", "half_away". Default "half_up"
// The rounding is a guess: no trace of the chip's shows it.
#include "sim/ops/attributes.hpp"
#include "sim/ops/defs.hpp"
#include "sim/ops/frame_operator.hpp"
#include "sim/ops/reduction.hpp"

namespace witin::ops {
namespace {

class ReduceMean final : public FrameOperator {
 public:
  ReduceMean(const NodeContext& context, Reduction reduction, CodeRange range)
      : FrameOperator({reduction.shape, range}, context.inputs()),
        reduction_(std::move(reduction)),
        scale_in_(context.number("scale_in", 1)),
        divisor_(static_cast<double>(reduction_.count) * context.number("scale_out", 1)),
        rounding_(rounding_of(context, arith::Rounding::kHalfUp)) {}

 protected:
  Status frame(std::span<const std::span<const std::int32_t>> inputs, std::span<std::int32_t> output) const override {
    for (std::size_t i = 0; i < output.size(); ++i) {
      const double scaled = static_cast<double>(reduction_.sum(inputs[0], i)) * scale_in_;
      output[i] = arith::clamp(arith::round(scaled / divisor_, rounding_), this->output().range);
    }
    return {};
  }

 private:
  Reduction reduction_;
  double scale_in_;
  double divisor_;
  arith::Rounding rounding_;
};

Result<std::unique_ptr<Operator>> prepare_reduce_mean(const NodeContext& context) {
  auto reduction = reduction_of(context, context.flag("keepdims", true));
  if (!reduction) return std::move(reduction).error();
  const CodeRange range = context.flag("signed", true) ? signed_range(8) : unsigned_range(8);
  return {std::make_unique<ReduceMean>(context, std::move(*reduction), range)};
}

}  // namespace

const OpDef kReduceMean{"reduce_mean",
                        kOnAll,
                        1,
                        1,
                        {},
                        {{"axis", AttributeKind::kInteger},
                         {"axes", AttributeKind::kIntegers},
                         {"keepdims", AttributeKind::kBool},
                         scale_rule("scale_in", false),
                         scale_rule("scale_out", false),
                         {"signed", AttributeKind::kBool},
                         rounding_rule()},
                        prepare_reduce_mean};

}  // namespace witin::ops
