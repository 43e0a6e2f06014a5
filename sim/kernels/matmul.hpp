// acc[m, n] = sum_k x[m, k] * w[k, n] + bias[n] in exact int32, then optionally an output rule.
//
// Weights are packed once per node; inputs are read where they lie, through tables of row and segment offsets, so a
// convolution over a padded map with the channel fastest needs no im2col: one row per output pixel, one segment per run
// of consecutive codes of its patch. The caller guarantees K * max|x| * max|w| + |bias| < 2^31 and K within 2^24.
// Nothing here allocates after packing, and every function may run on many threads at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "sim/kernels/buffer.hpp"
#include "sim/kernels/fused_rule.hpp"
#include "sim/kernels/isa.hpp"
#include "sim/kernels/weight_rows.hpp"
#include "witin/types.hpp"

namespace witin::kernels {

// How a kernel wants its input: element = code + offset. Made from codes by convert_codes.
struct XFormat {
  Storage storage = Storage::kU8;  // kU8, kS8 or kS16
  std::int32_t offset = 0;
  friend bool operator==(const XFormat&, const XFormat&) = default;
};

// What a path multiplies: elements of x with weights of 8 or, where codes or weights need them, 16 bits.
struct Operands {
  Isa isa = Isa::kRef;
  XFormat x;
  bool wide = false;  // s16 weights
};

// x: the input codes to expect, w: the weights; both within int16.
[[nodiscard]] Operands choose_operands(Isa isa, CodeRange x, CodeRange w);
[[nodiscard]] CodeRange range_of(std::span<const std::int16_t> weights);

// A [K, N] matrix in the layout of one instruction set, with its bias. Copies share the weights.
class PackedMatrix {
 public:
  PackedMatrix() = default;

  // weights: row-major [k, n], which the operands must hold. K consists of `segments` equal runs; a run is contiguous
  // in the input, runs need not be. bias: n accumulator units, or empty for 0.
  [[nodiscard]] static PackedMatrix pack(const Operands& operands, std::span<const std::int16_t> weights,
                                         std::int64_t k, std::int64_t n, std::int64_t segments,
                                         std::span<const std::int32_t> bias);
  // The same with weights as they lie; k rows.
  [[nodiscard]] static PackedMatrix pack(const Operands& operands, const WeightRows& weights, std::int64_t n,
                                         std::int64_t segments, std::span<const std::int32_t> bias);
  // Weights that lie in that layout already, of one run, without a bias, in panels of so many columns. column_sums:
  // [n], their sums over k.
  [[nodiscard]] static PackedMatrix adopt(const Operands& operands, std::int64_t k, std::int64_t n, std::int64_t panel,
                                          std::shared_ptr<const Buffer> weights,
                                          std::span<const std::int32_t> column_sums);
  // Columns of a panel of a matrix to adopt(), so that few panels cut `together` blocks of 16 columns.
  [[nodiscard]] static std::int64_t panel_for(Isa isa, std::int64_t together);
  // The same weights with another bias.
  [[nodiscard]] PackedMatrix with_bias(std::span<const std::int32_t> bias) const;

  [[nodiscard]] Isa isa() const { return operands_.isa; }
  [[nodiscard]] std::int64_t k() const { return k_; }
  [[nodiscard]] std::int64_t n() const { return n_; }
  [[nodiscard]] std::int64_t segments() const { return segments_; }
  [[nodiscard]] XFormat x_format() const { return operands_.x; }

  // For the kernels. Weights: [panel of columns][step][column][group], group = 4 bytes (s8) or 2 words (s16), zero
  // filled. The last panel has what is left of N, rounded up to 16. Steps:
  // packed_step() of kernel_table.hpp. init: bias minus what x_format's offset adds, [N rounded up to 16].
  [[nodiscard]] bool wide() const { return operands_.wide; }
  [[nodiscard]] std::int64_t run() const { return k_ / segments_; }
  [[nodiscard]] std::int64_t groups_per_run() const { return (run() + group() - 1) / group(); }
  [[nodiscard]] std::int64_t group() const { return wide() ? 2 : 4; }
  [[nodiscard]] std::int64_t panel() const { return panel_; }
  [[nodiscard]] const void* weights() const { return weights_->data(); }
  [[nodiscard]] const std::int32_t* init() const { return init_->as<std::int32_t>(); }

 private:
  Operands operands_;
  std::int64_t k_ = 0;
  std::int64_t n_ = 0;
  std::int64_t segments_ = 1;
  std::int64_t panel_ = 0;
  std::shared_ptr<const Buffer> weights_;
  std::shared_ptr<const Buffer> init_;
  std::shared_ptr<const Buffer> column_sums_;  // int32 [n]; zeros where the offset is 0
};

// Where the rows of x are. Offsets count elements of x_format().storage from `x`. Up to kReadSlack bytes behind the
// last element of the last row must be readable (their values do not matter).
struct Rows {
  const void* x = nullptr;
  std::int64_t count = 0;                         // M
  std::int64_t stride = 0;                        // row m starts at m * stride, unless offsets are given
  const std::int64_t* offsets = nullptr;          // [count] start of each row
  const std::int64_t* segment_offsets = nullptr;  // [segments] start of each run inside a row; null: 0 (one segment)
};

// Where element (m, n) of the result goes: data[m * row_stride + n * column_stride], or with row_offsets
// data[row_offsets[m] + n * column_stride]. Fast: column_stride 1, or consecutive rows next to each other (CHW).
struct Output {
  void* data = nullptr;
  Storage storage = Storage::kS8;  // codes: kS8 or kS16; accumulators: kS32
  std::int64_t row_stride = 0;
  std::int64_t column_stride = 1;
  const std::int64_t* row_offsets = nullptr;
};

// rule null: writes the accumulators (out.storage kS32). Otherwise the rule's codes, whose range out.storage must hold.
void matmul(const PackedMatrix& matrix, const Rows& rows, const FusedRule* rule, const Output& out);

// The codes of the first rows of a product with noise, where a kernel makes them of sums that are still in registers
// (product_codes of NoiseKernels). Returns of how many.
struct FinishArgs;
[[nodiscard]] std::int64_t product_codes(const PackedMatrix& matrix, const Rows& rows, const FinishArgs& finish);

// The rule alone: codes[i] = rule.y(acc[i]).
void apply_rule(Isa isa, const FusedRule& rule, std::span<const std::int32_t> acc, void* codes, Storage storage);

// A matrix of bytes transposed, its upper bit flipped if `flip`: what offset 128 does to s8 codes and -128 to u8 codes.
//   out[c * out_stride + r] = in[r * in_stride + c] (^ 0x80)
void transpose_bytes(Isa isa, const void* in, std::int64_t in_stride, std::int64_t rows, std::int64_t columns,
                     bool flip, void* out, std::int64_t out_stride);

// Codes as they lie between operators -> the format a kernel wants. Needs no call when `from` is format.storage and the
// offset is 0, provided kReadSlack bytes behind the input are readable.
void convert_codes(Isa isa, const void* codes, Storage from, std::int64_t count, XFormat format, void* out);

// What of each code drives the array: `rows` of `count` codes, strides in elements.
//   out[i] = sign * ((|code| >> shift) & mask) + offset of the codes that are taken, offset of the others
// Codes and results fit int16; out: 8 or 16 bits.
struct CodeSelection {
  std::int32_t shift = 0;  // 0 or 8
  std::int32_t mask = 0x7fff;
  bool positive = true, negative = true;
  bool with_sign = true;
};
struct CodeMatrix {
  std::int64_t rows = 1, count = 0;
  std::int64_t in_stride = 0, out_stride = 0;
};
void select_codes(Isa isa, const CodeSelection& selection, const CodeMatrix& matrix, const void* codes, Storage from,
                  XFormat format, void* out);

}  // namespace witin::kernels
