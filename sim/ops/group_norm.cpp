// group_norm: y = wrap8(trunc(f32(fma(f32(d * inv), alpha, beta) / scale_out))), d = f32(x - m), in float32
//
// Of a frame [C, H, W] in groups of neighbouring channels, n values each: m = f32(sum / n), the sum exact;
// ss = fma(d, d, ss) over the group in memory order W, H, C (C fastest); inv = f32(1 / sqrt(f32(f32(ss / n) + 1e-7))).
//   alpha*, beta*  float32 [C], finite
//   groups*        divides C
//   scale_out      default 1
//   scale_in, signed  have no effect: the rule does not know the input's scale, and the event stores int8
// Measured on the chip's microcontroller event.
#include <cmath>

#include "sim/arith/float32.hpp"
#include "sim/ops/attributes.hpp"
#include "sim/ops/channels.hpp"
#include "sim/ops/defs.hpp"

namespace witin::ops {
namespace {

constexpr float kEpsilon = 1e-7F;

class GroupNorm final : public FrameOperator {
 public:
  GroupNorm(const NodeContext& context, std::size_t groups)
      : FrameOperator({context.input().shape, signed_range(8)}, context.inputs()),
        groups_(groups),
        channels_(static_cast<std::size_t>(output().shape[0]) / groups),
        height_(static_cast<std::size_t>(output().shape[1])),
        width_(static_cast<std::size_t>(output().shape[2])),
        alpha_(context.floats_of("alpha")),
        beta_(context.floats_of("beta")),
        scale_out_(f32_of(context, "scale_out")) {}

 protected:
  Status frame(std::span<const std::span<const std::int32_t>> inputs, std::span<std::int32_t> output) const override {
    const std::size_t size = channels_ * height_ * width_;
    for (std::size_t g = 0; g < groups_; ++g) {
      group(inputs[0].subspan(g * size, size), output.subspan(g * size, size), g * channels_);
    }
    return {};
  }

 private:
  void group(std::span<const std::int32_t> x, std::span<std::int32_t> y, std::size_t first_channel) const {
    std::int64_t sum = 0;
    for (const std::int32_t code : x) sum += code;
    const auto count = static_cast<float>(x.size());
    const float mean = static_cast<float>(sum) / count;
    float squares = 0;
    const std::size_t plane = height_ * width_;
    for (std::size_t w = 0; w < width_; ++w) {
      for (std::size_t h = 0; h < height_; ++h) {
        for (std::size_t i = h * width_ + w; i < x.size(); i += plane) {
          const float distance = static_cast<float>(x[i]) - mean;
          squares = arith::fma_f32(distance, distance, squares);
        }
      }
    }
    const float variance = squares / count + kEpsilon;
    const float inverse = 1.0F / std::sqrt(variance);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const std::size_t channel = first_channel + i / plane;
      const float distance = static_cast<float>(x[i]) - mean;
      const float value = arith::fma_f32(distance * inverse, alpha_[channel], beta_[channel]);
      y[i] = arith::wrap8(arith::trunc(value / scale_out_));
    }
  }

  std::size_t groups_;
  std::size_t channels_;  // of a group
  std::size_t height_;
  std::size_t width_;
  std::vector<float> alpha_;
  std::vector<float> beta_;
  float scale_out_;
};

// |d * inv| <= sqrt(n), so that |y| before it wraps is at most this. What leaves 32 bits has no defined code.
Status check_magnitude(const NodeContext& context, std::size_t values) {
  const auto alpha = context.doubles_of("alpha");
  const auto beta = context.doubles_of("beta");
  const double most = std::sqrt(static_cast<double>(values)) * 1.001;
  const double limit = 2147483648.0 * context.number("scale_out", 1);
  for (std::size_t c = 0; c < alpha.size(); ++c) {
    if (most * std::abs(alpha[c]) + std::abs(beta[c]) < limit) continue;
    return context.tensor_error("alpha", "tensor.range", "the output leaves the event's integers",
                                "alpha, beta and scale_out with outputs within 32 bits",
                                std::to_string(alpha[c]) + " and " + std::to_string(beta[c]));
  }
  return {};
}

Result<std::unique_ptr<Operator>> prepare_group_norm(const NodeContext& context) {
  const Shape& shape = context.input().shape;
  if (shape.size() != 3 || element_count(shape) == 0) {
    return context.node_error("node.shape", "the input is not a map", "[C, H, W]", to_string(shape));
  }
  const auto channels = static_cast<std::size_t>(shape[0]);
  const auto groups = static_cast<std::size_t>(context.integer("groups", 1));
  if (channels % groups != 0) {
    return context.attribute_error("groups", "attribute.value", "the groups do not divide the channels",
                                   "a divisor of " + std::to_string(channels), std::to_string(groups));
  }
  for (const std::string_view role : {"alpha", "beta"}) {
    if (Status checked = check_channels(context, role, channels); !checked) return std::move(checked).error();
  }
  const auto values = static_cast<std::size_t>(element_count(shape)) / groups;
  if (Status checked = check_magnitude(context, values); !checked) return std::move(checked).error();
  return {std::make_unique<GroupNorm>(context, groups)};
}

}  // namespace

const OpDef kGroupNorm{"group_norm",
                       kOnAll,
                       1,
                       1,
                       {{"alpha", "float32", 1}, {"beta", "float32", 1}},
                       {{"groups", AttributeKind::kInteger, true, 1, 65536},
                        scale_rule("scale_in", false),
                        scale_rule("scale_out", false),
                        {"signed", AttributeKind::kBool}},
                       prepare_group_norm};

}  // namespace witin::ops
