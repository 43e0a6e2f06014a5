// Depthwise convolution: groups = channels, one output per channel.
//
//   acc[oy, ox, c] = bias[c] + sum_(i,j) P[oy * stride_h + i * dilation_h, ox * stride_w + j * dilation_w, c] * w[c, i,
//   j]
//
// P is the padded HWC map of conv_geometry.hpp in x_format(). Guarantees and output as matmul.hpp; row m is the output
// pixel oy * out_width + ox, column n the channel.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "sim/kernels/conv_geometry.hpp"

namespace witin::kernels {

class PackedDepthwise {
 public:
  PackedDepthwise() = default;

  // weights: [channels, kernel_h, kernel_w]; bias: accumulator units, or empty.
  [[nodiscard]] static PackedDepthwise pack(Isa isa, const ConvGeometry& geometry,
                                            std::span<const std::int16_t> weights, CodeRange x_range,
                                            std::span<const std::int32_t> bias);

  [[nodiscard]] Isa isa() const { return isa_; }
  [[nodiscard]] XFormat x_format() const { return x_format_; }
  [[nodiscard]] const ConvGeometry& geometry() const { return geometry_; }

  // For the kernels: s16 [tap][channels], taps in row order; int32 [channels].
  [[nodiscard]] const std::int16_t* weights() const { return weights_->as<std::int16_t>(); }
  [[nodiscard]] const std::int32_t* init() const { return init_->as<std::int32_t>(); }

 private:
  Isa isa_ = Isa::kRef;
  XFormat x_format_;
  ConvGeometry geometry_;
  std::shared_ptr<const Buffer> weights_;
  std::shared_ptr<const Buffer> init_;
};

void depthwise(const PackedDepthwise& packed, const void* padded_map, const FusedRule* rule, const Output& out);

}  // namespace witin::kernels
