#include "sim/noise/product.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdlib>

#include "sim/noise/fixed.hpp"

namespace witin::noise {
namespace {

// Columns in whole blocks.
std::int64_t padded(std::int64_t n) {
  return (n + kernels::kPlaneBlock - 1) / kernels::kPlaneBlock * kernels::kPlaneBlock;
}

// Digits of 8 bits where kernels multiply bytes, else of 12 with 16-bit operands: two instead of three.
bool bytes(kernels::Isa isa) { return !kernels::choose_operands(isa, unsigned_range(8), signed_range(8)).wide; }
int digit_bits(bool narrow) { return narrow ? 8 : 12; }

// Bits of the lowest of three digits, as few as cells of these magnitudes leave to it: what it adds to a sum is small.
int low_bits(std::int32_t most) {
  constexpr std::int64_t kUpper = 127 * 256 + 127;  // of the two digits above it
  int bits = 1;
  while ((kUpper << bits) + (std::int64_t{1} << (bits - 1)) - 1 < most) ++bits;
  assert(bits <= 8);
  return bits;
}

// A packed matrix as it is filled, a row of int32 cells after the other.
class Packing {
 public:
  Packing(const kernels::Operands& operands, std::int64_t k, std::int64_t n, int digits, int low_bits)
      : operands_(operands),
        k_(k),
        columns_(padded(n)),
        group_(operands.wide ? 2 : 4),
        groups_((k + group_ - 1) / group_),
        digits_(digits),
        low_bits_(low_bits),
        panel_(kernels::PackedMatrix::panel_for(operands.isa, digits)),
        packed_(std::make_shared<kernels::Buffer>(
            kernels::Buffer::uninitialised(static_cast<std::size_t>(digits * columns_ * groups_ * 4)))),
        cells_(static_cast<std::size_t>(group_ * columns_)) {}

  [[nodiscard]] std::int32_t* row(std::int64_t k) { return cells_.data() + k % group_ * columns_; }

  void finished(std::int64_t k) {
    if (k % group_ != group_ - 1 && k != k_ - 1) return;
    kernels::kernel_table(operands_.isa)
        .noise.digits({.cells = cells_.data(),
                       .columns = columns_,
                       .wide = operands_.wide,
                       .low_bits = low_bits_,
                       .weights = packed_->data(),
                       .panel = panel_,
                       .groups = groups_,
                       .index = k / group_});
    if (k == k_ - 1) return;
    if (k + group_ >= k_) std::ranges::fill(cells_, 0);  // rows beyond the last one
  }

  [[nodiscard]] kernels::PackedMatrix matrix() && {
    const std::int64_t n = digits_ * columns_;
    std::vector<std::int32_t> sums(static_cast<std::size_t>(n), 0);
    if (operands_.x.offset != 0) add_columns(sums);
    return kernels::PackedMatrix::adopt(operands_, k_, n, panel_, std::move(packed_), sums);
  }

 private:
  void add_columns(std::span<std::int32_t> sums) const {
    const auto panel = static_cast<std::size_t>(panel_);
    const auto group = static_cast<std::size_t>(group_);
    const auto groups = static_cast<std::size_t>(groups_);
    for (std::size_t first = 0; first < sums.size(); first += panel) {
      const std::size_t columns = std::min(panel, sums.size() - first);
      for (std::size_t i = 0; i < groups * columns * group; ++i) {
        const std::size_t place = first * groups * group + i;
        sums[first + i / group % columns] += operands_.wide ? std::int32_t{packed_->as<std::int16_t>()[place]}
                                                            : std::int32_t{packed_->as<std::int8_t>()[place]};
      }
    }
  }

  kernels::Operands operands_;
  std::int64_t k_;
  std::int64_t columns_;
  std::int64_t group_;
  std::int64_t groups_;
  int digits_;
  int low_bits_;
  std::int64_t panel_;
  std::shared_ptr<kernels::Buffer> packed_;
  std::vector<std::int32_t> cells_;
};

}  // namespace

int Product::code_bits(kernels::Isa isa) { return digit_bits(bytes(isa)); }
CodeRange Product::digit_codes(kernels::Isa isa) { return signed_range(code_bits(isa)); }

void Product::cut(CodeRange x, std::int64_t largest_weight) {
  // Kernels that drive signed codes with an offset see up to twice the magnitude.
  const std::int64_t code = std::max<std::int64_t>({1, x.hi, -std::int64_t{x.lo}}) + (x.lo < 0 ? 128 : 0);
  const std::int64_t rows = std::max<std::int64_t>(1, ((std::int64_t{1} << 31) - 1) / (code * largest_weight));
  for (std::int64_t first = 0; first < k_; first += rows) parts_.push_back({first, std::min(rows, k_ - first), {}});
  largest_sum_ = static_cast<double>(std::min(rows, k_) * code * largest_weight);
}

Product::Product(kernels::Isa isa, std::int64_t k, std::int64_t n, CodeRange x, std::span<const std::int16_t> weights,
                 double unit)
    : isa_(isa), k_(k), n_(n), planes_(1), columns_(padded(n)), units_{unit}, shifts_{kFractionBits} {
  const CodeRange w = kernels::range_of(weights);
  cut(x, std::max({std::int64_t{1}, -std::int64_t{w.lo}, std::int64_t{w.hi}}));
  const CodeRange s8 = signed_range(8);
  const kernels::Operands operands = kernels::choose_operands(isa, x, {std::min(s8.lo, w.lo), std::max(s8.hi, w.hi)});
  for (Part& part : parts_) {
    const auto rows =
        weights.subspan(static_cast<std::size_t>(part.first * n), static_cast<std::size_t>(part.rows * n));
    part.matrix = kernels::PackedMatrix::pack(operands, rows, part.rows, n, 1, {});
  }
}

Product Product::fixed(kernels::Isa isa, std::int64_t k, std::int64_t n, CodeRange x, double unit, std::int32_t most,
                       const Fill& fill) {
  Product out;
  out.isa_ = isa;
  out.k_ = k;
  out.n_ = n;
  const kernels::Operands operands = kernels::choose_operands(isa, x, signed_range(8));
  const int bits = digit_bits(!operands.wide);
  out.planes_ = 24 / bits;
  out.columns_ = out.planes_ * padded(n);
  const int low = operands.wide ? bits : low_bits(most);
  for (int i = 0; i < out.planes_; ++i) {
    const int shift = i == 0 ? 0 : low + (i - 1) * bits;
    out.shifts_[static_cast<std::size_t>(i)] = shift;
    out.units_[static_cast<std::size_t>(i)] = unit * (1 << shift);
  }
  out.cut(x, std::int64_t{1} << (bits - 1));
  for (Part& part : out.parts_) {
    Packing packing(operands, part.rows, n, static_cast<int>(out.planes_), low);
    for (std::int64_t row = 0; row < part.rows; ++row) {
      fill(part.first + row, packing.row(row));
      packing.finished(row);
    }
    part.matrix = std::move(packing).matrix();
  }
  out.prepare_low();
  return out;
}

void Product::prepare_low() {
  constexpr std::int64_t kMostRows = std::int64_t{1} << 16;  // whose squares add up in int32
  constexpr std::int64_t kLine = 64;
  const kernels::NoiseKernels& noise = kernels::kernel_table(isa_).noise;
  if (noise.low_digit == nullptr || planes_ != 3 || !finishes() || n_ != padded(n_) || k_ > kMostRows) return;
  const kernels::PackedMatrix& matrix = parts_.front().matrix;
  auto low = std::make_shared<Low>();
  const auto columns = static_cast<std::size_t>(n_);
  low->stride = (k_ + kLine - 1) / kLine * kLine;
  low->digits = kernels::Buffer(columns * static_cast<std::size_t>(low->stride));
  low->sums.resize(columns);
  std::vector<std::int32_t> squares(columns);
  noise.low_digit({.weights = matrix.weights(),
                   .columns = n_,
                   .groups = matrix.groups_per_run(),
                   .digits = low->digits.as<std::int8_t>(),
                   .stride = low->stride,
                   .sums = low->sums.data(),
                   .squares = squares.data()});
  low->norm = std::sqrt(std::ranges::max(squares));
  low_ = std::move(low);
}

Codes Product::converted(const Codes& x, std::int64_t rows, ops::Scratch& scratch) const {
  if (parts_.empty()) return x;
  const kernels::XFormat format = parts_.front().matrix.x_format();
  if (format.offset == 0 && size_of(x.storage) == size_of(format.storage)) return x;
  const auto elements = static_cast<std::size_t>(rows * k_);
  std::byte* const own = scratch.take<std::byte>(size_of(format.storage) * elements + kernels::kReadSlack).data();
  for (std::int64_t m = 0; m < (x.stride == k_ ? 1 : rows); ++m) {
    kernels::convert_codes(isa_, x.from(m).data, x.storage, x.stride == k_ ? rows * k_ : k_, format,
                           own + static_cast<std::size_t>(m * k_) * size_of(format.storage));
  }
  return {own, format.storage, k_};
}

Product::Sums Product::multiply(const Codes& x, std::int64_t rows, ops::Scratch& scratch) const {
  const auto parts = scratch.take<std::span<std::int32_t>>(parts_.size());
  const Codes codes = converted(x, rows, scratch);
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const Part& part = parts_[i];
    parts[i] = scratch.take<std::int32_t>(static_cast<std::size_t>(rows * columns_));
    const auto* const first =
        static_cast<const std::byte*>(codes.data) + static_cast<std::size_t>(part.first) * size_of(codes.storage);
    kernels::matmul(part.matrix, {.x = first, .count = rows, .stride = codes.stride}, nullptr,
                    {.data = parts[i].data(), .storage = Storage::kS32, .row_stride = columns_});
  }
  return {rows, parts};
}

kernels::SumsArgs Product::view(const Sums& sums, std::size_t part, std::int64_t first, std::int64_t count) const {
  return {sums.parts[part].data() + first * columns_, count, n_, planes_, columns_};
}

void Product::accumulate(const Sums& sums, std::int64_t first, std::int64_t count, const double* start,
                         double* acc) const {
  for (std::int64_t m = 0; sums.parts.empty() && start != nullptr && m < count; ++m) {  // no rows
    std::copy_n(start, n_, acc + m * n_);
  }
  for (std::size_t part = 0; part < sums.parts.size(); ++part) {
    kernels::AccumulateArgs args{.sums = view(sums, part, first, count), .units = {}, .start = start, .acc = acc};
    std::ranges::copy(units_, args.units);
    kernels::kernel_table(isa_).noise.accumulate(args);
    start = nullptr;
  }
}

// Rounding errors of binary32 as body_finish.hpp reckons: three in each product and one in each of at most five sums;
// of squares 22 in the variance, half as many in its root, and three in what it is multiplied with. The sum of the
// highest digits is not bounded but by the quotient itself, which beyond its ends has no codes to change.
float Product::margin(const kernels::FinishArgs& args, double others) const {
  constexpr double kPlain = 9 * 0x1p-24;
  constexpr double kSquares = 25 * 0x1p-24;
  constexpr double kUseful = 0.125;
  if (others < 0) return 0;
  const double scale = kernels::code_scale(args.rule);
  for (std::size_t i = 0; i + 1 < static_cast<std::size_t>(planes_); ++i) others += units_[i] * largest_sum_ * scale;
  const double ends = std::max(std::abs(args.rule.lo), std::abs(args.rule.hi)) / (args.rule.quarters ? 4 : 1) + 1;
  const double samples = 2;  // each rounded to an integer once
  const double margin = (args.squares.count != 0 ? kSquares : kPlain) * (ends + 2 * others) + samples / 2 * scale;
  return margin < kUseful ? static_cast<float>(margin * 1.001) : 0;
}

void Product::finish(const Sums& sums, std::int64_t first, std::int64_t count, double others,
                     kernels::FinishArgs args) const {
  args.sums = view(sums, 0, first, count);
  std::ranges::copy(units_, args.units);
  args.margin = margin(args, others);
  kernels::kernel_table(isa_).noise.finish(args);
}

bool Product::makes_codes(double others, const kernels::FinishArgs& args) const {
  return kernels::kernel_table(isa_).noise.product_codes != nullptr && finishes() && args.y8 != nullptr &&
         args.squares.count == 0 && margin(args, others) > 0;
}

std::int64_t Product::codes(const Codes& x, std::int64_t rows, double others, kernels::FinishArgs args,
                            ops::Scratch& scratch) const {
  assert(makes_codes(others, args));
  args.sums = {nullptr, rows, n_, planes_, columns_};
  std::ranges::copy(units_, args.units);
  args.margin = margin(args, others);
  const ops::Scratch::Mark mark = scratch.mark();
  const Codes codes = converted(x, rows, scratch);
  if (low_ != nullptr) {
    const double unit = units_[0] * kernels::code_scale(args.rule);
    const auto sums = scratch.take<float>(low_->sums.size());
    for (std::size_t n = 0; n < sums.size(); ++n) sums[n] = static_cast<float>(low_->sums[n] * unit);
    args.late = {.digits = low_->digits.as<std::int8_t>(),
                 .stride = low_->stride,
                 .k = k_,
                 .sums = sums.data(),
                 .norm = static_cast<float>(low_->norm * unit),
                 .offset = parts_.front().matrix.x_format().offset};
  }
  const std::int64_t done =
      kernels::product_codes(parts_.front().matrix, {.x = codes.data, .count = rows, .stride = codes.stride}, args);
  scratch.rewind(mark);
  return done;
}

void Product::add_to(kernels::SquaresArgs& squares, const Sums& sums, std::int64_t first) const {
  assert(planes_ == 1 && squares.count < kernels::kMostSquares);
  squares.sums[squares.count] = sums.parts[0].data() + first * columns_;
  squares.units[squares.count] = units_[0];
  squares.row_stride = columns_;
  ++squares.count;
}

void Product::total(const Sums& sums, int shift, std::int64_t* total) const {
  for (std::size_t part = 0; part < sums.parts.size(); ++part) {
    kernels::ShiftedArgs args{.sums = view(sums, part, 0, sums.rows), .shifts = {}, .total = total};
    for (std::size_t i = 0; i < static_cast<std::size_t>(planes_); ++i) args.shifts[i] = shifts_[i] + shift;
    kernels::kernel_table(isa_).noise.shifted(args);
  }
}

void Product::add_real(std::span<const double> x, std::int64_t rows, int scale_log2, double* acc,
                       ops::Scratch& scratch) const {
  const ops::Scratch::Mark mark = scratch.mark();
  const int bits = code_bits(isa_);
  const auto fixed = scratch.take<std::int32_t>(x.size());
  const double scale = 1.0 / (1 << scale_log2);
  for (std::size_t i = 0; i < x.size(); ++i) fixed[i] = to_fixed(x[i] * scale);
  const auto digit = scratch.take<std::int16_t>(x.size() + kernels::kReadSlack);
  const auto total = scratch.take<std::int64_t>(static_cast<std::size_t>(rows * n_));
  std::ranges::fill(total, 0);
  const std::int32_t half = 1 << (bits - 1);
  const std::int32_t start = bits == 8 ? half * 0x10101 : half * 0x1001;
  const std::int32_t mask = (1 << bits) - 1;
  for (int j = 0; j < 24 / bits; ++j) {
    const ops::Scratch::Mark inner = scratch.mark();
    for (std::size_t i = 0; i < x.size(); ++i) {
      digit[i] = static_cast<std::int16_t>(((fixed[i] + start) >> (j * bits) & mask) - half);
    }
    const Sums sums = multiply({digit.data(), Storage::kS16, k_}, rows, scratch);
    this->total(sums, j * bits, total.data());
    scratch.rewind(inner);
  }
  const int drop = kFractionBits - scale_log2;
  const std::int64_t rounding = (std::int64_t{1} << drop) >> 1;
  for (std::size_t i = 0; i < total.size(); ++i) acc[i] += static_cast<double>((total[i] + rounding) >> drop);
  scratch.rewind(mark);
}

}  // namespace witin::noise
