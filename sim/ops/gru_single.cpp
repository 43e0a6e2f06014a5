// gru_single: (z, r) = T0(rule([h, x_t] W_zr + b_zr)),  n = T1(rule([sat8(shift(r h, s0)), x_t] W_h + b_h))
//
//   h' = sat8(shift((ones - z) h + z n, s1))
//
// The cell with one candidate matrix. order "rz": the columns of W_zr are r, then z. Source: sim/arith/numerics.md; the
// vendor's formula as printed, no published trace, so every choice is an attribute.
#include "sim/ops/defs.hpp"
#include "sim/ops/gru_cell.hpp"

namespace witin::ops {
namespace {

class GruSingle final : public GruCell {
 public:
  GruSingle(const NodeContext& context, std::vector<array::VectorLayer> matrices, GruParts parts)
      : GruCell(context, signed_range(8), std::move(matrices), cell_fields(context.input().elements(), parts.hidden),
                std::move(parts)) {}

 private:
  enum Matrix : std::size_t { kMatrixZr, kMatrixH };
  enum Index : std::size_t { kInp, kHIn, kGatesZr, kZ, kR, kInpH, kGatesH, kN };

  static std::vector<CellField> cell_fields(std::int64_t inputs, std::int64_t h) {
    return {{"inp", inputs + h, Storage::kS16},
            {"h_in", h},
            {"gates_zr", 2 * h},
            {"z", h},
            {"r", h},
            {"inp_h", inputs + h, Storage::kS16},
            {"gates_h", h},
            {"n", h}};
  }

  void step(const Step& step) const override {
    const std::span<const std::int32_t> x = step.x;
    const std::span<std::int32_t> h = step.state;
    const Work work = step.work;
    const std::size_t hidden = h.size();
    std::ranges::copy(h, work[kInp].begin());
    std::ranges::copy(x, work[kInp].subspan(hidden).begin());
    std::ranges::copy(h, work[kHIn].begin());
    std::ranges::copy(x, work[kInpH].subspan(hidden).begin());
    multiply(step, kMatrixZr, work[kInp], work[kGatesZr]);
    const std::span<const std::int32_t> z_gate = z_of(work[kGatesZr]);
    const std::span<const std::int32_t> r_gate = r_of(work[kGatesZr]);
    for (std::size_t k = 0; k < hidden; ++k) {
      work[kZ][k] = parts().sigmoid(z_gate[k]);
      const std::int32_t r = work[kR][k] = parts().sigmoid(r_gate[k]);
      work[kInpH][k] = arith::sat(shift(std::int64_t{r} * h[k], 0), 8);
    }
    multiply(step, kMatrixH, work[kInpH], work[kGatesH]);
    for (std::size_t k = 0; k < hidden; ++k) {
      const std::int64_t z = work[kZ][k];
      const std::int64_t n = work[kN][k] = parts().tanh(work[kGatesH][k]);
      h[k] = arith::sat(shift((parts().ones - z) * h[k] + z * n, 1), 8);
    }
  }
};

Result<std::unique_ptr<Operator>> prepare_gru_single(const NodeContext& context) {
  const Result<std::int64_t> inputs = cell_input(context);
  if (!inputs) return inputs.error();
  const std::int64_t hidden = context.tensor("weight_h")->shape[1];
  const std::int64_t rows = *inputs + hidden;
  const CodeRange codes = joined_codes(context);
  auto matrices =
      array::VectorLayer::make_all(context, {{"weight_zr", "bias_zr", "g_zr", rows, 2 * hidden, kCellInput, codes},
                                             {"weight_h", "bias_h", "g_h", rows, hidden, kCellInput, codes}});
  if (!matrices) return std::move(matrices).error();
  auto parts = GruParts::read(context, hidden, {-7, -7});
  if (!parts) return std::move(parts).error();
  return {std::make_unique<GruSingle>(context, *std::move(matrices), *std::move(parts))};
}

}  // namespace

const OpDef kGruSingle{"gru_single",
                       kOnAll,
                       1,
                       1,
                       {cell_weight("weight_zr"), cell_weight("weight_h"), cell_bias("bias_zr"), cell_bias("bias_h"),
                        cell_table("table_sigmoid"), cell_table("table_tanh")},
                       with_cell_attributes(2, {divisor_rule("g_zr"), divisor_rule("g_h"), ones_rule(), order_rule()}),
                       prepare_gru_single};

}  // namespace witin::ops
