// gru: (z, r) = T0(rule([x_t, h] W_zr + b_zr)),  hn = rule(h W_hn + b_hn),  in = rule(x_t W_in + b_in)
//
//   n = T1(in + shift(r hn, s0)),  h' = sat8(shift((ones - z) n + z h, s1))
//
// order "rz": the columns of W_zr are r, then z. saturate_sums: the sum in T1 goes to int8 first, as a 256-byte table
// of the chip would need. Source: sim/arith/numerics.md; no published trace, so every choice is an attribute.
#include "sim/ops/defs.hpp"
#include "sim/ops/recurrent.hpp"

namespace witin::ops {
namespace {

class Gru final : public RecurrentOperator {
 public:
  struct Parts {
    std::int64_t hidden = 0;
    GateTable sigmoid, tanh;
    std::array<int, 2> shifts{};
    std::int64_t ones = 128;
    bool z_first = true;
    arith::Rounding rounding{};
  };

  Gru(ValueType output, const ValueType& input, std::vector<array::VectorLayer> matrices, Parts parts,
      std::int64_t reset_every)
      : RecurrentOperator(std::move(output), input, std::move(matrices), cell_fields(input.elements(), parts),
                          parts.hidden, reset_every),
        parts_(std::move(parts)) {}

 private:
  enum Matrix : std::size_t { kMatrixZr, kMatrixHn, kMatrixIn };
  enum Index : std::size_t { kInp, kHIn, kGatesZr, kHn, kInGate, kZ, kR, kN };

  static std::vector<CellField> cell_fields(std::int64_t inputs, const Parts& parts) {
    const std::int64_t h = parts.hidden;
    return {{"inp", inputs + h, Storage::kS16},
            {"h_in", h},
            {"gates_zr", 2 * h},
            {"hn", h},
            {"in", h},
            {"z", h},
            {"r", h},
            {"n", h}};
  }

  void step(const Step& step) const override {
    const std::span<const std::int32_t> x = step.x;
    const std::span<std::int32_t> h = step.state;
    const Work work = step.work;
    const std::size_t hidden = h.size();
    std::ranges::copy(x, work[kInp].begin());
    std::ranges::copy(h, work[kInp].subspan(x.size()).begin());
    std::ranges::copy(h, work[kHIn].begin());
    multiply(step, kMatrixZr, work[kInp], work[kGatesZr]);
    multiply(step, kMatrixHn, h, work[kHn]);
    multiply(step, kMatrixIn, x, work[kInGate]);
    const std::span<const std::int32_t> z_gate = work[kGatesZr].subspan(parts_.z_first ? 0 : hidden, hidden);
    const std::span<const std::int32_t> r_gate = work[kGatesZr].subspan(parts_.z_first ? hidden : 0, hidden);
    for (std::size_t k = 0; k < hidden; ++k) {
      const std::int64_t z = work[kZ][k] = parts_.sigmoid(z_gate[k]);
      const std::int32_t r = work[kR][k] = parts_.sigmoid(r_gate[k]);
      const std::int64_t reset = shift(std::int64_t{r} * work[kHn][k], 0);
      const std::int64_t n = work[kN][k] = parts_.tanh(gate_sum(work[kInGate][k], reset));
      h[k] = arith::sat(shift((parts_.ones - z) * n + z * h[k], 1), 8);
    }
  }

  [[nodiscard]] std::int64_t shift(std::int64_t a, std::size_t index) const {
    return arith::shift(a, parts_.shifts[index], parts_.rounding);
  }

  Parts parts_;
};

Result<std::unique_ptr<Operator>> prepare_gru(const NodeContext& context) {
  const Result<std::int64_t> inputs = cell_input(context);
  if (!inputs) return inputs.error();
  const std::int64_t hidden = context.tensor("weight_hn")->shape[1];
  auto matrices = array::VectorLayer::make_all(
      context, {{"weight_zr", "bias_zr", "g_zr", *inputs + hidden, 2 * hidden, kCellInput, joined_codes(context)},
                {"weight_hn", "bias_hn", "g_hn", hidden, hidden, signed_range(8), signed_range(8)},
                {"weight_in", "bias_in", "g_in", *inputs, hidden, kCellInput, input_codes(context)}});
  if (!matrices) return std::move(matrices).error();
  const bool saturate = context.flag("saturate_sums", false);
  auto sigmoid = GateTable::make(context, "table_sigmoid", saturate);
  if (!sigmoid) return std::move(sigmoid).error();
  auto tanh = GateTable::make(context, "table_tanh", saturate);
  if (!tanh) return std::move(tanh).error();
  Gru::Parts parts{hidden, *std::move(sigmoid), *std::move(tanh)};
  parts.shifts = cell_shifts<2>(context, {-7, -7});
  parts.ones = context.integer("ones", 128);
  parts.z_first = context.text("order", "zr") == "zr";
  parts.rounding = cell_rounding(context);
  return {std::make_unique<Gru>(ValueType{{hidden}, signed_range(8)}, context.input(), *std::move(matrices),
                                std::move(parts), context.integer("reset_every", 0))};
}

}  // namespace

const OpDef kGru{"gru",
                 kOnAll,
                 1,
                 1,
                 {cell_weight("weight_zr"), cell_weight("weight_hn"), cell_weight("weight_in"), cell_bias("bias_zr"),
                  cell_bias("bias_hn"), cell_bias("bias_in"), cell_table("table_sigmoid"), cell_table("table_tanh")},
                 with_cell_attributes(2, {divisor_rule("g_zr"), divisor_rule("g_hn"), divisor_rule("g_in"), ones_rule(),
                                          order_rule(), saturate_sums_rule()}),
                 prepare_gru};

}  // namespace witin::ops
