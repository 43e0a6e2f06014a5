#include "sim/kernels/matmul.hpp"

#include <algorithm>
#include <cassert>

#include "sim/kernels/arguments.hpp"

namespace witin::kernels {

CodeRange range_of(std::span<const std::int16_t> weights) {
  CodeRange range;
  for (const std::int16_t w : weights)
    range = {std::min<std::int32_t>(range.lo, w), std::max<std::int32_t>(range.hi, w)};
  return range;
}

Operands choose_operands(Isa isa, CodeRange x, CodeRange w) {
  assert(signed_range(16).contains(x) && signed_range(16).contains(w));
  const bool fits_u8 = unsigned_range(8).contains(x);
  const bool fits_s8 = signed_range(8).contains(x);
  const bool narrow = signed_range(8).contains(w) && (fits_u8 || fits_s8);
  const Operands wide{isa, {Storage::kS16, 0}, true};
  switch (isa) {
    case Isa::kRef:
      return {isa, {storage_for(x), 0}, !signed_range(8).contains(w)};
    case Isa::kAvx512vnni:  // u8 x s8, else s16 x s16
      return narrow ? Operands{isa, {Storage::kU8, fits_u8 ? 0 : 128}, false} : wide;
    case Isa::kNeon:  // s8 x s8, else s16 x s16
      return narrow ? Operands{isa, {Storage::kS8, fits_s8 ? 0 : -128}, false} : wide;
    case Isa::kSse2:  // s16 x s16
    case Isa::kAvx2:
    case Isa::kAvx512bw:
      return wide;
  }
  return wide;
}

void convert_codes(Isa isa, const void* codes, Storage from, std::int64_t count, XFormat format, void* out) {
  kernel_table(isa).convert(codes, element(from), count, out, element(format.storage), format.offset);
}

void select_codes(Isa isa, const CodeSelection& selection, const CodeMatrix& matrix, const void* codes, Storage from,
                  XFormat format, void* out) {
  kernel_table(isa).part({.codes = codes,
                          .from = element(from),
                          .count = matrix.count,
                          .rows = matrix.rows,
                          .in_stride = matrix.in_stride,
                          .out_stride = matrix.out_stride,
                          .shift = selection.shift,
                          .mask = selection.mask,
                          .positive = selection.positive,
                          .negative = selection.negative,
                          .with_sign = selection.with_sign,
                          .out = out,
                          .to = element(format.storage),
                          .offset = format.offset});
}

}  // namespace witin::kernels
