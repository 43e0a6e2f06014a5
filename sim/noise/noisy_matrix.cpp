// What a trial draws once: cells, bias rows, gains and offsets of columns.
#include "sim/noise/noisy_matrix.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "sim/arith/bias.hpp"
#include "sim/noise/fixed.hpp"
#include "sim/noise/real.hpp"
#include "sim/number_text.hpp"

namespace witin::noise {
namespace {

constexpr std::int32_t kBiasDrive = arith::kBiasUnit;
constexpr CodeRange kDigitCodes{-128, 127};

Error no_law(std::string what, std::string expected, std::string found, std::string hint = {}) {
  return {"noise.operator", std::move(what), "", std::move(expected), std::move(found), std::move(hint)};
}

Status check_mbs(const MatrixSpec& spec) {
  if (spec.x.lo < 0 || spec.x.hi > 255) {
    return no_law("mbs has no law for these input codes", "0..255",
                  std::to_string(spec.x.lo) + ".." + std::to_string(spec.x.hi),
                  "normal and simple have one; or neg_in \"pn\"");
  }
  for (const auto* weight : {&spec.weight, &spec.weight_neg}) {
    for (const std::int16_t w : *weight) {
      if (std::abs(int{w}) > 128) return no_law("mbs has no law for this weight", "-128..128", std::to_string(w));
    }
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

}  // namespace

Result<NoisyMatrix> NoisyMatrix::make(kernels::Isa isa, const Model& model, const Sampler& sampler,
                                      const MatrixSpec& spec) {
  if (model.mbs_level != 0) {
    if (Status checked = check_mbs(spec); !checked) return std::move(checked).error();
  }
  double g = 1;
  const Result<arith::OutputRule> rule = noisy_rule(spec.rule, g);
  if (!rule) return rule.error();
  NoisyMatrix matrix(*rule);
  matrix.g_lsb_ = g;
  // A quotient below 2^17 with such a divisor is never rounded to a tie or an integer it is not.
  matrix.fast_ = nearest(g * kUnit) == g * kUnit && g * kUnit < 0x1p34;
  matrix.output_sigma_ = model.sigma_output_lsb * g * std::sqrt(static_cast<double>(spec.output_passes));
  matrix.model_ = &model;
  matrix.sampler_ = &sampler;
  matrix.columns_ = spec.columns;
  matrix.node_rows_ = spec.node_rows;
  matrix.node_columns_ = spec.node_columns;
  matrix.first_column_ = spec.first_column;
  matrix.x_ = spec.x;
  matrix.input_rows_ = spec.row_numbers;
  if (!spec.weight_neg.empty()) {
    for (const std::int64_t row : spec.row_numbers) matrix.input_rows_.push_back(spec.node_rows + row);
  }
  matrix.rows_ = std::ssize(matrix.input_rows_);
  matrix.prepare_columns(spec);
  matrix.prepare_cells(isa, spec);
  matrix.prepare_frame_terms(isa, spec);
  return matrix;
}

void NoisyMatrix::prepare_columns(const MatrixSpec& spec) {
  const auto columns = static_cast<std::size_t>(columns_);
  std::vector<float> z(columns);
  gain_.assign(columns, 1);
  if (model_->column_gain_relative != 0) {
    sampler_->normals(Term::kGain, static_cast<std::uint64_t>(first_column_), z);
    for (std::size_t n = 0; n < columns; ++n) gain_[n] = 1 + model_->column_gain_relative * static_cast<double>(z[n]);
  }
  dead_.assign(columns, false);
  for (const std::int64_t column : model_->dead_columns) {
    const std::int64_t n = column - first_column_;
    if (n >= 0 && n < columns_) dead_[static_cast<std::size_t>(n)] = true;
  }
  start_.assign(columns, 0);
  for (std::size_t n = 0; n < columns; ++n) start_[n] = spec.bias[n] * kUnit;
  if (model_->bias_row && model_->bias_row->scale == Scale::kTrial) {
    const CellTerm& term = *model_->bias_row;
    for (int row = 0; row < spec.bias_rows; ++row) {
      draw_for(*sampler_, Term::kBiasRow, term.per, row, node_columns_, first_column_, z);
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

void NoisyMatrix::prepare_cells(kernels::Isa isa, const MatrixSpec& spec) {
  const auto columns = static_cast<std::size_t>(columns_);
  const auto polarity_rows = spec.row_numbers.size();
  std::vector<std::int16_t> weight = spec.weight;
  weight.insert(weight.end(), spec.weight_neg.begin(), spec.weight_neg.end());
  const CodeRange codes = model_->input ? kDigitCodes : x_;
  const bool trial_weight = model_->weight && model_->weight->scale == Scale::kTrial;
  const bool exact = !trial_weight && model_->common_weight_lsb == 0 && !model_->stuck && !model_->drift &&
                     model_->column_gain_relative == 0;
  if (exact) {
    cells_ = Product(isa, rows_, columns_, codes, std::span(&weight, 1), {kUnit});
  } else {
    std::vector<std::int32_t> cells(weight.size());
    std::vector<float> z(columns);
    std::vector<float> common(columns);
    std::vector<float> nu(columns);
    for (std::size_t k = 0; k < input_rows_.size(); ++k) {
      const std::int64_t row = input_rows_[k];
      const std::int64_t number = spec.row_numbers[k % polarity_rows];
      if (trial_weight) draw_for(*sampler_, Term::kWeight, model_->weight->per, row, node_columns_, first_column_, z);
      if (model_->common_weight_lsb != 0) {
        const Per per = spec.common == Common::kColumn ? Per::kColumn : Per::kRow;
        const bool second = row >= node_rows_;
        const std::int64_t which =
            spec.common == Common::kChannel ? number % spec.channels + (second ? spec.channels : 0) : row;
        const std::int64_t polarity = second ? node_columns_ : 0;
        draw_for(*sampler_, Term::kCommon, per, which, node_columns_, first_column_ + polarity, common);
      }
      if (model_->drift) draw_for(*sampler_, Term::kDrift, Per::kCell, row, node_columns_, first_column_, nu);
      for (std::size_t n = 0; n < columns; ++n) {
        const std::int32_t w = weight[k * columns + n];
        double cell = w;
        if (model_->drift) {
          const Drift& drift = *model_->drift;
          cell *= power(drift.time_ratio, -(drift.nu + drift.nu_sigma * static_cast<double>(nu[n])));
        }
        if (trial_weight) cell += model_->weight->sigma_weight_lsb(std::abs(w)) * static_cast<double>(z[n]);
        cell += model_->common_weight_lsb * static_cast<double>(common[n]);
        if (model_->stuck) {
          const auto index = static_cast<std::uint64_t>(row * node_columns_ + first_column_) + n;
          if (sampler_->uniform(Term::kStuck, index) < model_->stuck->fraction) cell = model_->stuck->value;
        }
        cells[k * columns + n] = to_fixed(cell * gain_[n]);
      }
    }
    cells_ = Product::fixed(isa, rows_, columns_, codes, cells, 1);
  }
  if (model_->mbs_level != 0) {
    if (sampler_->given()) {
      weight_ = std::move(weight);
    } else {
      mbs_.emplace(isa, rows_, columns_, weight);
    }
  }
}

void NoisyMatrix::prepare_frame_terms(kernels::Isa isa, const MatrixSpec& spec) {
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
  if (!model_->weight || model_->weight->scale != Scale::kFrame) return;
  std::vector<std::int32_t> cells;
  cells.reserve(static_cast<std::size_t>(rows_ * columns_));
  const bool squared = model_->weight->per == Per::kCell;
  for (const auto* weight : {&spec.weight, &spec.weight_neg}) {
    for (std::size_t i = 0; i < weight->size(); ++i) {
      const double sigma = model_->weight->sigma_weight_lsb(std::abs((*weight)[i])) * gain_[i % columns];
      cells.push_back(to_fixed(squared ? sigma * sigma / kSquareUnit : sigma));
    }
  }
  const CodeRange codes = squared ? unsigned_range(8) : model_->weight->per == Per::kRow ? kDigitCodes : x_;
  frame_weight_ = Product::fixed(isa, rows_, columns_, codes, cells, (squared ? kSquareUnit : 1) / kUnit);
}

}  // namespace witin::noise
