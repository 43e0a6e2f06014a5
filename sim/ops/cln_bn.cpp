// cln_bn: y = clip(rne(f32(v * scale_y))), v = f32(d * f32(f32(1 / r) * 2^(left_shift/2)))
//
// Of a frame [C, T, F], statistics over C and F for every T, n = C * F <= 4096:
//   d = x - mean(sum x), r = isqrt(mean(sum d^2) * 2^left_shift), mean(s) = rne(f32(f32(clip(s, sum_bits)) / f32(n)));
//   v = 0 where r is 0. simple: d = x.
//   scale_y*
//   y_bits      2..16, default 8
//   left_shift  even, 0..28, default 8
//   sum_bits    clip of the two sums, 2..63, default 55
//   simple      default false
//   clip_value  limit of v before it is multiplied by scale_y, default 0: none
// Sums are exact; the training library adds in float32, which is the same below 2^24.
#include <algorithm>

#include "sim/arith/float32.hpp"
#include "sim/arith/isqrt.hpp"
#include "sim/ops/defs.hpp"
#include "sim/ops/frame_operator.hpp"
#include "sim/ops/library_mean.hpp"
#include "sim/ops/root.hpp"

namespace witin::ops {
namespace {

class ClnBn final : public FrameOperator {
 public:
  ClnBn(const NodeContext& context, LibraryMean mean, int left_shift)
      : FrameOperator({context.input().shape, output_range(context, true)}, context.inputs()),
        mean_(mean),
        channels_(static_cast<std::size_t>(output().shape[0])),
        times_(static_cast<std::size_t>(output().shape[1])),
        bins_(static_cast<std::size_t>(output().shape[2])),
        left_shift_(left_shift),
        step_(static_cast<float>(1 << (left_shift / 2))),
        scale_y_(f32_of(context, "scale_y")),
        simple_(context.flag("simple", false)) {}

 protected:
  Status frame(std::span<const std::span<const std::int32_t>> inputs, std::span<std::int32_t> output) const override {
    for (std::size_t t = 0; t < times_; ++t) {
      std::int64_t sum = 0;
      each(t, [&](std::size_t i) { sum += inputs[0][i]; });
      const std::int64_t centre = simple_ ? 0 : mean_(sum);
      std::int64_t squares = 0;
      each(t, [&](std::size_t i) { squares += square(inputs[0][i] - centre); });
      const float inverse = inverse_deviation(mean_(squares));
      each(t, [&](std::size_t i) {
        const auto distance = static_cast<float>(inputs[0][i] - centre);
        output[i] = arith::emit(distance * inverse, scale_y_, this->output().range);
      });
    }
    return {};
  }

 private:
  static std::int64_t square(std::int64_t d) { return d * d; }

  template <typename Function>
  void each(std::size_t t, Function&& function) const {
    for (std::size_t c = 0; c < channels_; ++c) {
      const std::size_t row = (c * times_ + t) * bins_;
      for (std::size_t i = row; i < row + bins_; ++i) function(i);
    }
  }

  [[nodiscard]] float inverse_deviation(std::int64_t variance) const {
    const std::uint64_t root = arith::isqrt(static_cast<std::uint64_t>(variance) << left_shift_);
    return root == 0 ? 0.0F : 1.0F / static_cast<float>(root) * step_;
  }

  LibraryMean mean_;
  std::size_t channels_;
  std::size_t times_;
  std::size_t bins_;
  int left_shift_;
  float step_;
  float scale_y_;
  bool simple_;
};

Result<std::unique_ptr<Operator>> prepare_cln_bn(const NodeContext& context) {
  const Shape& shape = context.input().shape;
  if (shape.size() != 3) {
    return context.node_error("node.shape", "the input has the wrong rank", "[C, T, F]", to_string(shape));
  }
  const auto values = static_cast<std::size_t>(shape[0] * shape[2]);
  if (Status checked = check_mean_values(context, values); !checked) return std::move(checked).error();
  const auto left_shift = left_shift_of(context);
  if (!left_shift) return Error(left_shift.error());
  return {std::make_unique<ClnBn>(context, LibraryMean(context, values), *left_shift)};
}

}  // namespace

const OpDef kClnBn{"cln_bn",
                   kOnAll,
                   1,
                   1,
                   {},
                   {scale_rule("scale_y"),
                    bits_rule("y_bits"),
                    left_shift_rule(),
                    sum_bits_rule(),
                    {"simple", AttributeKind::kBool},
                    clip_value_rule()},
                   prepare_cln_bn};

}  // namespace witin::ops
