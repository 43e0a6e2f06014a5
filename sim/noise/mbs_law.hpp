// mbs: the variance one accumulator gets from its cells, from integer products.
//
//   sigma(x, w) = 6.4 where x = 0 or w = 0, else a + |w| s(x),  a = 12.88502
//   s(x) = 0.105176 + 9.64785e-3 x - 4.71338e-5 x^2 below 128, 3.61852 - 0.0395859 x + 1.34244e-4 x^2 from 128 on
//
// With v = |w| - 1 the square is (a + s)^2 + 2 (a + s) s v + s^2 v^2: three functions of x that meet the matrices
// [w != 0], v and v^2, the last one as 128 h + l to stay within 8 bits. The steps of the three functions keep sigma
// within 0.2 % of the law for every x and w. Source: sim/noise/noise.md.
#pragma once

#include <array>
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

  // out[m, n] = sum_k sigma(x[m, k], w[k, n])^2
  void run(const std::int16_t* x, std::int64_t count, double* out, ops::Scratch& scratch) const;

 private:
  std::int64_t k_;
  std::int64_t n_;
  std::array<Product, 3> products_;
};

}  // namespace witin::noise
