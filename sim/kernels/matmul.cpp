#include "sim/kernels/matmul.hpp"

#include <algorithm>
#include <cassert>

#include "sim/kernels/arguments.hpp"

namespace witin::kernels {
namespace {

constexpr std::int64_t kBlock = 16;  // columns: what the last panel is padded to

std::int64_t padded(std::int64_t n) { return (n + kBlock - 1) / kBlock * kBlock; }

template <typename T>
void fill(const PackedMatrix& matrix, std::span<const std::int16_t> weights, T* out) {
  const std::int64_t run = matrix.run();
  const std::int64_t group = matrix.group();
  const std::int64_t groups = matrix.segments() * matrix.groups_per_run();
  const std::int64_t panel = kernel_table(matrix.isa()).panel;
  for (std::int64_t first = 0; first < matrix.n(); first += panel) {
    const std::int64_t columns = std::min(panel, matrix.n() - first);
    T* const to = out + first * groups * group;
    for (std::int64_t k = 0; k < matrix.k(); ++k) {
      const std::int64_t step = packed_step(matrix.segments(), matrix.groups_per_run(), k / run, k % run / group);
      const std::int16_t* const row = weights.data() + k * matrix.n() + first;
      T* const at = to + step * padded(columns) * group + k % run % group;
      for (std::int64_t c = 0; c < columns; ++c) at[c * group] = static_cast<T>(row[c]);
    }
  }
}

}  // namespace

PackedMatrix PackedMatrix::pack(const Operands& operands, std::span<const std::int16_t> weights, std::int64_t k,
                                std::int64_t n, std::int64_t segments, std::span<const std::int32_t> bias) {
  assert(k % segments == 0 && weights.size() == static_cast<std::size_t>(k * n));
  PackedMatrix matrix;
  matrix.operands_ = operands;
  matrix.k_ = k;
  matrix.n_ = n;
  matrix.segments_ = segments;

  const auto elements = padded(n) * segments * matrix.groups_per_run() * matrix.group();
  auto packed = std::make_shared<Buffer>(static_cast<std::size_t>(elements) * (matrix.wide() ? 2 : 1));
  if (matrix.wide()) {
    fill(matrix, weights, packed->as<std::int16_t>());
  } else {
    fill(matrix, weights, packed->as<std::int8_t>());
  }
  matrix.weights_ = std::move(packed);

  auto sums = std::make_shared<Buffer>(static_cast<std::size_t>(n) * sizeof(std::int32_t));
  for (std::int64_t row = 0; row < k; ++row) {
    for (std::int64_t c = 0; c < n; ++c) sums->as<std::int32_t>()[c] += weights[static_cast<std::size_t>(row * n + c)];
  }
  matrix.column_sums_ = std::move(sums);
  return matrix.with_bias(bias);
}

PackedMatrix PackedMatrix::adopt(const Operands& operands, std::int64_t k, std::int64_t n,
                                 std::shared_ptr<const Buffer> weights, std::span<const std::int32_t> column_sums) {
  assert(column_sums.size() == static_cast<std::size_t>(n));
  PackedMatrix matrix;
  matrix.operands_ = operands;
  matrix.k_ = k;
  matrix.n_ = n;
  matrix.weights_ = std::move(weights);
  auto sums = std::make_shared<Buffer>(column_sums.size_bytes());
  std::ranges::copy(column_sums, sums->as<std::int32_t>());
  matrix.column_sums_ = std::move(sums);
  return matrix.with_bias({});
}

PackedMatrix PackedMatrix::with_bias(std::span<const std::int32_t> bias) const {
  assert(bias.empty() || bias.size() == static_cast<std::size_t>(n_));
  PackedMatrix matrix = *this;
  auto init = std::make_shared<Buffer>(static_cast<std::size_t>(padded(n_)) * sizeof(std::int32_t));
  for (std::int64_t c = 0; c < n_; ++c) {
    const std::int64_t correction = std::int64_t{x_format().offset} * column_sums_->as<std::int32_t>()[c];
    const std::int64_t value = (bias.empty() ? 0 : bias[static_cast<std::size_t>(c)]) - correction;
    init->as<std::int32_t>()[c] = static_cast<std::int32_t>(value);  // modulo 2^32, as the sum that it belongs to
  }
  matrix.init_ = std::move(init);
  return matrix;
}

void matmul(const PackedMatrix& matrix, const Rows& rows, const FusedRule* rule, const Output& out) {
  assert(rows.segment_offsets != nullptr || matrix.segments() == 1);
  const MatmulArgs args{.x = rows.x,
                        .x_element = element(matrix.x_format().storage),
                        .rows = rows.count,
                        .row_stride = rows.stride,
                        .row_offsets = rows.offsets,
                        .segment_offsets = rows.segment_offsets,
                        .segments = matrix.segments(),
                        .groups_per_run = matrix.groups_per_run(),
                        .run = matrix.run(),
                        .weights = matrix.weights(),
                        .wide = matrix.wide(),
                        .init = matrix.init(),
                        .n = matrix.n(),
                        .rule = rule_args(matrix.isa(), rule, out.storage),
                        .out = output_args(out)};
  kernel_table(matrix.isa()).matmul(args);
}

void apply_rule(Isa isa, const FusedRule& rule, std::span<const std::int32_t> acc, void* codes, Storage storage) {
  kernel_table(isa).apply_rule(rule_args(isa, &rule, storage), acc.data(), static_cast<std::int64_t>(acc.size()), codes,
                               element(storage));
}

void transpose_bytes(Isa isa, const void* in, std::int64_t in_stride, std::int64_t rows, std::int64_t columns,
                     bool flip, void* out, std::int64_t out_stride) {
  kernel_table(isa).transpose(
      {in, in_stride, rows, columns, out, out_stride, static_cast<std::uint8_t>(flip ? 0x80 : 0)});
}

}  // namespace witin::kernels
