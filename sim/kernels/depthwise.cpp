#include "sim/kernels/depthwise.hpp"

#include <cassert>

#include "sim/kernels/arguments.hpp"
#include "sim/kernels/x_format.hpp"

namespace witin::kernels {

PackedDepthwise PackedDepthwise::pack(Isa isa, const DepthwiseGeometry& geometry, std::span<const std::int16_t> weights,
                                      CodeRange x_range, std::span<const std::int32_t> bias) {
  const std::int64_t channels = geometry.channels;
  const std::int64_t taps = geometry.kernel_h * geometry.kernel_w;
  assert(weights.size() == static_cast<std::size_t>(channels * taps));
  PackedDepthwise packed;
  packed.isa_ = isa;
  packed.geometry_ = geometry;
  packed.x_format_ = {isa == Isa::kRef ? storage_for(x_range) : Storage::kS16, 0};
  const auto padded = static_cast<std::size_t>((channels + 63) / 64 * 64);
  auto by_tap = std::make_shared<Buffer>(static_cast<std::size_t>(taps * channels) * sizeof(std::int16_t));
  auto init = std::make_shared<Buffer>(padded * sizeof(std::int32_t));
  for (std::int64_t c = 0; c < channels; ++c) {
    std::int64_t acc = bias.empty() ? 0 : bias[static_cast<std::size_t>(c)];
    for (std::int64_t tap = 0; tap < taps; ++tap) {
      const std::int16_t w = weights[static_cast<std::size_t>(c * taps + tap)];
      by_tap->as<std::int16_t>()[tap * channels + c] = w;
      acc -= std::int64_t{packed.x_format_.offset} * w;
    }
    init->as<std::int32_t>()[c] = static_cast<std::int32_t>(acc);
  }
  packed.weights_ = std::move(by_tap);
  packed.init_ = std::move(init);
  return packed;
}

void depthwise(const PackedDepthwise& packed, const void* x, const FusedRule* rule, const Output& out) {
  const DepthwiseGeometry& g = packed.geometry();
  kernel_table(packed.isa())
      .depthwise({.x = x,
                  .x_element = element(packed.x_format().storage),
                  .channels = g.channels,
                  .out_height = g.out_height,
                  .out_width = g.out_width,
                  .kernel_h = g.kernel_h,
                  .kernel_w = g.kernel_w,
                  .step_y = g.step_y,
                  .step_x = g.step_x,
                  .tap_y = g.tap_y,
                  .tap_x = g.tap_x,
                  .weights = packed.weights(),
                  .init = packed.init(),
                  .rule = rule_args(packed.isa(), rule, out.storage),
                  .out = output_args(out)});
}

}  // namespace witin::kernels
