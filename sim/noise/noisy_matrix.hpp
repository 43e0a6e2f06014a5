// One matrix on the array with its noise: what a trial draws once is drawn when it is made, what belongs to frames is
// drawn while it runs. Laws: sim/noise/noise.md.
//
//   acc[m, n] = sum_k x'[m, k] w'[k, n] + bias rows + terms of the accumulator;  y = rule(acc + output term)
//
// in units of 2^-14: exact integers, whatever the order of the sums. Two polarities count as 2 K rows.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "sim/arith/output_rule.hpp"
#include "sim/noise/mbs_law.hpp"
#include "sim/noise/model.hpp"
#include "sim/noise/product.hpp"
#include "sim/noise/sampler.hpp"
#include "witin/error.hpp"

namespace witin::noise {

// Where the library's weight tensor begins with: what the common draw of `simple` is common to.
enum class Common : std::uint8_t { kRow, kColumn, kChannel };

struct MatrixSpec {
  std::int64_t columns = 0;
  std::vector<std::int16_t> weight;       // [rows, columns]
  std::vector<std::int16_t> weight_neg;   // pn: [rows, columns], for max(-x, 0); else empty
  std::vector<std::int64_t> row_numbers;  // [rows] in the node's matrix
  std::int64_t node_rows = 0;             // of the whole node, one polarity
  std::int64_t node_columns = 0;
  std::int64_t first_column = 0;  // of this matrix in the node's
  std::int64_t channels = 1;      // first_channel + row_number % channels: the input channel
  std::int64_t first_channel = 0;
  std::int64_t node_channels = 1;
  Common common = Common::kRow;
  int output_passes = 1;           // passes of the array one output is the sum of: terms of the output add up
  std::vector<std::int32_t> bias;  // [columns], accumulator units
  int bias_rows = 0;               // 0: this matrix has none
  int first_bias_row = 0;          // in the node's
  CodeRange x;                     // codes of a row; of pn those of one polarity, from 0 on
  arith::OutputRuleSpec rule;
};

// What is the same for every trial of a matrix: its numbers, and what is packed from them when it is first asked for.
class MatrixSource {
 public:
  MatrixSource(kernels::Isa isa, MatrixSpec spec);

  [[nodiscard]] kernels::Isa isa() const { return isa_; }
  [[nodiscard]] const MatrixSpec& spec() const { return spec_; }
  // Both polarities, one after the other.
  [[nodiscard]] std::span<const std::int64_t> input_rows() const { return input_rows_; }
  [[nodiscard]] const std::vector<std::int16_t>& weight() const { return weight_; }

  [[nodiscard]] CodeRange weights() const { return weights_; }  // 0 included

  [[nodiscard]] const Product& exact() const;  // for codes of spec().x
  [[nodiscard]] const MbsVariance& mbs() const;

 private:
  kernels::Isa isa_;
  MatrixSpec spec_;
  std::vector<std::int64_t> input_rows_;
  std::vector<std::int16_t> weight_;
  CodeRange weights_;
  mutable std::once_flag exact_once_, mbs_once_;
  mutable std::optional<Product> exact_;
  mutable std::optional<MbsVariance> mbs_;
};

// The pass of the array a row of codes belongs to: counts frames, and in a frame parts and pixels.
using Pass = std::int64_t;

// Squares of sigmas in weight LSB, as fixed point, count this many LSB.
inline constexpr double kSquareUnit = 64;

class NoisyMatrix {
 public:
  // Errors: noise.operator where the model has no law for these codes or weights; those of OutputRule.
  [[nodiscard]] static Result<NoisyMatrix> make(const Model& model, const Sampler& sampler,
                                                std::shared_ptr<const MatrixSource> source);

  [[nodiscard]] std::int64_t rows() const { return rows_; }  // both polarities
  [[nodiscard]] std::int64_t columns() const { return columns_; }

  // codes: [count, rows]; passes: [count]; input_noise: [count, rows] standard normals where the model has input noise
  // and the caller draws it, or empty. y: [count, columns], clipped by the rule. acc, rounded and without the output
  // term, and v where not empty.
  void run(const Codes& codes, std::span<const Pass> passes, std::span<const float> input_noise,
           std::span<std::int32_t> y, std::span<std::int32_t> acc, std::span<std::int32_t> v,
           ops::Scratch& scratch) const;
  // The same without acc and v, for codes of 8 bits. Only where finishes_at_once().
  void run_to_bytes(const Codes& codes, std::span<const Pass> passes, std::int8_t* y, ops::Scratch& scratch) const;
  // Whether accumulators get one sample at most, besides that of their cells.
  [[nodiscard]] bool finishes_at_once() const;

 private:
  // Some passes of one run.
  struct Rows {
    Codes codes;
    std::span<const Pass> passes;
    std::span<const float> input_noise;
    std::span<std::int32_t> y, acc, v;
    std::int8_t* y8 = nullptr;  // in place of y
  };

  explicit NoisyMatrix(arith::OutputRule rule) : rule_(rule) {}
  void prepare_cells();
  struct Draws;  // of one row of cells after the other
  [[nodiscard]] std::int32_t largest_cell() const;
  void fill_row(std::size_t k, Draws& draws, std::int32_t* cells) const;
  void prepare_columns();
  void prepare_frame_terms();
  void prepare_quotients();
  [[nodiscard]] const MatrixSpec& spec() const { return source_->spec(); }
  [[nodiscard]] std::span<const std::int64_t> input_rows() const { return source_->input_rows(); }

  void run_rows(const Rows& rows, ops::Scratch& scratch) const;
  void finish_at_once(const Rows& rows, std::size_t at_once, ops::Scratch& scratch) const;
  void finish(const Rows& rows, std::span<double> acc, ops::Scratch& scratch) const;
  void add_noisy_codes(const Rows& rows, std::span<double> acc, ops::Scratch& scratch) const;
  void add_frame_weights(const Rows& rows, std::span<double> acc, ops::Scratch& scratch) const;
  void add_given_mbs(const Rows& rows, std::span<double> acc, ops::Scratch& scratch) const;
  // acc += rne(sigma z factor); variance and of_column: see kernels::TermArgs.
  void add_drawn(Term term, std::span<const Pass> passes, double factor, std::span<double> acc, ops::Scratch& scratch,
                 const double* variance = nullptr, const double* of_column = nullptr) const;
  void add_frame_bias(std::span<const Pass> passes, std::span<double> acc, ops::Scratch& scratch) const;
  void silence_dead(std::span<double> acc) const;
  [[nodiscard]] std::span<const std::int16_t> as_s16(const Codes& codes, std::size_t count,
                                                     ops::Scratch& scratch) const;
  void draw(Term term, std::span<const Pass> passes, std::int64_t all, std::int64_t first, std::int64_t each,
            std::span<float> out) const;
  void draw_accumulators(Term term, std::span<const Pass> passes, std::span<float> out) const;
  void draw_rows(Term term, std::span<const Pass> passes, std::span<float> out) const;
  // Logarithm of what keeps a code of x_ below 511 LSB of fixed point, noise of ten sigma included.
  [[nodiscard]] int code_scale_log2() const { return x_.hi > 255 || x_.lo < -255 ? 5 : 1; }
  void convert(std::span<const double> acc, std::span<std::int32_t> y) const;
  [[nodiscard]] kernels::NoisyRule fast_rule() const;
  [[nodiscard]] const Product& cells() const { return own_cells_ ? *own_cells_ : source_->exact(); }

  std::shared_ptr<const MatrixSource> source_;
  kernels::Isa isa_{};
  arith::OutputRule rule_;     // of accumulators in units of 2^-14
  bool fast_ = false;          // quotients in binary64 have the rule's codes
  bool power_of_two_ = false;  // their divisor is one
  double output_sigma_ = 0;    // accumulator units
  double g_lsb_ = 1;           // accumulator units of one output LSB
  const Model* model_ = nullptr;
  const Sampler* sampler_ = nullptr;
  std::int64_t rows_ = 0;
  std::int64_t columns_ = 0;
  std::int64_t node_rows_ = 0;
  std::int64_t node_columns_ = 0;
  std::int64_t first_column_ = 0;
  CodeRange x_;
  std::vector<double> start_;             // [columns]
  std::vector<float> start_quotient_;     // [columns] the same as kernels::FinishArgs wants it
  double largest_quotient_ = -1;          // of start_ and samples together; negative: no bound
  std::vector<double> gain_;              // [columns]
  std::vector<std::int64_t> dead_;        // columns
  std::vector<double> input_sigma_;       // [|code|]; empty: no noise of the input
  std::vector<double> frame_bias_sigma_;  // [columns], accumulator units; empty: none
  // Units of 2^-14; of digits of codes where codes are noisy. One of the trial's own, or the source's.
  std::optional<Product> own_cells_;
  const MbsVariance* mbs_ = nullptr;
  bool given_mbs_ = false;
  std::optional<Product> frame_weight_;  // sigma, or sigma^2 per cell, of weight noise that is fresh for every pass
};

}  // namespace witin::noise
