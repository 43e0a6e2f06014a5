// The products and convolutions that benchmarks run, on random codes and weights that peers can be given as well.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/kernels/depthwise.hpp"
#include "sim/kernels/matmul.hpp"
#include "tests/bench/shapes.hpp"

namespace witin::bench {

// x[m, k] * w[k, n].
class MatmulLayer {
 public:
  MatmulLayer(kernels::Isa isa, MatmulShape shape, CodeRange range);

  // Codes with a rule, accumulators (s32) without one; row-major [m, n].
  void run(const kernels::FusedRule* rule, Storage storage, void* y) const;

  [[nodiscard]] const std::vector<std::uint8_t>& x() const { return codes_; }
  [[nodiscard]] const std::vector<std::int16_t>& w() const { return weights_; }

 private:
  MatmulShape shape_;
  std::vector<std::uint8_t> codes_;
  std::vector<std::int16_t> weights_;
  kernels::PackedMatrix packed_;
  kernels::Buffer x_;
};

// 3 x 3 over a map of [side + 2, side + 2, channels], whose border is 0 (the padding).
class ConvLayer {
 public:
  ConvLayer(kernels::Isa isa, ConvShape shape);

  // Codes with a rule, accumulators (s32) without one; [pixels, outputs], or [outputs, pixels] with chw.
  void run(const kernels::FusedRule* rule, Storage storage, bool chw, void* y) const;

  [[nodiscard]] std::int64_t values() const { return shape_.side * shape_.side * shape_.outputs; }
  // [side, side, channels]
  [[nodiscard]] std::vector<std::uint8_t> x() const;
  // [3, 3, channels, outputs]; depthwise [channels, 3, 3].
  [[nodiscard]] const std::vector<std::int16_t>& w() const { return weights_; }

 private:
  ConvShape shape_;
  std::vector<std::uint8_t> codes_;  // with the border
  std::vector<std::int16_t> weights_;
  std::vector<std::int64_t> rows_, segments_;
  kernels::PackedMatrix packed_;
  kernels::PackedDepthwise packed_depthwise_;
  kernels::Buffer x_;
};

}  // namespace witin::bench
