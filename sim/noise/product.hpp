// Exact products of codes with matrices that the integer kernels take in 8 or 16 bits, summed in wider numbers.
#pragma once

#include <span>
#include <vector>

#include "sim/kernels/matmul.hpp"
#include "sim/ops/scratch.hpp"

namespace witin::noise {

// Several matrices over the same codes: out[m, n] += sum_i unit_i sum_k x[m, k] W_i[k, n].
class Product {
 public:
  // weights: [k, n] each, within int16. x: what codes can be. Rows are cut so that every int32 sum is exact.
  Product() = default;
  Product(kernels::Isa isa, std::int64_t k, std::int64_t n, CodeRange x,
          std::span<const std::vector<std::int16_t>> weights, std::vector<double> units);

  // Cells of fixed point: three digits.
  [[nodiscard]] static Product fixed(kernels::Isa isa, std::int64_t k, std::int64_t n, CodeRange x,
                                     std::span<const std::int32_t> cells, double unit);

  // x: [count, k]; out: [count, n] += factor * the sums.
  void add(const std::int16_t* x, std::int64_t count, double* out, ops::Scratch& scratch, double factor = 1) const;

  // Real codes, cut into digits of fixed point: |x| below 511 * scale. For products of codes within +-128.
  void add_real(std::span<const double> x, std::int64_t count, double scale, double* out, ops::Scratch& scratch) const;

 private:
  struct Part {
    std::int64_t first = 0;
    std::int64_t rows = 0;
    std::vector<kernels::PackedMatrix> matrices;
  };
  std::int64_t k_ = 0;
  std::int64_t n_ = 0;
  std::vector<double> units_;
  std::vector<Part> parts_;
};

}  // namespace witin::noise
