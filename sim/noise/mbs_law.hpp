// mbs: the variance one accumulator gets from its cells, from integer products.
//
//   sigma(x, w) = 6.4 where x = 0 or w = 0, else a + |w| s(x),  a = 12.88502
//   s(x) = 0.105176 + 9.64785e-3 x - 4.71338e-5 x^2 below 128, 3.61852 - 0.0395859 x + 1.34244e-4 x^2 from 128 on
//
// With w^2 = 128 h + l, -63 <= l <= 64, and in steps of 2^-17 the square beyond 6.4^2 is
//
//   kFirst (510 [x != 0] [w != 0] + B(x) |w|) + 128 kSecond (C(x) h + floor(C(x) / 128) l)
//
// B is 2 a s in 8 bits and C is s^2 in 15, which also takes back what the rounding of B costs where |w| is around 80.
// For every single x and w sigma is within 0.4 % of the law, 0.06 % in the root of the mean of squares; and so is that
// of an accumulator, a sum of squares. Where bytes are multiplied C is 128 C1 + C0 and meets h in two bytes. All
// numbers are multiples of the step that binary64 holds: the order of the sums does not matter. Source:
// sim/noise/noise.md.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/noise/product.hpp"

namespace witin::noise {

[[nodiscard]] double mbs_sigma(std::int32_t x, std::int32_t w);

class MbsVariance {
 public:
  // weight: [k, n] within +-128; codes 0..255.
  MbsVariance(kernels::Isa isa, std::int64_t k, std::int64_t n, std::span<const std::int16_t> weight);

  using Sums = std::span<const Product::Sums>;  // of each product
  [[nodiscard]] Sums multiply(const Codes& x, std::int64_t rows, ops::Scratch& scratch) const;

  // out[m, n] = sum_k sigma(x[m, k], w[k, n])^2 of rows first .. first + count - 1.
  void variance(const Sums& sums, std::int64_t first, std::int64_t count, double* out) const;

  // The same for kernels that reckon it themselves; without z and factor. Only where finishes().
  [[nodiscard]] kernels::SquaresArgs squares(const Sums& sums, std::int64_t first) const;
  [[nodiscard]] bool finishes() const;
  // More than any sigma of an accumulator.
  [[nodiscard]] double largest_sigma() const;

 private:
  // The product of some of a row's functions of x, [function][k], from `first` on.
  struct Part {
    std::int64_t first = 0;
    Product product;
  };
  [[nodiscard]] Codes functions(const Codes& x, std::int64_t rows, ops::Scratch& scratch) const;

  kernels::Isa isa_;
  bool bytes_;  // functions of x: C1, C0, B, 255 [x != 0] of 8 bits, or C, C1, B, 255 [x != 0] of 16
  std::int64_t k_;
  std::vector<double> silent_;  // [n] the variance without any products
  std::vector<Part> parts_;
};

}  // namespace witin::noise
