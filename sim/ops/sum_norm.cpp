// sum_norm: y = clip(trunc(f32(s * f32(f32(1 / scale_out) / f32(sum s + 1e-7))))), s = f32(x * scale_in), in float32
//
// The sum goes along an axis, left to right with one rounding a step. Where it makes the divisor 0: a share above 0 is
// the largest code, one below 0 the smallest, and 0 / 0 is 0.
//   axis       0 is the first axis of the frame, negative: from the end. Default 0
//   scale_in, scale_out  default 1
//   signed     clip to [-128, 127] instead of [0, 255], default false
// Measured on the chip's microcontroller event.
#include "sim/arith/rounding.hpp"
#include "sim/ops/defs.hpp"
#include "sim/ops/normalise.hpp"

namespace witin::ops {
namespace {

class SumNorm final : public FrameOperator {
 public:
  SumNorm(const NodeContext& context, AxisView view)
      : FrameOperator({context.input().shape, normalised_range(context)}, context.inputs()),
        view_(view),
        scale_in_(f32_of(context, "scale_in")),
        inverse_scale_(1.0F / f32_of(context, "scale_out")) {}

 protected:
  Status frame(std::span<const std::span<const std::int32_t>> inputs, std::span<std::int32_t> output) const override {
    for (std::size_t o = 0; o < view_.outer; ++o) {
      for (std::size_t k = 0; k < view_.inner; ++k) line(inputs[0], output, o * view_.extent * view_.inner + k);
    }
    return {};
  }

 private:
  void line(std::span<const std::int32_t> x, std::span<std::int32_t> y, std::size_t first) const {
    const std::size_t end = first + view_.extent * view_.inner;
    float sum = 0;
    for (std::size_t i = first; i < end; i += view_.inner) sum += static_cast<float>(x[i]) * scale_in_;
    const float divisor = sum + 1e-7F;
    const float factor = inverse_scale_ / divisor;
    for (std::size_t i = first; i < end; i += view_.inner) {
      const float scaled = static_cast<float>(x[i]) * scale_in_;
      y[i] = arith::clamp(arith::trunc(scaled * factor), output().range);
    }
  }

  AxisView view_;
  float scale_in_;
  float inverse_scale_;
};

Result<std::unique_ptr<Operator>> prepare_sum_norm(const NodeContext& context) {
  auto view = normalised_axis(context);
  if (!view) return std::move(view).error();
  return {std::make_unique<SumNorm>(context, *view)};
}

}  // namespace

const OpDef kSumNorm{"sum_norm", kOnAll, 1, 1, {}, normalise_attributes(), prepare_sum_norm};

}  // namespace witin::ops
