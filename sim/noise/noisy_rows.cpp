// What belongs to frames: products of codes with the cells of the trial, and the terms drawn for every pass.
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "sim/noise/fixed.hpp"
#include "sim/noise/noisy_matrix.hpp"

namespace witin::noise {
namespace {

constexpr std::int32_t kMost32 = 2147483647;

std::int32_t to_int32(double v) {
  return static_cast<std::int32_t>(nearest(std::clamp(v, -double{kMost32}, double{kMost32})));
}

}  // namespace

void NoisyMatrix::run(std::span<const std::int16_t> codes, std::span<const Pass> passes,
                      std::span<const float> input_noise, std::span<std::int32_t> y, std::span<std::int32_t> acc_out,
                      std::span<std::int32_t> v, ops::Scratch& scratch) const {
  const ops::Scratch::Mark mark = scratch.mark();
  const auto columns = static_cast<std::size_t>(columns_);
  const auto count = std::ssize(passes);
  const auto acc = scratch.take<double>(passes.size() * columns);
  for (std::size_t m = 0; m < passes.size(); ++m) std::ranges::copy(start_, acc.subspan(m * columns).begin());
  if (model_->input) {
    add_noisy_codes(codes, passes, input_noise, acc, scratch);
  } else {
    cells_.add(codes.data(), count, acc.data(), scratch);
  }
  add_cell_terms(codes, passes, acc, scratch);
  add_pass_terms(passes, acc, scratch);
  const auto silence_dead = [&] {
    if (model_->dead_columns.empty()) return;
    for (std::size_t i = 0; i < acc.size(); ++i) {
      if (dead_[i % columns]) acc[i] = 0;
    }
  };
  silence_dead();
  for (std::size_t i = 0; i < acc_out.size(); ++i) acc_out[i] = to_int32(acc[i] / kUnit);
  if (output_sigma_ != 0) add_drawn(Term::kOutput, output_sigma_, passes, acc, scratch);
  silence_dead();
  convert(acc, y);
  for (std::size_t i = 0; i < v.size(); ++i) {
    v[i] = to_int32(static_cast<double>(rule_.v(static_cast<std::int64_t>(acc[i]))));
  }
  scratch.rewind(mark);
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
  const std::int64_t all = 2 * node_rows_;
  const auto rows = static_cast<std::size_t>(rows_);
  std::vector<float> z(static_cast<std::size_t>(all));
  for (std::size_t m = 0; m < passes.size(); ++m) {
    sampler_->normals(term, static_cast<std::uint64_t>(passes[m] * all), z);
    for (std::size_t k = 0; k < rows; ++k) out[m * rows + k] = z[static_cast<std::size_t>(input_rows_[k])];
  }
}

void NoisyMatrix::add_noisy_codes(std::span<const std::int16_t> codes, std::span<const Pass> passes,
                                  std::span<const float> noise, std::span<double> acc, ops::Scratch& scratch) const {
  const auto x = scratch.take<double>(codes.size());
  std::span<const float> z = noise;
  if (z.empty()) {
    const auto drawn = scratch.take<float>(codes.size());
    draw_rows(Term::kInput, passes, drawn);
    z = drawn;
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = codes[i] + (*model_->input)(std::abs(int{codes[i]})) * static_cast<double>(z[i]);
  }
  cells_.add_real(x, std::ssize(passes), code_scale(), acc.data(), scratch);
  for (double& a : acc) a = nearest(a);
}

// Noise of cells that is fresh for every pass.
void NoisyMatrix::add_cell_terms(std::span<const std::int16_t> codes, std::span<const Pass> passes,
                                 std::span<double> acc, ops::Scratch& scratch) const {
  const auto count = std::ssize(passes);
  const auto z = scratch.take<float>(acc.size());
  const auto sums = scratch.take<double>(acc.size());
  const auto add = [&](double factor, bool root) {
    for (std::size_t i = 0; i < acc.size(); ++i) {
      const double sigma = root ? std::sqrt(sums[i]) : sums[i];
      acc[i] += nearest(sigma * static_cast<double>(z[i]) * factor);
    }
  };
  if (mbs_) {
    mbs_->run(codes.data(), count, sums.data(), scratch);
    draw_accumulators(Term::kMbs, passes, z);
    add(model_->mbs_level * kUnit, true);
  } else if (!weight_.empty()) {
    add_given_mbs(codes, passes, acc);
  }
  if (!model_->weight || model_->weight->scale != Scale::kFrame) return;
  std::ranges::fill(sums, 0.0);
  switch (model_->weight->per) {
    case Per::kCell: {  // variance sum x^2 sigma^2, x^2 in digits of 8 bits
      const auto digit = scratch.take<std::int16_t>(codes.size());
      for (int shift = 0; shift < 24; shift += 8) {
        for (std::size_t i = 0; i < codes.size(); ++i) {
          digit[i] = static_cast<std::int16_t>((int{codes[i]} * int{codes[i]}) >> shift & 255);
        }
        frame_weight_->add(digit.data(), count, sums.data(), scratch, 1 << shift);
        if (std::max(x_.hi, -x_.lo) < 256 && shift == 8) break;
      }
      draw_accumulators(Term::kFrameCell, passes, z);
      return add(kUnit, true);
    }
    case Per::kRow: {
      const auto x = scratch.take<double>(codes.size());
      const auto rows = scratch.take<float>(codes.size());
      draw_rows(Term::kFrameCell, passes, rows);
      for (std::size_t i = 0; i < x.size(); ++i) x[i] = codes[i] * static_cast<double>(rows[i]);
      frame_weight_->add_real(x, count, 16 * code_scale(), sums.data(), scratch);
      std::ranges::fill(z, 1.0F);
      return add(kUnit, false);
    }
    case Per::kColumn:
      frame_weight_->add(codes.data(), count, sums.data(), scratch);
      draw_accumulators(Term::kFrameCell, passes, z);
      return add(kUnit, false);
  }
}

void NoisyMatrix::add_given_mbs(std::span<const std::int16_t> codes, std::span<const Pass> passes,
                                std::span<double> acc) const {
  const auto columns = static_cast<std::size_t>(columns_);
  const auto rows = static_cast<std::size_t>(rows_);
  std::vector<float> z(columns);
  for (std::size_t m = 0; m < passes.size(); ++m) {
    for (std::size_t k = 0; k < rows; ++k) {
      const std::int64_t cell = (passes[m] * rows_ + input_rows_[k]) * node_columns_ + first_column_;
      sampler_->normals(Term::kMbs, static_cast<std::uint64_t>(cell), z);
      for (std::size_t n = 0; n < columns; ++n) {
        const double sigma = mbs_sigma(codes[m * rows + k], weight_[k * columns + n]);
        acc[m * columns + n] += nearest(model_->mbs_level * sigma * static_cast<double>(z[n]) * kUnit);
      }
    }
  }
}

// acc += sigma z, in accumulator units.
void NoisyMatrix::add_drawn(Term term, double sigma, std::span<const Pass> passes, std::span<double> acc,
                            ops::Scratch& scratch) const {
  const auto z = scratch.take<float>(acc.size());
  draw_accumulators(term, passes, z);
  for (std::size_t i = 0; i < acc.size(); ++i) acc[i] += nearest(sigma * static_cast<double>(z[i]) * kUnit);
}

// Bias rows that are fresh for every pass, and the term of the accumulator.
void NoisyMatrix::add_pass_terms(std::span<const Pass> passes, std::span<double> acc, ops::Scratch& scratch) const {
  if (!frame_bias_sigma_.empty()) {
    const auto columns = static_cast<std::size_t>(columns_);
    const auto z = scratch.take<float>(acc.size());
    if (model_->bias_row->per == Per::kRow) {
      for (std::size_t m = 0; m < passes.size(); ++m) {
        float one = 0;
        sampler_->normals(Term::kFrameBias, static_cast<std::uint64_t>(passes[m]), {&one, 1});
        std::ranges::fill(z.subspan(m * columns, columns), one);
      }
    } else {
      draw_accumulators(Term::kFrameBias, passes, z);
    }
    for (std::size_t i = 0; i < acc.size(); ++i) {
      acc[i] += nearest(frame_bias_sigma_[i % columns] * static_cast<double>(z[i]) * kUnit);
    }
  }
  if (model_->sigma_acc != 0) add_drawn(Term::kAcc, model_->sigma_acc, passes, acc, scratch);
}

void NoisyMatrix::convert(std::span<const double> acc, std::span<std::int32_t> y) const {
  if (!fast_) {
    for (std::size_t i = 0; i < acc.size(); ++i) y[i] = rule_.y(static_cast<std::int64_t>(acc[i]));
    return;
  }
  const double g = g_lsb_ * kUnit;
  const bool adc = rule_.has_v();
  const double quarters = adc ? 4 : 1;
  constexpr double kFar = 1 << 18;  // beyond every code
  const CodeRange range = rule_.range();
  const CodeRange inner = arith::OutputRule(rule_.without_limit()).range();
  for (std::size_t i = 0; i < acc.size(); ++i) {
    const double q = std::clamp(quarters * acc[i] / g, -kFar, kFar);
    std::int32_t code = adc ? (static_cast<std::int32_t>(q) + 2) >> 2 : static_cast<std::int32_t>(nearest(q));
    code = std::clamp(code, inner.lo, inner.hi);
    y[i] = std::clamp(code, range.lo, range.hi);
  }
}

}  // namespace witin::noise
