// What a trial draws once: cells, bias rows, gains and offsets of columns.
#include "sim/noise/noisy_matrix.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>

#include "sim/arith/bias.hpp"
#include "sim/kernels/kernel_table.hpp"
#include "sim/noise/fixed.hpp"
#include "sim/noise/real.hpp"
#include "sim/number_text.hpp"

namespace witin::noise {
namespace {

constexpr std::int32_t kBiasDrive = arith::kBiasUnit;

Error no_law(std::string what, std::string expected, std::string found, std::string hint = {}) {
  return {"noise.operator", std::move(what), "", std::move(expected), std::move(found), std::move(hint)};
}

constexpr CodeRange kMbsWeights{-128, 128};
constexpr double kMostSample = 7;  // of Philox: normals.hpp
constexpr double kMostWeight = 1 << 15;

Status check_mbs(const MatrixSpec& spec, CodeRange weights) {
  if (spec.x.lo < 0 || spec.x.hi > 255) {
    return no_law("mbs has no law for these input codes", "0..255",
                  std::to_string(spec.x.lo) + ".." + std::to_string(spec.x.hi),
                  "normal and simple have one; or neg_in \"pn\"");
  }
  if (!kMbsWeights.contains(weights)) {
    const std::int32_t other = kMbsWeights.contains({weights.lo, 0}) ? weights.hi : weights.lo;
    return no_law("mbs has no law for this weight", "-128..128", std::to_string(other));
  }
  return {};
}

// Accumulators in units of 2^-14. witin_nn: noisy forwards divide by round(g) and know no clip_value.
Result<arith::OutputRule> noisy_rule(const arith::OutputRuleSpec& spec, double& g) {
  const Result<arith::OutputRule> plain = arith::OutputRule::make(spec);
  if (!plain) return plain.error();
  g = spec.arithmetic == Arithmetic::kWitinNn ? static_cast<double>(arith::rne(plain->g())) : plain->g();
  if (!(g > 0)) {
    return Error{
        "noise.divisor", "noisy forwards divide by round(g)", "g", "round(g) >= 1", number_text(plain->g()), ""};
  }
  arith::OutputRuleSpec fixed;
  fixed.arithmetic = spec.arithmetic;
  fixed.g = g * kUnit;
  fixed.y_bits = spec.y_bits;
  fixed.y_limit_bits = spec.y_limit_bits;
  return arith::OutputRule::make(fixed);
}

// The value of one draw for each of `out`, by what it is made for.
void draw_for(const Sampler& sampler, Term term, Per per, std::int64_t row, std::int64_t row_columns,
              std::int64_t first_column, std::span<float> out) {
  if (per == Per::kRow) {
    float z = 0;
    sampler.normals(term, static_cast<std::uint64_t>(row), {&z, 1});
    std::ranges::fill(out, z);
    return;
  }
  const std::int64_t first = per == Per::kCell ? row * row_columns + first_column : first_column;
  sampler.normals(term, static_cast<std::uint64_t>(first), out);
}

// Samples of cells, row by row in increasing order: drawn for rows together whose numbers follow each other.
class CellDraws {
 public:
  CellDraws(const Sampler& sampler, Term term, std::span<const std::int64_t> rows, std::int64_t columns)
      : sampler_(sampler), term_(term), rows_(rows), columns_(static_cast<std::size_t>(columns)) {}

  std::span<const float> of_row(std::size_t k) {
    if (k >= end_) draw(k);
    return std::span(z_).subspan((k - begin_) * columns_, columns_);
  }

 private:
  static constexpr std::size_t kAtOnce = 2048;  // samples, which stay in the first-level cache

  void draw(std::size_t k) {
    begin_ = k;
    end_ = k + 1;
    const std::size_t most = std::min(rows_.size(), k + std::max<std::size_t>(1, kAtOnce / columns_));
    while (end_ < most && rows_[end_] == rows_[end_ - 1] + 1) ++end_;
    const std::size_t count = (end_ - begin_) * columns_;
    if (z_.size() < count) z_.resize(count);
    sampler_.normals(term_, static_cast<std::uint64_t>(rows_[k]) * columns_, std::span(z_).first(count));
  }

  const Sampler& sampler_;
  Term term_;
  std::span<const std::int64_t> rows_;
  std::size_t columns_;
  std::size_t begin_ = 0, end_ = 0;  // rows that z_ holds
  std::vector<float> z_;
};

}  // namespace

struct NoisyMatrix::Draws {
  std::optional<CellDraws> cells;  // where a row's samples follow those of the row before
  std::vector<float> z, common, nu;
};

MatrixSource::MatrixSource(kernels::Isa isa, MatrixSpec spec)
    : isa_(isa), spec_(std::move(spec)), input_rows_(spec_.row_numbers), weight_(spec_.weight) {
  if (!spec_.weight_neg.empty()) {
    for (const std::int64_t row : spec_.row_numbers) input_rows_.push_back(spec_.node_rows + row);
    weight_.insert(weight_.end(), spec_.weight_neg.begin(), spec_.weight_neg.end());
  }
  weights_ = kernels::range_of(weight_);
}

const Product& MatrixSource::exact() const {
  std::call_once(exact_once_,
                 [&] { exact_.emplace(isa_, std::ssize(input_rows_), spec_.columns, spec_.x, weight_, kUnit); });
  return *exact_;
}

const MbsVariance& MatrixSource::mbs() const {
  std::call_once(mbs_once_, [&] { mbs_.emplace(isa_, std::ssize(input_rows_), spec_.columns, weight_); });
  return *mbs_;
}

Result<NoisyMatrix> NoisyMatrix::make(const Model& model, const Sampler& sampler,
                                      std::shared_ptr<const MatrixSource> source) {
  const MatrixSpec& spec = source->spec();
  if (model.mbs_level != 0) {
    if (Status checked = check_mbs(spec, source->weights()); !checked) return std::move(checked).error();
  }
  double g = 1;
  const Result<arith::OutputRule> rule = noisy_rule(spec.rule, g);
  if (!rule) return rule.error();
  NoisyMatrix matrix(*rule);
  matrix.isa_ = source->isa();
  matrix.g_lsb_ = g;
  // A quotient below 2^17 with such a divisor is never rounded to a tie or an integer it is not.
  matrix.fast_ = nearest(g * kUnit) == g * kUnit && g * kUnit < 0x1p34;
  matrix.power_of_two_ = matrix.fast_ && std::has_single_bit(static_cast<std::uint64_t>(g * kUnit));
  matrix.output_sigma_ = model.sigma_output_lsb * g * std::sqrt(static_cast<double>(spec.output_passes));
  matrix.model_ = &model;
  matrix.sampler_ = &sampler;
  matrix.columns_ = spec.columns;
  matrix.node_rows_ = spec.node_rows;
  matrix.node_columns_ = spec.node_columns;
  matrix.first_column_ = spec.first_column;
  matrix.x_ = spec.x;
  matrix.rows_ = std::ssize(source->input_rows());
  matrix.source_ = std::move(source);
  matrix.prepare_columns();
  matrix.prepare_cells();
  matrix.prepare_frame_terms();
  matrix.prepare_quotients();
  return matrix;
}

void NoisyMatrix::prepare_columns() {
  const MatrixSpec& spec = this->spec();
  const auto columns = static_cast<std::size_t>(columns_);
  std::vector<float> z(columns);
  gain_.assign(columns, 1);
  if (model_->column_gain_relative != 0) {
    sampler_->normals(Term::kGain, static_cast<std::uint64_t>(first_column_), z);
    for (std::size_t n = 0; n < columns; ++n) gain_[n] = 1 + model_->column_gain_relative * static_cast<double>(z[n]);
  }
  for (const std::int64_t column : model_->dead_columns) {
    const std::int64_t n = column - first_column_;
    if (n >= 0 && n < columns_) dead_.push_back(n);
  }
  start_.assign(columns, 0);
  for (std::size_t n = 0; n < columns; ++n) start_[n] = spec.bias[n] * kUnit;
  if (model_->bias_row && model_->bias_row->scale == Scale::kTrial) {
    const CellTerm& term = *model_->bias_row;
    for (int row = 0; row < spec.bias_rows; ++row) {
      draw_for(*sampler_, Term::kBiasRow, term.per, spec.first_bias_row + row, node_columns_, first_column_, z);
      for (std::size_t n = 0; n < columns; ++n) {
        const double wb = std::abs(spec.bias[n]) / (double{kBiasDrive} * spec.bias_rows);
        start_[n] += nearest(kBiasDrive * term.sigma_weight_lsb(wb) * static_cast<double>(z[n]) * kUnit);
      }
    }
  }
  for (std::size_t n = 0; n < columns; ++n) start_[n] = nearest(start_[n] * gain_[n]);
  if (model_->column_offset_output_lsb != 0) {
    sampler_->normals(Term::kOffset, static_cast<std::uint64_t>(first_column_), z);
    for (std::size_t n = 0; n < columns; ++n) {
      start_[n] += nearest(model_->column_offset_output_lsb * static_cast<double>(z[n]) * g_lsb_ * kUnit);
    }
  }
}

void NoisyMatrix::prepare_cells() {
  const CodeRange codes = model_->input ? Product::digit_codes(isa_) : x_;
  const bool trial_weight = model_->weight && model_->weight->scale == Scale::kTrial;
  const bool exact = !trial_weight && model_->common_weight_lsb == 0 && !model_->stuck && !model_->drift &&
                     model_->column_gain_relative == 0;
  if (!exact) {
    const auto columns = static_cast<std::size_t>(columns_);
    Draws draws{{}, std::vector<float>(columns), std::vector<float>(columns), std::vector<float>(columns)};
    if (trial_weight && model_->weight->per == Per::kCell && columns_ == node_columns_) {
      draws.cells.emplace(*sampler_, Term::kWeight, input_rows(), columns_);
    }
    own_cells_ = Product::fixed(isa_, rows_, columns_, codes, 1, largest_cell(), [&](std::int64_t row, auto* cells) {
      fill_row(static_cast<std::size_t>(row), draws, cells);
    });
  } else if (model_->input) {
    own_cells_.emplace(isa_, rows_, columns_, codes, source_->weight(), kUnit);
  }
  given_mbs_ = model_->mbs_level != 0 && sampler_->given();
  if (model_->mbs_level != 0 && !given_mbs_) mbs_ = &source_->mbs();
}

// No cell is larger. A rounding more than there is.
std::int32_t NoisyMatrix::largest_cell() const {
  const bool trial_weight = model_->weight && model_->weight->scale == Scale::kTrial;
  if (sampler_->given() || model_->drift || model_->stuck || model_->column_gain_relative != 0) return kMostFixed;
  if (trial_weight && !model_->weight->sigma_weight_lsb.linear()) return kMostFixed;
  const CodeRange weights = source_->weights();
  const double weight = std::max(weights.hi, -weights.lo);
  const double sigma = trial_weight ? model_->weight->sigma_weight_lsb(weight) : 0;
  const double most = weight + kMostSample * (sigma + model_->common_weight_lsb);
  return static_cast<std::int32_t>(std::min<double>(kMostFixed, most * kUnit + 2));
}

void NoisyMatrix::fill_row(std::size_t k, Draws& draws, std::int32_t* cells) const {
  const auto columns = static_cast<std::size_t>(columns_);
  const std::int64_t row = input_rows()[k];
  std::span<const float> z = draws.z;
  const std::span<float> common = draws.common;
  const std::span<float> nu = draws.nu;
  const std::span<const std::int16_t> own = std::span(source_->weight()).subspan(k * columns, columns);
  const bool trial_weight = model_->weight && model_->weight->scale == Scale::kTrial;
  const bool has_common = model_->common_weight_lsb != 0;
  if (draws.cells) {
    z = draws.cells->of_row(k);
  } else if (trial_weight) {
    draw_for(*sampler_, Term::kWeight, model_->weight->per, row, node_columns_, first_column_, draws.z);
  }
  if (has_common) {
    const MatrixSpec& spec = this->spec();
    const std::int64_t number = spec.row_numbers[k % spec.row_numbers.size()];
    const Per per = spec.common == Common::kColumn ? Per::kColumn : Per::kRow;
    const bool second = row >= node_rows_;
    const std::int64_t channel = spec.first_channel + number % spec.channels + (second ? spec.node_channels : 0);
    const std::int64_t which = spec.common == Common::kChannel ? channel : row;
    const std::int64_t polarity = second ? node_columns_ : 0;
    draw_for(*sampler_, Term::kCommon, per, which, node_columns_, first_column_ + polarity, common);
  }
  if (!model_->drift && !model_->stuck && model_->column_gain_relative == 0 &&
      (!trial_weight || model_->weight->sigma_weight_lsb.linear())) {
    const Sigma none;
    const Sigma& sigma = trial_weight ? model_->weight->sigma_weight_lsb : none;
    const double most = sigma.additive + sigma.relative * kMostWeight + model_->common_weight_lsb;
    return kernels::kernel_table(isa_).noise.cells({.weight = own.data(),
                                                    .z = trial_weight ? z.data() : nullptr,
                                                    .common_z = has_common ? common.data() : nullptr,
                                                    .additive = sigma.additive,
                                                    .relative = sigma.relative,
                                                    .common = model_->common_weight_lsb,
                                                    .count = columns_,
                                                    .most = kMostFixed,
                                                    .small = !sampler_->given() && most * kMostSample < kMostWeight,
                                                    .cells = cells});
  }
  if (model_->drift) draw_for(*sampler_, Term::kDrift, Per::kCell, row, node_columns_, first_column_, nu);
  for (std::size_t n = 0; n < columns; ++n) {
    const std::int32_t w = own[n];
    double cell = w;
    if (model_->drift) {
      const Drift& drift = *model_->drift;
      cell *= power(drift.time_ratio, -(drift.nu + drift.nu_sigma * static_cast<double>(nu[n])));
    }
    if (trial_weight) cell += model_->weight->sigma_weight_lsb(std::abs(w)) * static_cast<double>(z[n]);
    if (has_common) cell += model_->common_weight_lsb * static_cast<double>(common[n]);
    if (model_->stuck) {
      const auto index = static_cast<std::uint64_t>(row * node_columns_ + first_column_) + n;
      if (sampler_->uniform(Term::kStuck, index) < model_->stuck->fraction) cell = model_->stuck->value;
    }
    cells[n] = to_fixed(cell * gain_[n]);
  }
}

// What binary32 says of codes is known to be right where everything has a bound: samples of Philox are below 7.
void NoisyMatrix::prepare_quotients() {
  if (!fast_ || sampler_->given()) return;
  const kernels::NoisyRule rule = fast_rule();
  const double scale = kernels::code_scale(rule);
  double largest = 0;
  for (const double start : start_) {
    start_quotient_.push_back(static_cast<float>(start * scale + (rule.quarters ? 0.125 : 0)));
    largest = std::max(largest, std::abs(start * scale));
  }
  const double cells = mbs_ != nullptr ? model_->mbs_level * mbs_->largest_sigma() : 0;
  largest_quotient_ = largest + kMostSample * (cells + model_->sigma_acc + output_sigma_) * kUnit * scale;
}

void NoisyMatrix::prepare_frame_terms() {
  const MatrixSpec& spec = this->spec();
  const auto columns = static_cast<std::size_t>(columns_);
  if (model_->bias_row && model_->bias_row->scale == Scale::kFrame && spec.bias_rows > 0) {
    const CellTerm& term = *model_->bias_row;
    const double rows = spec.bias_rows;
    for (std::size_t n = 0; n < columns; ++n) {
      const double wb = std::abs(spec.bias[n]) / (kBiasDrive * rows);
      const double each = kBiasDrive * term.sigma_weight_lsb(wb) * gain_[n];
      frame_bias_sigma_.push_back(each * (term.per == Per::kColumn ? rows : std::sqrt(rows)));
    }
  }
  for (std::int32_t x = 0; model_->input && x <= std::max(x_.hi, -x_.lo); ++x) {
    input_sigma_.push_back((*model_->input)(x));
  }
  if (!model_->weight || model_->weight->scale != Scale::kFrame) return;
  const Per per = model_->weight->per;
  const bool squared = per == Per::kCell;
  const CodeRange codes = squared ? unsigned_range(8) : per == Per::kRow ? Product::digit_codes(isa_) : x_;
  frame_weight_ =
      Product::fixed(isa_, rows_, columns_, codes, 1 / kUnit, kMostFixed, [&](std::int64_t row, auto* cells) {
        for (std::size_t n = 0; n < columns; ++n) {
          const std::int32_t w = source_->weight()[static_cast<std::size_t>(row) * columns + n];
          const double sigma = model_->weight->sigma_weight_lsb(std::abs(w)) * gain_[n];
          cells[n] = to_fixed(squared ? sigma * sigma / kSquareUnit : sigma);
        }
      });
}

}  // namespace witin::noise
