// The kernels of one instruction set, and the arguments they take. Internal to sim/kernels.
//
// Included by files that are compiled for one instruction set each: plain structs and pointers only, so that no inline
// function of the standard library is emitted with instructions the processor may lack. Functions that kernels call are
// inlined always, for the same reason.
#pragma once

#include <cstdint>

namespace witin::kernels {

enum class Isa : std::uint8_t;

// FusedRule::Form, and kNone for raw accumulators.
enum class RuleForm : std::uint8_t { kNone, kQuarterF32, kEvenF32, kQuarterF64, kEvenF64, kIeee, kExact };

struct RuleArgs {
  RuleForm form;
  bool clamp;  // false: lo and hi are the ends of the output element, and no conversion to int32 can overflow
  double scale;
  float divisor, multiplier, clip;
  std::int32_t lo, hi;
  const void* exact_rule;  // kExact: y = exact(exact_rule, acc)
  std::int32_t (*exact)(const void* exact_rule, std::int32_t acc);
};

enum class Element : std::uint8_t { kS8, kU8, kS16, kS32 };

struct OutputArgs {
  void* data;
  Element element;
  std::int64_t row_stride, column_stride;
  const std::int64_t* row_offsets;
};

// Steps of a product that lie together: a run's groups (4 bytes of x) come by as many, of all runs, then those left
// over.
inline constexpr std::int64_t kStepsTogether = 4;

// Where group `group` of run `segment` is among the packed weights.
[[nodiscard]] constexpr std::int64_t packed_step(std::int64_t segments, std::int64_t groups_per_run,
                                                 std::int64_t segment, std::int64_t group) {
  const std::int64_t together = groups_per_run / kStepsTogether * kStepsTogether;
  if (group < together) return segment * together + group;
  return segments * together + segment * (groups_per_run - together) + group - together;
}

struct MatmulArgs {
  const void* x;  // elements as XFormat
  Element x_element;
  std::int64_t rows, row_stride;
  const std::int64_t* row_offsets;
  const std::int64_t* segment_offsets;
  std::int64_t segments, groups_per_run, run;
  const void* weights;  // layout: PackedMatrix
  std::int64_t panel;   // columns of weights that lie together
  bool wide;
  const std::int32_t* init;
  std::int64_t n;
  RuleArgs rule;
  OutputArgs out;
};

// One column of kernel_h codes that a tile of consecutive output pixels reads, and the kernel column it is for each of
// them (-1: none).
inline constexpr int kDepthwiseTile = 4;
struct DepthwiseColumn {
  std::int64_t offset;  // elements from the first tap of the tile's first pixel
  std::int32_t tap[kDepthwiseTile];
};

// Weights of the narrow form, u8 or s8 maps: [panel][row group][kernel column][4][lane][4 channels][4 rows], where a
// panel has 16 channels a lane (channel = 16 * lane + 4 * i + c) and a row group 4 kernel rows, zero filled. init:
// [panel][4][lane][4]. Of the wide form, s16 maps: s16 [tap][channels]; init: [channels].
struct DepthwiseArgs {
  const void* x;
  Element x_element;
  bool wide;
  bool small;  // no accumulator is beyond 2^22, whatever the map
  std::int64_t channels, out_height, out_width;
  std::int64_t kernel_h, kernel_w;
  std::int64_t step_y, step_x;  // elements between output rows and output columns
  std::int64_t tap_y, tap_x;    // elements between kernel rows and kernel columns
  const void* weights;
  const std::int32_t* init;
  const DepthwiseColumn* columns[3];  // of tiles of 1, 2 and 4 pixels; narrow form
  std::int64_t column_count[3];
  RuleArgs rule;
  OutputArgs out;
};

// A matrix of bytes: out[c * out_stride + r] = in[r * in_stride + c] ^ flip.
struct TransposeArgs {
  const void* in;
  std::int64_t in_stride, rows, columns;
  void* out;
  std::int64_t out_stride;
  std::uint8_t flip;
};

// What of each code drives the array, `rows` of `count` codes:
//   out[i] = taken(code) ? sign * ((|code| >> shift) & mask) + offset : offset,  sign = 1 unless `with_sign`
struct PartArgs {
  const void* codes;
  Element from;
  std::int64_t count, rows, in_stride, out_stride;  // strides of rows, in elements
  std::int32_t shift, mask;                         // shift: 0 or 8
  bool positive, negative;                          // which codes are taken
  bool with_sign;
  void* out;
  Element to;  // kS8, kU8 or kS16
  std::int32_t offset;
};

// One stream of standard normals: key and upper counter words of Philox4x32-10; the lower two words count blocks.
struct NormalStream {
  std::uint32_t key[2];
  std::uint32_t words[2];
};
inline constexpr int kNormalBlocks = 16;                               // of one chunk
inline constexpr int kNormalPairs = 3;                                 // of samples of one block
inline constexpr int kNormalChunk = 2 * kNormalPairs * kNormalBlocks;  // samples

// Cells of noisy arrays are integers of 2^-14 LSB; what is made of them: sim/noise/noise.md. One row of cells:
//   cells[n] = sat(rne((weight[n] + (additive + relative |weight[n]|) z[n] + common common_z[n]) 2^14))
struct CellArgs {
  const std::int16_t* weight;
  const float* z;         // null: no such term
  const float* common_z;  // null: no such term
  double additive, relative, common;
  std::int64_t count;
  std::int32_t most;  // saturation
  bool small;         // before it cells are within int32
  std::int32_t* cells;
};

// Matrices of several planes have them side by side in blocks of so many columns: column n of plane i is column
// plane_column(planes, i, n).
inline constexpr std::int64_t kPlaneBlock = 16;
[[nodiscard, gnu::always_inline]] constexpr std::int64_t plane_column(std::int64_t planes, std::int64_t i,
                                                                      std::int64_t n) {
  return (n / kPlaneBlock * planes + i) * kPlaneBlock + n % kPlaneBlock;
}

// Rows of cells, as many as PackedMatrix has in a group, cut into balanced digits, four rows in three, of low_bits, 8
// and 8 bits, or where it is wide two rows in two of 12: group number `index` of `groups` of a PackedMatrix whose
// planes are digits.
struct DigitArgs {
  const std::int32_t* cells;  // [group][columns], columns a multiple of kPlaneBlock
  std::int64_t columns;
  bool wide;
  int low_bits;   // 1..8
  void* weights;  // layout: PackedMatrix
  std::int64_t panel, groups, index;
};

// The lowest of three digits, column by column, for products that want it of few codes.
struct LowDigitArgs {
  const void* weights;  // of DigitArgs, not wide, in panels of three blocks
  std::int64_t columns, groups;
  std::int8_t* digits;    // [columns][stride], zero filled
  std::int64_t stride;    // a multiple of 64
  std::int32_t* sums;     // [columns] of its digits
  std::int32_t* squares;  // [columns] of their squares
};

// Sums of several planes over the same codes: [rows][row_stride], in a row at plane_column(planes, i, n).
inline constexpr int kMostPlanes = 3;
struct SumsArgs {
  const std::int32_t* sums;
  std::int64_t rows, columns, planes, row_stride;
};

// acc[m, n] = start[n] + sum_i units[i] sums[m, i, n], or where start is null acc[m, n] + the same.
struct AccumulateArgs {
  SumsArgs sums;
  double units[kMostPlanes];
  const double* start;
  double* acc;
};

// total[m, n] += sum_i sums[m, i, n] << shifts[i]
struct ShiftedArgs {
  SumsArgs sums;
  int shifts[kMostPlanes];
  std::int64_t* total;
};

// acc[i] += rne(sigma z[i] factor); sigma: 1, variance[i]'s root, or of[i % columns].
struct TermArgs {
  const float* z;
  const double* variance;   // or null
  const double* of_column;  // or null
  double factor;
  std::int64_t rows, columns;
  double* acc;
};

// The code of an accumulator. quarters: (trunc(q) + 2) >> 2, else rne(q); q = acc factor, or acc factor / divisor where
// divide is set, clamped.
struct NoisyRule {
  bool quarters, divide;
  double factor, divisor, lo, hi;
};

// Codes for each unit of an accumulator.
[[nodiscard, gnu::always_inline]] constexpr double code_scale(const NoisyRule& rule) {
  return (rule.divide ? rule.factor / rule.divisor : rule.factor) / (rule.quarters ? 4 : 1);
}

struct CodeArgs {
  const double* acc;
  std::int64_t count;
  NoisyRule rule;
  std::int32_t* y;
};

// One sample an accumulator whose variance comes from products of their own:
//   rne(sqrt(silent + sum_i units[i] sums[i][m * row_stride + n]) z[m * columns + n] factor)
// The variance is positive, and the magnitudes of its parts are at most three times as much.
inline constexpr int kMostSquares = 3;
struct SquaresArgs {
  int count;  // 0: no such samples
  const std::int32_t* sums[kMostSquares];
  std::int64_t row_stride;
  double units[kMostSquares];
  double silent;
  const float* z;
  double factor;
};

// Codes of accumulators that need no more than one sample of each kind, y[m * columns + n]:
//   start[n] + sum_i units[i] sums[m, i, n] + squares + rne(z[m * columns + n] z_factor)
// margin: where a quotient reckoned in binary32 by body_finish.hpp is further than this, in codes, from a number where
// they change, its code is the rule's; 0: it never need be.
// late: the lowest of three digits, which changes few codes. With c any number for each row,
//   |sum_k (x[k] - c) d[k, n]| <= sqrt(sum_k (x[k] - c)^2) sqrt(sum_k d[k, n]^2),
// so that a quotient with c sum_k d[k, n] in place of this digit's sum says the code where it is further than that, and
// the margin, from where codes change.
struct LateDigit {
  const std::int8_t* digits;  // as LowDigitArgs; null: none
  std::int64_t stride;
  std::int64_t k;
  const float* sums;    // [columns] of digits, in codes
  float norm;           // the greatest root of a column's sum of squares, in codes
  std::int32_t offset;  // what rows of x have more than codes
};
struct FinishArgs {
  SumsArgs sums;
  double units[kMostPlanes];
  const double* start;
  const float* start_quotient;  // start[n] code_scale(), and 1/8 more by quarters; only with a margin
  SquaresArgs squares;
  const float* z;  // null: no samples
  double z_factor;
  NoisyRule rule;
  float margin;
  LateDigit late;
  std::int32_t* y;
  std::int8_t* y8;  // not null: codes go there, and not to y
};

// Functions of codes 0..255 side by side: field i of table[code], of 8 or 16 bits, is out[m * out_stride + i * k].
struct FunctionArgs {
  const std::uint8_t* codes;
  std::int64_t rows, row_stride, k;
  const std::uint32_t* table;  // [256], the first field lowest
  bool bytes;                  // four fields of 8 bits, else two of 16
  void* out;
  std::int64_t out_stride;  // elements
};

struct NoiseKernels {
  void (*cells)(const CellArgs&);
  void (*digits)(const DigitArgs&);
  void (*low_digit)(const LowDigitArgs&);  // where product_codes is
  void (*accumulate)(const AccumulateArgs&);
  void (*shifted)(const ShiftedArgs&);
  void (*add_term)(const TermArgs&);
  void (*codes)(const CodeArgs&);
  void (*finish)(const FinishArgs&);
  // The codes finish() gives for the sums of this product, which need not come to memory: without squares, to y8, with
  // a margin. Returns of how many of its first rows; 0 also where this is not a product for it. Null: none is.
  std::int64_t (*product_codes)(const MatmulArgs&, const FinishArgs&);
  void (*functions)(const FunctionArgs&);
};

struct KernelTable {
  std::int64_t panel;  // columns of weights that lie together, unless a matrix has its own
  void (*matmul)(const MatmulArgs&);
  void (*depthwise)(const DepthwiseArgs&);
  void (*apply_rule)(const RuleArgs&, const std::int32_t* acc, std::int64_t count, void* codes, Element element);
  void (*transpose)(const TransposeArgs&);
  void (*convert)(const void* codes, Element from, std::int64_t count, void* out, Element to, std::int32_t offset);
  void (*part)(const PartArgs&);
  // out: [chunks][kNormalChunk]
  void (*normals)(const NormalStream& stream, std::uint64_t first_chunk, std::int64_t chunks, float* out);
  NoiseKernels noise;
  // Works on registers alone and returns the multiply-accumulates it did; null where no path is faster than its loops.
  std::int64_t (*peak)(std::int64_t steps);
};

// Normative; of every path.
void reference_normals(const NormalStream& stream, std::uint64_t first_chunk, std::int64_t chunks, float* out);

extern const KernelTable kRefKernels;
extern const KernelTable kSse2Kernels;
extern const KernelTable kAvx2Kernels;
extern const KernelTable kAvx512bwKernels;
extern const KernelTable kAvx512vnniKernels;
extern const KernelTable kNeonKernels;

[[nodiscard]] const KernelTable& kernel_table(Isa isa);  // of a built path

}  // namespace witin::kernels
