// PackedMatrix: weights from where they lie into the layout of the kernels.
#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>

#include "sim/kernels/kernel_table.hpp"
#include "sim/kernels/matmul.hpp"
#include "sim/kernels/panels.hpp"

namespace witin::kernels {
namespace packing {
namespace {

Panels panels_of(const PackedMatrix& matrix) {
  return {matrix.segments() * matrix.groups_per_run(), matrix.n(), matrix.panel()};
}

template <typename T>
T load(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

// One group of rows in columns [first, first + columns): out[column][row of the group].
template <typename From, typename To, std::size_t kGroup>
void fill_block(const WeightRows& weights, const std::array<std::int64_t, kGroup>& rows, std::int64_t first,
                std::int64_t columns, To* out) {
  const std::int64_t step = weights.step * static_cast<std::int64_t>(sizeof(From));
  for (std::size_t i = 0; i < kGroup; ++i) {
    if (rows[i] < 0 || weights.row(rows[i]) == nullptr) continue;
    const std::int64_t begin = std::max(first, weights.first(rows[i]));
    const std::int64_t end = std::min(first + columns, weights.first(rows[i]) + weights.columns);
    const std::byte* from = weights.row(rows[i]) + (begin - weights.first(rows[i])) * step;
    for (std::int64_t n = begin; n < end; ++n, from += step) {
      out[static_cast<std::size_t>(n - first) * kGroup + i] = static_cast<To>(load<From>(from));
    }
  }
}

// A whole block of bytes of four rows whose columns lie together.
void interleave_bytes(const std::array<const std::byte*, 4>& rows, std::int8_t* out) {
  using Bytes = std::int8_t __attribute__((vector_size(16)));
  const auto a = load<Bytes>(rows[0]);
  const auto b = load<Bytes>(rows[1]);
  const auto c = load<Bytes>(rows[2]);
  const auto d = load<Bytes>(rows[3]);
  const Bytes ac_low = __builtin_shufflevector(a, c, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const Bytes ac_high = __builtin_shufflevector(a, c, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  const Bytes bd_low = __builtin_shufflevector(b, d, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const Bytes bd_high = __builtin_shufflevector(b, d, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  const Bytes all[4] = {
      __builtin_shufflevector(ac_low, bd_low, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23),
      __builtin_shufflevector(ac_low, bd_low, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31),
      __builtin_shufflevector(ac_high, bd_high, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23),
      __builtin_shufflevector(ac_high, bd_high, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)};
  std::memcpy(out, all, sizeof(all));
}

template <typename From, typename To, std::size_t kGroup>
void fill(const PackedMatrix& matrix, const WeightRows& weights, To* out) {
  constexpr auto kRows = static_cast<std::int64_t>(kGroup);
  constexpr bool kBytes = sizeof(From) == 1 && sizeof(To) == 1 && kGroup == 4;
  const Panels panels = panels_of(matrix);
  const std::int64_t groups = matrix.groups_per_run();
  for (std::int64_t k = 0; k < panels.steps; ++k) {
    const std::int64_t step = packed_step(matrix.segments(), groups, k / groups, k % groups);
    const std::int64_t in_run = k % groups * kRows;
    const std::int64_t first_row = k / groups * matrix.run() + in_run;
    std::array<std::int64_t, kGroup> rows{};
    bool whole = kBytes && weights.step == 1 && weights.first_column.empty();
    for (std::size_t i = 0; i < kGroup; ++i) {
      const auto within = static_cast<std::int64_t>(i);
      rows[i] = in_run + within < matrix.run() ? first_row + within : -1;
      whole = whole && rows[i] >= 0 && weights.row(rows[i]) != nullptr;
    }
    for (std::int64_t n = 0; n < matrix.n(); n += kPanelBlock) {
      To* const block = out + panels.place(n, step) * kRows;
      const std::int64_t columns = std::min(kPanelBlock, matrix.n() - n);
      if constexpr (kBytes) {
        if (whole && columns == kPanelBlock) {
          std::array<const std::byte*, kGroup> from{};
          std::ranges::transform(rows, from.begin(), [&](std::int64_t row) { return weights.row(row) + n; });
          interleave_bytes(from, block);
          continue;
        }
      }
      fill_block<From, To, kGroup>(weights, rows, n, columns, block);
    }
  }
}

template <typename To, std::size_t kGroup>
void fill_from(const PackedMatrix& matrix, const WeightRows& weights, To* out) {
  if (weights.storage == Storage::kS8) return fill<std::int8_t, To, kGroup>(matrix, weights, out);
  if (weights.storage == Storage::kU8) return fill<std::uint8_t, To, kGroup>(matrix, weights, out);
  assert(weights.storage == Storage::kS16);
  fill<std::int16_t, To, kGroup>(matrix, weights, out);
}

template <typename T, std::size_t kGroup>
void add_columns(const PackedMatrix& matrix, const T* packed, std::int32_t* sums) {
  const Panels panels = panels_of(matrix);
  for (std::int64_t first = 0; first < matrix.n(); first += kPanelBlock) {
    std::int32_t block[kPanelBlock] = {};
    for (std::int64_t step = 0; step < panels.steps; ++step) {
      const T* from = packed + panels.place(first, step) * static_cast<std::int64_t>(kGroup);
      for (std::int32_t& sum : block) {
        for (std::size_t i = 0; i < kGroup; ++i) sum += *from++;
      }
    }
    std::copy_n(block, std::min(kPanelBlock, matrix.n() - first), sums + first);
  }
}

}  // namespace
}  // namespace packing

PackedMatrix PackedMatrix::pack(const Operands& operands, std::span<const std::int16_t> weights,
                                [[maybe_unused]] std::int64_t k, std::int64_t n, std::int64_t segments,
                                std::span<const std::int32_t> bias) {
  assert(weights.size() == static_cast<std::size_t>(k * n));
  return pack(operands, WeightRows::of(weights, n), n, segments, bias);
}

PackedMatrix PackedMatrix::pack(const Operands& operands, const WeightRows& weights, std::int64_t n,
                                std::int64_t segments, std::span<const std::int32_t> bias) {
  PackedMatrix matrix;
  matrix.operands_ = operands;
  matrix.k_ = std::ssize(weights.rows);
  matrix.n_ = n;
  matrix.segments_ = segments;
  matrix.panel_ = kernel_table(operands.isa).panel;
  assert(matrix.k_ % segments == 0);

  const auto elements = padded_columns(n) * segments * matrix.groups_per_run() * matrix.group();
  auto packed = std::make_shared<Buffer>(static_cast<std::size_t>(elements) * (matrix.wide() ? 2 : 1));
  auto sums = std::make_shared<Buffer>(static_cast<std::size_t>(n) * sizeof(std::int32_t));
  if (matrix.wide()) {
    packing::fill_from<std::int16_t, 2>(matrix, weights, packed->as<std::int16_t>());
  } else {
    packing::fill_from<std::int8_t, 4>(matrix, weights, packed->as<std::int8_t>());
  }
  if (operands.x.offset != 0 && matrix.wide()) {
    packing::add_columns<std::int16_t, 2>(matrix, packed->as<std::int16_t>(), sums->as<std::int32_t>());
  } else if (operands.x.offset != 0) {
    packing::add_columns<std::int8_t, 4>(matrix, packed->as<std::int8_t>(), sums->as<std::int32_t>());
  }
  matrix.weights_ = std::move(packed);
  matrix.column_sums_ = std::move(sums);
  return matrix.with_bias(bias);
}

std::int64_t PackedMatrix::panel_for(Isa isa, std::int64_t together) {
  const std::int64_t most = kernel_table(isa).panel;
  const std::int64_t columns = together * kPanelBlock;
  return most < columns ? most : most / columns * columns;
}

PackedMatrix PackedMatrix::adopt(const Operands& operands, std::int64_t k, std::int64_t n, std::int64_t panel,
                                 std::shared_ptr<const Buffer> weights, std::span<const std::int32_t> column_sums) {
  assert(column_sums.size() == static_cast<std::size_t>(n));
  PackedMatrix matrix;
  matrix.operands_ = operands;
  matrix.k_ = k;
  matrix.n_ = n;
  matrix.panel_ = panel;
  matrix.weights_ = std::move(weights);
  auto sums = std::make_shared<Buffer>(column_sums.size_bytes());
  std::ranges::copy(column_sums, sums->as<std::int32_t>());
  matrix.column_sums_ = std::move(sums);
  return matrix.with_bias({});
}

PackedMatrix PackedMatrix::with_bias(std::span<const std::int32_t> bias) const {
  assert(bias.empty() || bias.size() == static_cast<std::size_t>(n_));
  PackedMatrix matrix = *this;
  auto init = std::make_shared<Buffer>(static_cast<std::size_t>(padded_columns(n_)) * sizeof(std::int32_t));
  for (std::int64_t c = 0; c < n_; ++c) {
    const std::int64_t correction = std::int64_t{x_format().offset} * column_sums_->as<std::int32_t>()[c];
    const std::int64_t value = (bias.empty() ? 0 : bias[static_cast<std::size_t>(c)]) - correction;
    init->as<std::int32_t>()[c] = static_cast<std::int32_t>(value);  // modulo 2^32, as the sum that it belongs to
  }
  matrix.init_ = std::move(init);
  return matrix;
}

}  // namespace witin::kernels
