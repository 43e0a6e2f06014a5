// Exact products of codes with matrices of more than 8 bits: planes of digits that the integer kernels take, side by
// side in one packed matrix (kernels::plane_column), put together where the sums are wider.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "sim/kernels/kernel_table.hpp"
#include "sim/kernels/matmul.hpp"
#include "sim/ops/scratch.hpp"

namespace witin::noise {

// Rows of codes as they lie in memory, with kernels::kReadSlack readable bytes behind them.
struct Codes {
  const void* data = nullptr;
  Storage storage = Storage::kS16;
  std::int64_t stride = 0;  // elements from row to row

  [[nodiscard]] Codes from(std::int64_t row) const {
    return {static_cast<const std::byte*>(data) + row * stride * static_cast<std::int64_t>(size_of(storage)), storage,
            stride};
  }
};

class Product {
 public:
  Product() = default;

  // acc += unit sum_k x[k] w[k, n]. x: what codes can be. Rows are cut so that every int32 sum is exact.
  Product(kernels::Isa isa, std::int64_t k, std::int64_t n, CodeRange x, std::span<const std::int16_t> weights,
          double unit);

  // Cells of fixed point (fixed.hpp), magnitudes up to `most`, in units of `unit`. fill(row, cells): writes the n cells
  // of a row; rows are asked for in order.
  using Fill = std::function<void(std::int64_t row, std::int32_t* cells)>;
  [[nodiscard]] static Product fixed(kernels::Isa isa, std::int64_t k, std::int64_t n, CodeRange x, double unit,
                                     std::int32_t most, const Fill& fill);

  // Codes of real numbers: digits of code_bits(), of which a Product for `digit_codes` takes one after the other.
  [[nodiscard]] static int code_bits(kernels::Isa isa);
  [[nodiscard]] static CodeRange digit_codes(kernels::Isa isa);

  // Sums of `rows` rows of codes, in `scratch`.
  struct Sums {
    std::int64_t rows = 0;
    std::span<const std::span<std::int32_t>> parts;
  };
  [[nodiscard]] Sums multiply(const Codes& x, std::int64_t rows, ops::Scratch& scratch) const;

  // acc[m, n] = start[n] + units * sums of rows first .. first + count - 1; start null: acc += the same.
  void accumulate(const Sums& sums, std::int64_t first, std::int64_t count, const double* start, double* acc) const;

  // The codes of what accumulate() gives, with samples: `args` without its sums, units and margin. others: what the
  // magnitudes of everything but these sums add up to at most, in quotients; negative: they have no bound. Only
  // where finishes().
  void finish(const Sums& sums, std::int64_t first, std::int64_t count, double others, kernels::FinishArgs args) const;
  // The same of the first of these rows, without sums in memory, where makes_codes(). Returns of how many.
  [[nodiscard]] bool makes_codes(double others, const kernels::FinishArgs& args) const;
  [[nodiscard]] std::int64_t codes(const Codes& x, std::int64_t rows, double others, kernels::FinishArgs args,
                                   ops::Scratch& scratch) const;
  // Sums of rows first .. of a product of one plane, as one of the squares.
  void add_to(kernels::SquaresArgs& squares, const Sums& sums, std::int64_t first) const;
  [[nodiscard]] bool finishes() const { return parts_.size() == 1; }

  // total[m, n] += units * sums << shift of all rows, units those of fixed point; exact.
  void total(const Sums& sums, int shift, std::int64_t* total) const;

  // acc += x times the cells, in units of 2^-14, x[rows, k] real and rounded to multiples of 2^(scale_log2 - 14), below
  // 511 * 2^scale_log2: the exact sum, rounded half up once.
  void add_real(std::span<const double> x, std::int64_t rows, int scale_log2, double* acc, ops::Scratch& scratch) const;

 private:
  struct Part {
    std::int64_t first = 0;
    std::int64_t rows = 0;
    kernels::PackedMatrix matrix;
  };
  // The lowest digit of 8 bits, for codes() (kernels::LateDigit).
  struct Low {
    kernels::Buffer digits;
    std::int64_t stride = 0;
    std::vector<std::int32_t> sums;
    double norm = 0;  // of the longest column
  };
  void prepare_low();
  // Cuts K for codes and weights of these magnitudes.
  void cut(CodeRange x, std::int64_t largest_weight);
  // Codes as the matrices want them.
  [[nodiscard]] Codes converted(const Codes& x, std::int64_t rows, ops::Scratch& scratch) const;
  [[nodiscard]] float margin(const kernels::FinishArgs& args, double others) const;
  [[nodiscard]] kernels::SumsArgs view(const Sums& sums, std::size_t part, std::int64_t first,
                                       std::int64_t count) const;

  kernels::Isa isa_{};
  std::int64_t k_ = 0;
  std::int64_t n_ = 0;
  std::int64_t planes_ = 0;
  std::int64_t columns_ = 0;  // of a row of sums: all planes, in whole blocks
  double largest_sum_ = 0;    // of a plane
  std::array<double, kernels::kMostPlanes> units_{};
  std::array<int, kernels::kMostPlanes> shifts_{};  // of cells of fixed point, and of LSB: units in 2^-14 LSB
  std::vector<Part> parts_;
  std::shared_ptr<const Low> low_;  // or null
};

}  // namespace witin::noise
