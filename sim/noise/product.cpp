#include "sim/noise/product.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "sim/noise/fixed.hpp"

namespace witin::noise {
namespace {

std::int64_t largest(std::span<const std::vector<std::int16_t>> weights) {
  std::int64_t most = 1;
  for (const auto& weight : weights) {
    for (const std::int16_t w : weight) most = std::max<std::int64_t>(most, std::abs(int{w}));
  }
  return most;
}

}  // namespace

Product::Product(kernels::Isa isa, std::int64_t k, std::int64_t n, CodeRange x,
                 std::span<const std::vector<std::int16_t>> weights, std::vector<double> units)
    : k_(k), n_(n), units_(std::move(units)) {
  // Kernels that drive signed codes with an offset see up to twice the magnitude.
  const std::int64_t code = std::max<std::int64_t>({1, x.hi, -std::int64_t{x.lo}}) + (x.lo < 0 ? 128 : 0);
  const std::int64_t rows = std::max<std::int64_t>(1, ((std::int64_t{1} << 31) - 1) / (code * largest(weights)));
  const auto w = static_cast<std::int32_t>(largest(weights));
  const bool bytes = std::ranges::all_of(
      weights, [](const auto& weight) { return signed_range(8).contains(kernels::range_of(weight)); });
  const kernels::Operands operands = kernels::choose_operands(isa, x, bytes ? signed_range(8) : CodeRange{-w, w});
  for (std::int64_t first = 0; first < k; first += rows) {
    Part part{first, std::min(rows, k - first), {}};
    for (const auto& weight : weights) {
      const auto own =
          std::span(weight).subspan(static_cast<std::size_t>(first * n), static_cast<std::size_t>(part.rows * n));
      part.matrices.push_back(kernels::PackedMatrix::pack(operands, own, part.rows, n, 1, {}));
    }
    parts_.push_back(std::move(part));
  }
}

Product Product::fixed(kernels::Isa isa, std::int64_t k, std::int64_t n, CodeRange x,
                       std::span<const std::int32_t> cells, double unit) {
  std::vector<std::vector<std::int16_t>> digits(kDigits, std::vector<std::int16_t>(cells.size()));
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const FixedDigits cell = digits_of(cells[i]);
    for (std::size_t d = 0; d < kDigits; ++d) digits[d][i] = cell.digit[d];
  }
  return {isa, k, n, x, digits, {unit, 256 * unit, 65536 * unit}};
}

void Product::add(const std::int16_t* x, std::int64_t count, double* out, ops::Scratch& scratch, double factor) const {
  const ops::Scratch::Mark mark = scratch.mark();
  const auto sums = scratch.take<std::int32_t>(static_cast<std::size_t>(count * n_));
  for (const Part& part : parts_) {
    const auto elements = static_cast<std::size_t>(count * part.rows);
    std::byte* const codes = scratch.take<std::byte>(2 * elements + kernels::kReadSlack).data();
    const kernels::XFormat format = part.matrices.front().x_format();
    const kernels::Isa isa = part.matrices.front().isa();
    if (part.rows == k_) {
      kernels::convert_codes(isa, x, Storage::kS16, count * k_, format, codes);
    } else {
      for (std::int64_t m = 0; m < count; ++m) {
        kernels::convert_codes(isa, x + m * k_ + part.first, Storage::kS16, part.rows, format,
                               codes + static_cast<std::size_t>(m * part.rows) * size_of(format.storage));
      }
    }
    for (std::size_t i = 0; i < part.matrices.size(); ++i) {
      const kernels::PackedMatrix& matrix = part.matrices[i];
      kernels::matmul(matrix, {.x = codes, .count = count, .stride = part.rows}, nullptr,
                      {.data = sums.data(), .storage = Storage::kS32, .row_stride = n_});
      const double unit = units_[i] * factor;
      for (std::size_t j = 0; j < sums.size(); ++j) out[j] += unit * static_cast<double>(sums[j]);
    }
  }
  scratch.rewind(mark);
}

void Product::add_real(std::span<const double> x, std::int64_t count, double scale, double* out,
                       ops::Scratch& scratch) const {
  const ops::Scratch::Mark mark = scratch.mark();
  std::array<std::span<std::int16_t>, kDigits> digits;
  for (auto& digit : digits) digit = scratch.take<std::int16_t>(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const FixedDigits value = digits_of(to_fixed(x[i] / scale));
    for (std::size_t d = 0; d < kDigits; ++d) digits[d][i] = value.digit[d];
  }
  double factor = scale / kUnit;
  for (const auto& digit : digits) {
    add(digit.data(), count, out, scratch, factor);
    factor *= 256;
  }
  scratch.rewind(mark);
}

}  // namespace witin::noise
