// gru: (z, r) = T0(rule([x_t, h] W_zr + b_zr)),  hn = rule(h W_hn + b_hn),  in = rule(x_t W_in + b_in)
//
//   n = T1(in + shift(r hn, s0)),  h' = sat8(shift((ones - z) n + z h, s1))
//
// order "rz": the columns of W_zr are r, then z. saturate_sums: the sum in T1 goes to int8 first, as a 256-byte table
// of the chip would need. Source: sim/arith/numerics.md; no published trace, so every choice is an attribute.
#include "sim/ops/defs.hpp"
#include "sim/ops/gru_cell.hpp"

namespace witin::ops {
namespace {

class Gru final : public GruCell {
 public:
  Gru(const NodeContext& context, std::vector<array::VectorLayer> matrices, GruParts parts)
      : GruCell(context, signed_range(8), std::move(matrices), cell_fields(context.input().elements(), parts.hidden),
                std::move(parts)) {}

 private:
  enum Matrix : std::size_t { kMatrixZr, kMatrixHn, kMatrixIn };
  enum Index : std::size_t { kInp, kHIn, kGatesZr, kHn, kInGate, kZ, kR, kN };

  static std::vector<CellField> cell_fields(std::int64_t inputs, std::int64_t h) {
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
    const std::span<const std::int32_t> z_gate = z_of(work[kGatesZr]);
    const std::span<const std::int32_t> r_gate = r_of(work[kGatesZr]);
    for (std::size_t k = 0; k < hidden; ++k) {
      const std::int64_t z = work[kZ][k] = parts().sigmoid(z_gate[k]);
      const std::int32_t r = work[kR][k] = parts().sigmoid(r_gate[k]);
      const std::int64_t reset = shift(std::int64_t{r} * work[kHn][k], 0);
      const std::int64_t n = work[kN][k] = parts().tanh(gate_sum(work[kInGate][k], reset));
      h[k] = arith::sat(shift((parts().ones - z) * n + z * h[k], 1), 8);
    }
  }
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
  auto parts = GruParts::read(context, hidden, {-7, -7});
  if (!parts) return std::move(parts).error();
  return {std::make_unique<Gru>(context, *std::move(matrices), *std::move(parts))};
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
