// What belongs to frames: products of codes with the cells of the trial, and the terms drawn for every pass.
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "sim/kernels/kernel_table.hpp"
#include "sim/noise/fixed.hpp"
#include "sim/noise/noisy_matrix.hpp"

namespace witin::noise {
namespace {

constexpr std::int32_t kMost32 = 2147483647;
constexpr std::size_t kRowsAtOnce = 48;            // their codes, the matrix and the sums share the second-level cache
constexpr std::size_t kAccumulatorsAtOnce = 2048;  // and these, with their samples, the first

std::int32_t to_int32(double v) {
  return static_cast<std::int32_t>(nearest(std::clamp(v, -double{kMost32}, double{kMost32})));
}

template <typename T>
std::span<T> part_of(std::span<T> all, std::size_t first, std::size_t count) {
  return all.empty() ? all : all.subspan(first, count);
}

}  // namespace

void NoisyMatrix::run(const Codes& codes, std::span<const Pass> passes, std::span<const float> input_noise,
                      std::span<std::int32_t> y, std::span<std::int32_t> acc, std::span<std::int32_t> v,
                      ops::Scratch& scratch) const {
  const auto columns = static_cast<std::size_t>(columns_);
  const auto rows = static_cast<std::size_t>(rows_);
  for (std::size_t m = 0; m < passes.size(); m += kRowsAtOnce) {
    const std::size_t count = std::min(kRowsAtOnce, passes.size() - m);
    const ops::Scratch::Mark mark = scratch.mark();
    run_rows({.codes = codes.from(static_cast<std::int64_t>(m)),
              .passes = passes.subspan(m, count),
              .input_noise = part_of(input_noise, m * rows, count * rows),
              .y = y.subspan(m * columns, count * columns),
              .acc = part_of(acc, m * columns, count * columns),
              .v = part_of(v, m * columns, count * columns)},
             scratch);
    scratch.rewind(mark);
  }
}

void NoisyMatrix::run_to_bytes(const Codes& codes, std::span<const Pass> passes, std::int8_t* y,
                               ops::Scratch& scratch) const {
  for (std::size_t m = 0; m < passes.size(); m += kRowsAtOnce) {
    const ops::Scratch::Mark mark = scratch.mark();
    Rows rows{.codes = codes.from(static_cast<std::int64_t>(m)),
              .passes = passes.subspan(m, std::min(kRowsAtOnce, passes.size() - m)),
              .input_noise = {},
              .y = {},
              .acc = {},
              .v = {},
              .y8 = y + m * static_cast<std::size_t>(columns_)};
    run_rows(rows, scratch);
    scratch.rewind(mark);
  }
}

void NoisyMatrix::run_rows(const Rows& rows, ops::Scratch& scratch) const {
  const auto columns = static_cast<std::size_t>(columns_);
  const std::size_t count = rows.passes.size();
  const bool noisy_codes = model_->input.has_value();
  const bool whole = noisy_codes || given_mbs_ || frame_weight_.has_value();
  const std::size_t at_once = whole ? count : std::max<std::size_t>(1, kAccumulatorsAtOnce / columns);
  if (rows.acc.empty() && rows.v.empty() && finishes_at_once()) return finish_at_once(rows, at_once, scratch);
  Product::Sums sums;
  if (!noisy_codes) sums = cells().multiply(rows.codes, std::ssize(rows.passes), scratch);
  MbsVariance::Sums variances;
  if (mbs_) variances = mbs_->multiply(rows.codes, std::ssize(rows.passes), scratch);
  const auto acc = scratch.take<double>(std::min(at_once, count) * columns);
  const auto variance = scratch.take<double>(mbs_ ? acc.size() : 0);
  for (std::size_t m = 0; m < count; m += at_once) {
    const std::size_t some = std::min(at_once, count - m);
    const std::size_t each = some * columns;
    const auto first = static_cast<std::int64_t>(m);
    const auto own = static_cast<std::int64_t>(some);
    const Rows part{.codes = rows.codes.from(first),
                    .passes = rows.passes.subspan(m, some),
                    .input_noise = rows.input_noise,
                    .y = rows.y.subspan(m * columns, each),
                    .acc = part_of(rows.acc, m * columns, each),
                    .v = part_of(rows.v, m * columns, each)};
    const std::span<double> part_acc = acc.first(each);
    if (noisy_codes) {
      for (std::size_t i = 0; i < each; i += columns) std::ranges::copy(start_, part_acc.subspan(i).begin());
      add_noisy_codes(part, part_acc, scratch);
    } else {
      cells().accumulate(sums, first, own, start_.data(), part_acc.data());
    }
    if (mbs_) {
      mbs_->variance(variances, first, own, variance.data());
      add_drawn(Term::kMbs, part.passes, model_->mbs_level * kUnit, part_acc, scratch, variance.data());
    } else if (given_mbs_) {
      add_given_mbs(part, part_acc, scratch);
    }
    if (frame_weight_) add_frame_weights(part, part_acc, scratch);
    if (!frame_bias_sigma_.empty()) add_frame_bias(part.passes, part_acc, scratch);
    if (model_->sigma_acc != 0) add_drawn(Term::kAcc, part.passes, model_->sigma_acc * kUnit, part_acc, scratch);
    finish(part, part_acc, scratch);
  }
}

bool NoisyMatrix::finishes_at_once() const {
  const bool of_rows = model_->input.has_value() || given_mbs_ || frame_weight_.has_value();
  const bool two = model_->sigma_acc != 0 && output_sigma_ != 0;
  return fast_ && !of_rows && !two && frame_bias_sigma_.empty() && dead_.empty() && cells().finishes() &&
         (mbs_ == nullptr || mbs_->finishes());
}

// Codes without accumulators in memory, which nobody sees: of most rows while their sums are in registers, where
// kernels do that, of the others from sums.
void NoisyMatrix::finish_at_once(const Rows& rows, std::size_t at_once, ops::Scratch& scratch) const {
  const auto columns = static_cast<std::size_t>(columns_);
  const auto count = std::ssize(rows.passes);
  const double sigma = model_->sigma_acc + output_sigma_;
  const Term term = output_sigma_ != 0 ? Term::kOutput : Term::kAcc;
  kernels::FinishArgs args{};
  args.start = start_.data();
  args.start_quotient = start_quotient_.data();
  args.z_factor = sigma * kUnit;
  args.rule = fast_rule();
  args.y8 = rows.y8;
  std::int64_t done = 0;
  if (mbs_ == nullptr && cells().makes_codes(largest_quotient_, args)) {
    const auto z = scratch.take<float>(sigma != 0 ? rows.passes.size() * columns : 0);
    if (sigma != 0) draw_accumulators(term, rows.passes, z);
    args.z = sigma != 0 ? z.data() : nullptr;
    done = cells().codes(rows.codes, count, largest_quotient_, args, scratch);
    if (done == count) return;
  }
  const auto z = scratch.take<float>(sigma != 0 ? at_once * columns : 0);
  const auto cell_z = scratch.take<float>(mbs_ != nullptr ? at_once * columns : 0);
  args.z = sigma != 0 ? z.data() : nullptr;
  const Codes left = rows.codes.from(done);
  const Product::Sums sums = cells().multiply(left, count - done, scratch);
  MbsVariance::Sums variances;
  if (mbs_ != nullptr) variances = mbs_->multiply(left, count - done, scratch);
  for (auto m = static_cast<std::size_t>(done); m < rows.passes.size(); m += at_once) {
    const std::size_t some = std::min(at_once, rows.passes.size() - m);
    const auto first = static_cast<std::int64_t>(m) - done;
    const std::span<const Pass> passes = rows.passes.subspan(m, some);
    if (mbs_ != nullptr) {
      args.squares = mbs_->squares(variances, first);
      draw_accumulators(Term::kMbs, passes, cell_z.first(some * columns));
      args.squares.z = cell_z.data();
      args.squares.factor = model_->mbs_level * kUnit;
    }
    if (sigma != 0) draw_accumulators(term, passes, z.first(some * columns));
    args.y = rows.y.empty() ? nullptr : rows.y.data() + m * columns;
    args.y8 = rows.y8 == nullptr ? nullptr : rows.y8 + m * columns;
    cells().finish(sums, first, static_cast<std::int64_t>(some), largest_quotient_, args);
  }
}

void NoisyMatrix::finish(const Rows& rows, std::span<double> acc, ops::Scratch& scratch) const {
  silence_dead(acc);
  for (std::size_t i = 0; i < rows.acc.size(); ++i) rows.acc[i] = to_int32(acc[i] / kUnit);
  if (output_sigma_ != 0) {
    add_drawn(Term::kOutput, rows.passes, output_sigma_ * kUnit, acc, scratch);
    silence_dead(acc);
  }
  convert(acc, rows.y);
  for (std::size_t i = 0; i < rows.v.size(); ++i) {
    rows.v[i] = to_int32(static_cast<double>(rule_.v(static_cast<std::int64_t>(acc[i]))));
  }
}

void NoisyMatrix::silence_dead(std::span<double> acc) const {
  for (const std::int64_t column : dead_) {
    for (auto i = static_cast<std::size_t>(column); i < acc.size(); i += static_cast<std::size_t>(columns_)) acc[i] = 0;
  }
}

std::span<const std::int16_t> NoisyMatrix::as_s16(const Codes& codes, std::size_t count, ops::Scratch& scratch) const {
  const auto rows = static_cast<std::size_t>(rows_);
  const auto out = scratch.take<std::int16_t>(count * rows);
  for (std::size_t m = 0; m < count; ++m) {
    kernels::convert_codes(isa_, codes.from(static_cast<std::int64_t>(m)).data, codes.storage, rows_,
                           {Storage::kS16, 0}, out.data() + m * rows);
  }
  return out;
}

// One sample for each accumulator of the passes; consecutive passes of a whole node are consecutive samples.
void NoisyMatrix::draw(Term term, std::span<const Pass> passes, std::int64_t all, std::int64_t first, std::int64_t each,
                       std::span<float> out) const {
  for (std::size_t m = 0; m < passes.size();) {
    std::size_t end = m + 1;
    while (each == all && end < passes.size() && passes[end] == passes[end - 1] + 1) ++end;
    sampler_->normals(term, static_cast<std::uint64_t>(passes[m] * all + first),
                      out.subspan(m * static_cast<std::size_t>(each), (end - m) * static_cast<std::size_t>(each)));
    m = end;
  }
}

void NoisyMatrix::draw_accumulators(Term term, std::span<const Pass> passes, std::span<float> out) const {
  draw(term, passes, node_columns_, first_column_, columns_, out);
}

// One sample for each row of the passes.
void NoisyMatrix::draw_rows(Term term, std::span<const Pass> passes, std::span<float> out) const {
  const auto rows = static_cast<std::size_t>(rows_);
  const std::size_t each = spec().row_numbers.size();  // of one polarity, increasing
  if (each == 0) return;
  const std::span<const std::int64_t> numbers = input_rows();
  std::vector<float> z(static_cast<std::size_t>(numbers[each - 1] - numbers[0] + 1));
  for (std::size_t m = 0; m < passes.size(); ++m) {
    for (std::size_t k = 0; k < rows; k += each) {
      sampler_->normals(term, static_cast<std::uint64_t>(passes[m] * 2 * node_rows_ + numbers[k]), z);
      for (std::size_t i = 0; i < each; ++i) {
        out[m * rows + k + i] = z[static_cast<std::size_t>(numbers[k + i] - numbers[k])];
      }
    }
  }
}

void NoisyMatrix::add_noisy_codes(const Rows& rows, std::span<double> acc, ops::Scratch& scratch) const {
  const ops::Scratch::Mark mark = scratch.mark();
  const std::span<const std::int16_t> codes = as_s16(rows.codes, rows.passes.size(), scratch);
  const auto x = scratch.take<double>(codes.size());
  std::span<const float> z = rows.input_noise;
  if (z.empty()) {
    const auto drawn = scratch.take<float>(codes.size());
    draw_rows(Term::kInput, rows.passes, drawn);
    z = drawn;
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t magnitude = std::min(static_cast<std::size_t>(std::abs(int{codes[i]})), input_sigma_.size() - 1);
    x[i] = codes[i] + input_sigma_[magnitude] * static_cast<double>(z[i]);
  }
  cells().add_real(x, std::ssize(rows.passes), code_scale_log2(), acc.data(), scratch);
  scratch.rewind(mark);
}

// Weight noise that is fresh for every pass.
void NoisyMatrix::add_frame_weights(const Rows& rows, std::span<double> acc, ops::Scratch& scratch) const {
  const ops::Scratch::Mark mark = scratch.mark();
  const auto count = std::ssize(rows.passes);
  const std::span<const std::int16_t> codes = as_s16(rows.codes, rows.passes.size(), scratch);
  if (model_->weight->per == Per::kRow) {
    const auto x = scratch.take<double>(codes.size());
    const auto z = scratch.take<float>(codes.size());
    draw_rows(Term::kFrameCell, rows.passes, z);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = codes[i] * static_cast<double>(z[i]);
    constexpr int kSixteen = 4;  // a sample is below 8, and a code times a sample has no other bound
    frame_weight_->add_real(x, count, code_scale_log2() + kSixteen, acc.data(), scratch);
    return scratch.rewind(mark);
  }
  const auto sums = scratch.take<double>(acc.size());
  if (model_->weight->per == Per::kColumn) {
    std::ranges::fill(sums, 0.0);
    frame_weight_->accumulate(frame_weight_->multiply({codes.data(), Storage::kS16, rows_}, count, scratch), 0, count,
                              nullptr, sums.data());
    for (double& sum : sums) sum *= sum;  // the root of it is the sum but for its sign, which no sample has
    add_drawn(Term::kFrameCell, rows.passes, kUnit, acc, scratch, sums.data());
    return scratch.rewind(mark);
  }
  // Variance sum x^2 sigma^2, x^2 in digits of 8 bits.
  const auto digit = scratch.take<std::uint8_t>(codes.size() + kernels::kReadSlack);
  const auto total = scratch.take<std::int64_t>(acc.size());
  std::ranges::fill(total, 0);
  for (int shift = 0; shift < (std::max(x_.hi, -x_.lo) < 256 ? 16 : 24); shift += 8) {
    const ops::Scratch::Mark inner = scratch.mark();
    for (std::size_t i = 0; i < codes.size(); ++i) {
      digit[i] = static_cast<std::uint8_t>((int{codes[i]} * int{codes[i]}) >> shift);
    }
    frame_weight_->total(frame_weight_->multiply({digit.data(), Storage::kU8, rows_}, count, scratch), shift,
                         total.data());
    scratch.rewind(inner);
  }
  for (std::size_t i = 0; i < sums.size(); ++i) sums[i] = static_cast<double>(total[i]) * (kSquareUnit / kUnit);
  add_drawn(Term::kFrameCell, rows.passes, kUnit, acc, scratch, sums.data());
  scratch.rewind(mark);
}

void NoisyMatrix::add_given_mbs(const Rows& rows, std::span<double> acc, ops::Scratch& scratch) const {
  const auto columns = static_cast<std::size_t>(columns_);
  const auto count = static_cast<std::size_t>(rows_);
  const std::span<const std::int16_t> codes = as_s16(rows.codes, rows.passes.size(), scratch);
  std::vector<float> z(columns);
  for (std::size_t m = 0; m < rows.passes.size(); ++m) {
    for (std::size_t k = 0; k < count; ++k) {
      const std::int64_t cell = (rows.passes[m] * rows_ + input_rows()[k]) * node_columns_ + first_column_;
      sampler_->normals(Term::kMbs, static_cast<std::uint64_t>(cell), z);
      for (std::size_t n = 0; n < columns; ++n) {
        const double sigma = mbs_sigma(codes[m * count + k], source_->weight()[k * columns + n]);
        acc[m * columns + n] += nearest(model_->mbs_level * sigma * static_cast<double>(z[n]) * kUnit);
      }
    }
  }
}

void NoisyMatrix::add_drawn(Term term, std::span<const Pass> passes, double factor, std::span<double> acc,
                            ops::Scratch& scratch, const double* variance, const double* of_column) const {
  const ops::Scratch::Mark mark = scratch.mark();
  const auto z = scratch.take<float>(acc.size());
  draw_accumulators(term, passes, z);
  kernels::kernel_table(isa_).noise.add_term({.z = z.data(),
                                              .variance = variance,
                                              .of_column = of_column,
                                              .factor = factor,
                                              .rows = std::ssize(passes),
                                              .columns = columns_,
                                              .acc = acc.data()});
  scratch.rewind(mark);
}

// Bias rows that are fresh for every pass.
void NoisyMatrix::add_frame_bias(std::span<const Pass> passes, std::span<double> acc, ops::Scratch& scratch) const {
  if (model_->bias_row->per != Per::kRow) {
    return add_drawn(Term::kFrameBias, passes, kUnit, acc, scratch, nullptr, frame_bias_sigma_.data());
  }
  const auto columns = static_cast<std::size_t>(columns_);
  for (std::size_t m = 0; m < passes.size(); ++m) {
    float z = 0;
    sampler_->normals(Term::kFrameBias, static_cast<std::uint64_t>(passes[m]), {&z, 1});
    for (std::size_t n = 0; n < columns; ++n) {
      acc[m * columns + n] += nearest(frame_bias_sigma_[n] * static_cast<double>(z) * kUnit);
    }
  }
}

void NoisyMatrix::convert(std::span<const double> acc, std::span<std::int32_t> y) const {
  if (!fast_) {
    for (std::size_t i = 0; i < acc.size(); ++i) y[i] = rule_.y(static_cast<std::int64_t>(acc[i]));
    return;
  }
  kernels::kernel_table(isa_).noise.codes(
      {.acc = acc.data(), .count = std::ssize(acc), .rule = fast_rule(), .y = y.data()});
}

kernels::NoisyRule NoisyMatrix::fast_rule() const {
  const bool quarters = rule_.has_v();
  const double units = quarters ? 4 : 1;
  const double divisor = g_lsb_ * kUnit;
  const CodeRange range = rule_.range();
  return {.quarters = quarters,
          .divide = !power_of_two_,
          .factor = power_of_two_ ? units / divisor : units,
          .divisor = divisor,
          .lo = quarters ? 4.0 * range.lo - 2 : range.lo,
          .hi = quarters ? 4.0 * range.hi + 1 : range.hi};
}

}  // namespace witin::noise
