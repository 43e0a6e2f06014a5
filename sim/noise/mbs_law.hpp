// mbs: the variance one accumulator gets from its cells, from integer products.
//
//   sigma(x, w) = 6.4 where x = 0 or w = 0, else a + |w| s(x),  a = 12.88502
//   s(x) = 0.105176 + 9.64785e-3 x - 4.71338e-5 x^2 below 128, 3.61852 - 0.0395859 x + 1.34244e-4 x^2 from 128 on
//
// With v = |w| - 1 the square is (a + s)^2 + 2 (a + s) s v + s^2 v^2: three functions of x that meet the matrices
// [w != 0], v and v^2, the last one as 128 h + l to stay within 8 bits.
//
// Of up to kFewRows rows the functions have 12 bits and more: sigma is within 0.2 % of the law for every x and w. Of
// more rows they have 8 bits; the two that v multiplies are rounded down after adding a number of [0, 1) of the row's
// own, (k 40503 mod 2^16) 2^-16 for row k: errors of single cells average out over the rows, and the sigma of an
// accumulator is within 0.3 % of the law. Source: sim/noise/noise.md.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "sim/noise/product.hpp"

namespace witin::noise {

inline constexpr std::int64_t kFewRows = 255;

[[nodiscard]] double mbs_sigma(std::int32_t x, std::int32_t w);

class MbsVariance {
 public:
  // weight: [k, n] within +-128; codes 0..255.
  MbsVariance(kernels::Isa isa, std::int64_t k, std::int64_t n, std::span<const std::int16_t> weight);

  using Sums = std::array<Product::Sums, 3>;
  [[nodiscard]] Sums multiply(const Codes& x, std::int64_t rows, ops::Scratch& scratch) const;

  // out[m, n] = sum_k sigma(x[m, k], w[k, n])^2 of rows first .. first + count - 1.
  void variance(const Sums& sums, std::int64_t first, std::int64_t count, double* out) const;

 private:
  [[nodiscard]] Sums multiply_wide(const std::uint8_t* x, std::int64_t stride, std::int64_t rows,
                                   ops::Scratch& scratch) const;

  kernels::Isa isa_;
  std::int64_t k_;
  std::vector<double> silent_;  // [n] the variance without any products
  std::vector<float> dither_;   // [k]; empty: few rows
  std::array<Product, 3> products_;
};

}  // namespace witin::noise
