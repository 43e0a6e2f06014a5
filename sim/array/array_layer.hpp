// One matrix on the array, ready to run: y = rule(x W + bias) for rows of staged codes.
//
//   one pass    acc = sum_k x[k] W[k, n] + bias[n];  y = rule(acc)
//   pn          acc = sum_k max(x, 0) W + max(-x, 0) Wn + bias, Wn = weight_neg or exactly -W: one pass, one rounding
//   split       y = sat(rule(low W + bias) + rne((high W + bias_d) / rne(g)))            x wider than 8 bits
//   parts       y = sat(sum_p rule(acc_p)), the bias in part 0                           attribute k_split
//
// run() applies the rule inside the kernel where one pass of one part is asked for its codes alone. Otherwise, and for
// whoever makes accumulators in another way (noise), it is put together from pieces that can be called on their own:
//
//   accumulate()  rows of codes -> int32 accumulators [part][row][output], and those of the high parts
//   convert()     accumulators -> codes, by the rules above, and their trace fields
//   store()       codes [row][output] that were made elsewhere -> the sink
//
// Sources: sim/arith/numerics.md. The accumulators are exact in int32; whoever reads the tensors refuses more.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sim/arith/output_rule.hpp"
#include "sim/array/array_matrix.hpp"
#include "sim/array/weights.hpp"
#include "sim/ops/scratch.hpp"
#include "witin/error.hpp"

namespace witin::array {

struct LayerSpec {
  MatrixLayout layout;                  // rows: per tap the channels, with two polarities once more for -x
  std::int64_t channels = 0;            // consecutive codes of one tap, one polarity
  kernels::WeightRows weight;           // [taps * channels, layout.columns]
  std::vector<const void*> weight_neg;  // rows like those of weight; empty: one polarity
  std::vector<std::int32_t> bias;       // [outputs]
  std::vector<std::int32_t> bias_d;     // [outputs], split only
  std::vector<std::int32_t> part;       // [taps * channels]; empty: one part
  std::int32_t parts = 1;
  bool split = false;
  arith::OutputRuleSpec rule;
};

// How codes in `x` reach a matrix with these weights. Codes of a split input come as two of at most 8 bits and a sign.
[[nodiscard]] Staging choose_staging(kernels::Isa isa, CodeRange x, bool split, const Weights& weight,
                                     const Weights& weight_neg);

struct Patches {
  const void* codes = nullptr;  // the whole codes, or the low parts of a split input
  const void* high = nullptr;   // split: the high parts, same places
  RowPlaces rows;
  std::int64_t count = 0;
  std::int64_t grid_width = 1;  // depthwise: outputs in one row of the grid
};

// Where results go: row m, output n at y[places[m] + n * output_stride]. acc, v and y_d are wanted where not null and
// lie like y; with several parts acc and v hold [frame][part][frame_elements].
struct Sink {
  Storage storage = Storage::kS8;
  void* y = nullptr;
  RowPlaces places;
  std::int64_t output_stride = 1;
  std::int64_t frame_elements = 0;
  std::int32_t* acc = nullptr;
  std::int32_t* v = nullptr;
  std::int32_t* y_d = nullptr;
};

class ArrayLayer {
 public:
  // Errors: those of OutputRule and IntegerDivider (where = the attribute's name). alike: a layer of the same rule,
  // split and number of parts, whose conversions are taken: making them takes as long as a large matrix, and a node has
  // a layer for each group and pair of phases; or null.
  [[nodiscard]] static Result<ArrayLayer> make(LayerSpec spec, const ArrayLayer* alike = nullptr);

  [[nodiscard]] const MatrixLayout& layout() const { return layout_; }
  [[nodiscard]] bool depthwise() const { return layout_.depthwise.has_value(); }
  [[nodiscard]] bool split() const { return divider_.has_value(); }
  [[nodiscard]] bool has_v() const { return rule_.has_v(); }
  [[nodiscard]] std::int32_t parts() const { return parts_; }
  [[nodiscard]] std::int64_t outputs() const { return layout_.outputs(); }
  [[nodiscard]] std::int64_t macs() const { return macs_; }  // of one row of codes, pn counted once
  [[nodiscard]] const arith::OutputRule& rule() const { return rule_; }
  [[nodiscard]] CodeRange y_range() const { return rule_.range(); }

  void run(const Patches& x, const Sink& sink, ops::Scratch& scratch) const;

  // The pieces. `first` and `count` choose rows of the patches and the sink; of a depthwise layer whole grid rows.
  // acc: [parts][count][outputs]; high: [count][outputs], split only.
  void accumulate(const Patches& x, std::int64_t first, std::int64_t count, std::span<std::int32_t> acc,
                  std::span<std::int32_t> high) const;
  void convert(std::span<const std::int32_t> acc, std::span<const std::int32_t> high, std::int64_t first,
               std::int64_t count, const Sink& sink, ops::Scratch& scratch) const;
  // codes: [count][outputs] of `storage`, within the sink's.
  void store(Storage storage, const void* codes, std::int64_t first, std::int64_t count, const Sink& sink) const;
  // Rows whose accumulators fit into the first-level cache, whole grid rows.
  [[nodiscard]] std::int64_t rows_at_once(const Patches& x) const;

 private:
  explicit ArrayLayer(const arith::OutputRule& rule)
      : rule_(rule), fused_(kernels::FusedRule::make(rule)), part_rule_(fused_) {}
  // The conversions of another one, nothing else.
  struct Conversions {};
  ArrayLayer(const ArrayLayer& other, Conversions /*tag*/)
      : rule_(other.rule_),
        fused_(other.fused_),
        part_rule_(other.part_rule_),
        digital_(other.digital_),
        divider_(other.divider_) {}
  [[nodiscard]] ArrayMatrix pack(const LayerSpec& spec, std::span<const std::int32_t> bias, std::int32_t part) const;
  void add_digital(std::span<const std::int32_t> high, std::span<std::int32_t> sum, ops::Scratch& scratch) const;
  void show(std::span<const std::int32_t> acc, std::span<const std::int32_t> high, std::int64_t first,
            std::int64_t count, const Sink& sink) const;

  [[nodiscard]] static Result<ArrayLayer> with_conversions(const LayerSpec& spec);

  arith::OutputRule rule_;
  kernels::FusedRule fused_;
  kernels::FusedRule part_rule_;               // without the second clip, where parts are summed
  std::optional<kernels::FusedRule> digital_;  // the divider, clipped beyond what the sum's clip leaves
  std::optional<arith::IntegerDivider> divider_;
  MatrixLayout layout_;
  std::int64_t macs_ = 0;
  std::int32_t parts_ = 1;
  std::vector<ArrayMatrix> matrices_;  // one a part
  std::optional<ArrayMatrix> high_;    // of all parts together, no bias
  std::vector<std::int32_t> high_start_;
};

}  // namespace witin::array
