// Depthwise convolution: one output per channel.
//
//   acc[m, c] = bias[c] + sum_(i,j) x[row(m) + i * tap_y + j * tap_x + c] * w[c, i, j]
//   row(m)    = (m / outputs.width) * step_y + (m % outputs.width) * step_x
//
// x is a padded map with the channel fastest, in x_format(). Guarantees, slack and output as matmul.hpp; row m is an
// output pixel, column n a channel.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "sim/kernels/matmul.hpp"

namespace witin::kernels {

struct DepthwiseGeometry {
  std::int64_t channels = 1;
  std::int64_t kernel_h = 1, kernel_w = 1;
  std::int64_t step_y = 0, step_x = 0;  // elements between output rows and between output columns
  std::int64_t tap_y = 0, tap_x = 0;    // elements between kernel rows and between kernel columns
};

struct Grid {
  std::int64_t height = 1, width = 1;
};

class PackedDepthwise {
 public:
  PackedDepthwise() = default;

  // weights: [channels, kernel_h, kernel_w]; bias: accumulator units, or empty.
  [[nodiscard]] static PackedDepthwise pack(const Operands& operands, const DepthwiseGeometry& geometry,
                                            std::span<const std::int16_t> weights, std::span<const std::int32_t> bias);

  [[nodiscard]] XFormat x_format() const { return operands_.x; }

  friend void depthwise(const PackedDepthwise& packed, const void* x, const Grid& outputs, const FusedRule* rule,
                        const Output& out);

 private:
  struct Tables;  // layouts of kernel_table.hpp

  Operands operands_;
  DepthwiseGeometry geometry_;
  std::shared_ptr<const Tables> tables_;
};

}  // namespace witin::kernels
