#include "sim/kernels/matmul.hpp"

#include <algorithm>
#include <cassert>

#include "sim/kernels/arguments.hpp"

namespace witin::kernels {

namespace {

MatmulArgs matmul_args(const PackedMatrix& matrix, const Rows& rows, const FusedRule* rule, const Output& out) {
  assert(rows.segment_offsets != nullptr || matrix.segments() == 1);
  return {.x = rows.x,
          .x_element = element(matrix.x_format().storage),
          .rows = rows.count,
          .row_stride = rows.stride,
          .row_offsets = rows.offsets,
          .segment_offsets = rows.segment_offsets,
          .segments = matrix.segments(),
          .groups_per_run = matrix.groups_per_run(),
          .run = matrix.run(),
          .weights = matrix.weights(),
          .panel = matrix.panel(),
          .wide = matrix.wide(),
          .init = matrix.init(),
          .n = matrix.n(),
          .rule = rule_args(matrix.isa(), rule, out.storage),
          .out = output_args(out)};
}

}  // namespace

void matmul(const PackedMatrix& matrix, const Rows& rows, const FusedRule* rule, const Output& out) {
  kernel_table(matrix.isa()).matmul(matmul_args(matrix, rows, rule, out));
}

std::int64_t product_codes(const PackedMatrix& matrix, const Rows& rows, const FinishArgs& finish) {
  const auto codes = kernel_table(matrix.isa()).noise.product_codes;
  return codes == nullptr ? 0 : codes(matmul_args(matrix, rows, nullptr, {}), finish);
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
