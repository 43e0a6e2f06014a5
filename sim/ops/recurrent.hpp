// What the recurrent cells share: a state that starts at zero and is carried from frame to frame, reset_every, look-up
// tables, shifts with a rounding of their own, and the intermediates a full trace shows.
//
// Sources: sim/arith/numerics.md. `rounding` (default half_up, which the published traces show), `saturate_sums`,
// `order`, `ones` and `state_min` are attributes because the chip's own choice is not known for every cell.
#pragma once

#include <array>

#include "sim/arith/rounding.hpp"
#include "sim/arith/table.hpp"
#include "sim/array/noisy_vectors.hpp"
#include "sim/ops/registry.hpp"

namespace witin::ops {

// Codes a cell takes: the array is driven with 8 bits, signed or not.
inline constexpr CodeRange kCellInput{-128, 255};

// An intermediate of one frame: computed in a work array of `size` codes, copied to the trace where wanted.
struct CellField {
  std::string_view name;
  std::int64_t size = 0;
  Storage storage = Storage::kS8;
  bool trace_only = false;  // the work array is empty unless the field is wanted
};

class RecurrentOperator : public Operator, public Noisy {
 public:
  // The state has state_size codes, of which the first output.elements() are h, the output. npu_acc and npu_v follow
  // the fields: the columns of the matrices, one after the other.
  RecurrentOperator(ValueType output, ValueType input, std::vector<array::VectorLayer> matrices,
                    std::vector<CellField> fields, std::int64_t state_size, std::int64_t reset_every);

  [[nodiscard]] std::vector<Field> fields() const final;
  [[nodiscard]] std::unique_ptr<State> initial_state() const final;
  [[nodiscard]] std::int64_t macs() const final;
  Status run(const Run& run) const final { return run_with(run, nullptr); }

  [[nodiscard]] Result<std::unique_ptr<const Noise>> draw_noise(const NoiseSetup& setup) const final {
    return array::NoisyVectors::make(matrices_, lazy_sources_, setup);
  }
  Status run_noisy(const Run& run, const Noise& noise) const final {
    return run_with(run, dynamic_cast<const array::NoisyVectors*>(&noise));
  }

 protected:
  using Work = std::span<const std::span<std::int32_t>>;  // one array a field

  struct Step {
    std::span<const std::int32_t> x;
    std::span<std::int32_t> state;
    Work work;
    std::int64_t frame = 0;                      // in the input
    const array::NoisyVectors* noise = nullptr;  // null: none
    Scratch* scratch = nullptr;
  };

  // Moves the state on by one frame of input codes.
  virtual void step(const Step& step) const = 0;

  // gates = rule(codes W + bias) of one matrix, with its accumulators where they are wanted.
  void multiply(const Step& step, std::size_t matrix, std::span<const std::int32_t> codes,
                std::span<std::int32_t> gates) const;

 private:
  Status run_with(const Run& run, const array::NoisyVectors* noise) const;

  ValueType input_;
  std::vector<array::VectorLayer> matrices_;
  std::vector<CellField> fields_;
  std::size_t acc_field_;
  std::int64_t state_size_;
  std::int64_t reset_every_;
  mutable array::LazyVectorSources lazy_sources_;
};

// An activation: int8 table of 256 or 1024 entries, indexed by a gate value on the int8 scale or a sum of two.
class GateTable {
 public:
  [[nodiscard]] static Result<GateTable> make(const NodeContext& context, std::string_view role, bool saturate_sums);

  [[nodiscard]] std::int32_t operator()(std::int32_t gate) const {
    const std::size_t index = saturate_sums_ ? arith::half_lsb_index_saturated(gate, table_.size())
                                             : arith::half_lsb_index(gate, table_.size());
    return table_[index];
  }

 private:
  std::vector<std::int32_t> table_;
  bool saturate_sums_ = false;
};

// Attributes of the cells: `own`, and `shifts` of shift_count numbers, `reset_every` and `rounding`.
[[nodiscard]] std::vector<AttributeRule> with_cell_attributes(std::size_t shift_count, std::vector<AttributeRule> own);
[[nodiscard]] AttributeRule divisor_rule(std::string_view name);
[[nodiscard]] AttributeRule ones_rule();
[[nodiscard]] AttributeRule order_rule();
[[nodiscard]] AttributeRule saturate_sums_rule();
[[nodiscard]] TensorRule cell_weight(std::string_view role);
[[nodiscard]] TensorRule cell_bias(std::string_view role);
[[nodiscard]] TensorRule cell_table(std::string_view role);

[[nodiscard]] arith::Rounding cell_rounding(const NodeContext& context);

// As many as the cell has, at most four; `absent` where the node has none.
[[nodiscard]] std::array<int, 4> cell_shifts(const NodeContext& context, const std::vector<std::int64_t>& absent);

// What a table is indexed with: a gate plus another, wide shifts included, within what any table tells apart.
[[nodiscard]] constexpr std::int32_t gate_sum(std::int64_t a, std::int64_t b) { return arith::sat(a + b, 16); }

// The codes a cell's matrix can meet: of the input alone, and of the input joined with int8 state.
[[nodiscard]] CodeRange input_codes(const NodeContext& context);
[[nodiscard]] CodeRange joined_codes(const NodeContext& context);

// The input's length, or an error: cells take vectors.
[[nodiscard]] Result<std::int64_t> cell_input(const NodeContext& context);

}  // namespace witin::ops
