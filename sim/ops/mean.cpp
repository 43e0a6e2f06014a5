// mean: y = rne(f32(f32(clip(sum x, sum_bits)) / f32(n))), the n values along an axis or of the whole frame, n <= 4096
//
// Codes keep their scale. The sum is exact.
//   axis      0 is the first axis of the frame, negative: from the end. Absent: all axes
//   keepdims  the axis stays with extent 1, default false
//   sum_bits  the sum is clipped to [-2^(sum_bits-1), 2^(sum_bits-1) - 1]; 2..63, default 55
#include "sim/ops/defs.hpp"
#include "sim/ops/frame_operator.hpp"
#include "sim/ops/library_mean.hpp"
#include "sim/ops/reduction.hpp"

namespace witin::ops {
namespace {

class Mean final : public FrameOperator {
 public:
  Mean(Reduction reduction, LibraryMean mean, CodeRange range, const ValueType& input)
      : FrameOperator({reduction.shape, range}, std::span(&input, 1)), reduction_(std::move(reduction)), mean_(mean) {}

 protected:
  Status frame(std::span<const std::span<const std::int32_t>> inputs, std::span<std::int32_t> output) const override {
    for (std::size_t i = 0; i < output.size(); ++i) {
      output[i] = static_cast<std::int32_t>(mean_(reduction_.sum(inputs[0], i)));
    }
    return {};
  }

 private:
  Reduction reduction_;
  LibraryMean mean_;
};

Result<std::unique_ptr<Operator>> prepare_mean(const NodeContext& context) {
  auto reduction = reduction_of(context, context.flag("keepdims", false));
  if (!reduction) return std::move(reduction).error();
  if (Status checked = check_mean_values(context, reduction->count); !checked) return std::move(checked).error();
  const LibraryMean mean(context, reduction->count);
  const ValueType& x = context.input();
  const auto count = static_cast<std::int64_t>(reduction->count);
  const CodeRange range{static_cast<std::int32_t>(mean(x.range.lo * count)),
                        static_cast<std::int32_t>(mean(x.range.hi * count))};
  return {std::make_unique<Mean>(std::move(*reduction), mean, range, x)};
}

}  // namespace

const OpDef kMean{"mean",      kOnAll,
                  1,           1,
                  {},          {{"axis", AttributeKind::kInteger}, {"keepdims", AttributeKind::kBool}, sum_bits_rule()},
                  prepare_mean};

}  // namespace witin::ops
