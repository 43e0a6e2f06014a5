// One matrix on the array, ready to run: y = rule(x W + bias) for rows of staged codes.
//
//   one pass    acc = sum_k x[k] W[k, n] + bias[n];  y = rule(acc)
//   pn          acc = sum_k max(x, 0) W + max(-x, 0) Wn + bias, Wn = weight_neg or exactly -W: one pass, one rounding
//   split       y = sat(rule(low W + bias) + rne((high W + bias_d) / rne(g)))            x wider than 8 bits
//   parts       y = sat(sum_p rule(acc_p)), the bias in part 0                           attribute k_split
//
// Sources: sim/arith/numerics.md. The accumulators are exact in int32; whoever reads the tensors refuses more.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sim/arith/output_rule.hpp"
#include "sim/array/staging.hpp"
#include "sim/ops/scratch.hpp"
#include "witin/error.hpp"

namespace witin::array {

struct LayerSpec {
  std::int64_t taps = 1;      // the matrix has taps * channels rows, channel fastest
  std::int64_t channels = 0;  // consecutive codes of one tap
  std::int64_t columns = 0;
  std::vector<std::int16_t> weight;      // [rows, columns]
  std::vector<std::int16_t> weight_neg;  // empty: -weight
  std::vector<std::int32_t> bias;        // [columns]
  std::vector<std::int32_t> bias_d;      // [columns], split only
  std::vector<std::int32_t> part;        // [rows]; empty: one part
  std::int32_t parts = 1;
  Staging staging;  // of the plane the codes come from
  bool split = false;
  arith::OutputRuleSpec rule;
};

// How codes in `x` reach a matrix with these weights: uint8 where the weights are int8 and the codes allow it, with an
// offset for signed ones; two polarities where there are negative weights of their own.
[[nodiscard]] Staging choose_staging(CodeRange x, bool split, std::int64_t rows, std::span<const std::int32_t> weight,
                                     std::span<const std::int32_t> weight_neg, std::span<const std::int32_t> bias);

// Where the codes of the rows lie in a plane: row m, segment s is `segment` codes from codes + rows[m] + segments[s].
// A tap is a segment of channels * polarities codes; neighbours may be merged into longer ones.
struct Patches {
  const void* codes = nullptr;  // the whole codes, or the low parts of a split input
  const void* high = nullptr;   // split: the high parts, same places
  std::span<const std::int64_t> rows;
  std::span<const std::int64_t> segments;
  std::int64_t segment = 0;
};

// Where results go: row m, column n at y[places[m] + n * column_stride]. acc, v and y_d are wanted where not null and
// lie like y; with several parts acc and v hold [frame][part][frame_elements].
struct Sink {
  Storage storage = Storage::kS8;
  void* y = nullptr;
  std::span<const std::int64_t> places;
  std::int64_t column_stride = 1;
  std::int64_t frame_elements = 0;
  std::int32_t* acc = nullptr;
  std::int32_t* v = nullptr;
  std::int32_t* y_d = nullptr;
};

class ArrayLayer {
 public:
  // Errors: those of OutputRule and IntegerDivider (where = the attribute's name).
  [[nodiscard]] static Result<ArrayLayer> make(LayerSpec spec);

  [[nodiscard]] const Staging& staging() const { return staging_; }
  [[nodiscard]] bool split() const { return divider_.has_value(); }
  [[nodiscard]] bool has_v() const { return rule_.has_v(); }
  [[nodiscard]] std::int32_t parts() const { return parts_; }
  [[nodiscard]] std::int64_t columns() const { return columns_; }
  [[nodiscard]] std::int64_t macs() const { return rows_ * columns_; }  // of one row of codes
  [[nodiscard]] CodeRange y_range() const { return rule_.range(); }

  void run(const Patches& x, const Sink& sink, ops::Scratch& scratch) const;

 private:
  explicit ArrayLayer(arith::OutputRule rule) : rule_(rule), part_rule_(rule.without_limit()) {}
  void convert(std::span<const std::int32_t> acc, std::span<const std::int32_t> high, std::size_t first,
               std::size_t count, const Sink& sink) const;

  arith::OutputRule rule_;
  arith::OutputRule part_rule_;
  std::optional<arith::IntegerDivider> divider_;
  Staging staging_;
  std::int64_t rows_ = 0;  // of the matrix as the package gives it
  std::int64_t columns_ = 0;
  std::int32_t parts_ = 1;
  std::vector<std::vector<std::int16_t>> weights_;  // per part [staged rows, columns]
  std::vector<std::vector<std::int32_t>> starts_;   // per part [columns]: what its accumulators start from
  std::vector<std::int16_t> high_weight_;           // empty unless there are several parts
  std::vector<std::int32_t> high_start_;
};

}  // namespace witin::array
