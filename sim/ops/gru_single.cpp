// gru_single: (z, r) = T0(rule([h, x_t] W_zr + b_zr)),  n = T1(rule([sat8(shift(r h, s0)), x_t] W_h + b_h))
//
//   h' = sat8(shift((ones - z) h + z n, s1))
//
// The cell with one candidate matrix. order "rz": the columns of W_zr are r, then z. Source: sim/arith/numerics.md; the
// vendor's formula as printed, no published trace, so every choice is an attribute.
#include "sim/ops/defs.hpp"
#include "sim/ops/recurrent.hpp"

namespace witin::ops {
namespace {

class GruSingle final : public RecurrentOperator {
 public:
  struct Parts {
    std::int64_t hidden = 0;
    array::VectorLayer zr, candidate;
    GateTable sigmoid, tanh;
    std::array<int, 2> shifts{};
    std::int64_t ones = 128;
    bool z_first = true;
    arith::Rounding rounding{};
  };

  GruSingle(ValueType output, const ValueType& input, Parts parts, std::int64_t reset_every)
      : RecurrentOperator(std::move(output), input, cell_fields(input.elements(), parts), parts.hidden, reset_every),
        parts_(std::move(parts)) {}

  [[nodiscard]] std::int64_t macs() const override { return parts_.zr.macs() + parts_.candidate.macs(); }

 private:
  enum Index : std::size_t { kInp, kHIn, kGatesZr, kZ, kR, kInpH, kGatesH, kN, kAcc, kV };

  static std::vector<CellField> cell_fields(std::int64_t inputs, const Parts& parts) {
    const std::int64_t h = parts.hidden;
    std::vector<CellField> fields{{"inp", inputs + h, Storage::kS16},
                                  {"h_in", h},
                                  {"gates_zr", 2 * h},
                                  {"z", h},
                                  {"r", h},
                                  {"inp_h", inputs + h, Storage::kS16},
                                  {"gates_h", h},
                                  {"n", h},
                                  {"npu_acc", 3 * h, Storage::kS32, true}};
    if (parts.zr.has_v()) fields.push_back({"npu_v", 3 * h, Storage::kS32, true});
    return fields;
  }

  void step(std::span<const std::int32_t> x, std::span<std::int32_t> h, Work work, Scratch& scratch) const override {
    const std::size_t hidden = h.size();
    std::ranges::copy(h, work[kInp].begin());
    std::ranges::copy(x, work[kInp].subspan(hidden).begin());
    std::ranges::copy(h, work[kHIn].begin());
    std::ranges::copy(x, work[kInpH].subspan(hidden).begin());
    parts_.zr.run(work[kInp], work[kGatesZr], part(work, kAcc, 0, 2 * hidden), part(work, kV, 0, 2 * hidden), scratch);
    const std::span<const std::int32_t> z_gate = work[kGatesZr].subspan(parts_.z_first ? 0 : hidden, hidden);
    const std::span<const std::int32_t> r_gate = work[kGatesZr].subspan(parts_.z_first ? hidden : 0, hidden);
    for (std::size_t k = 0; k < hidden; ++k) {
      work[kZ][k] = parts_.sigmoid(z_gate[k]);
      const std::int32_t r = work[kR][k] = parts_.sigmoid(r_gate[k]);
      work[kInpH][k] = arith::sat(shift(std::int64_t{r} * h[k], 0), 8);
    }
    parts_.candidate.run(work[kInpH], work[kGatesH], part(work, kAcc, 2 * hidden, hidden),
                         part(work, kV, 2 * hidden, hidden), scratch);
    for (std::size_t k = 0; k < hidden; ++k) {
      const std::int64_t z = work[kZ][k];
      const std::int64_t n = work[kN][k] = parts_.tanh(work[kGatesH][k]);
      h[k] = arith::sat(shift((parts_.ones - z) * h[k] + z * n, 1), 8);
    }
  }

  [[nodiscard]] std::int64_t shift(std::int64_t a, std::size_t index) const {
    return arith::shift(a, parts_.shifts[index], parts_.rounding);
  }

  Parts parts_;
};

Result<std::unique_ptr<Operator>> prepare_gru_single(const NodeContext& context) {
  const Result<std::int64_t> inputs = cell_input(context);
  if (!inputs) return inputs.error();
  const std::int64_t hidden = context.tensor("weight_h")->shape[1];
  const std::int64_t rows = *inputs + hidden;
  auto zr = array::VectorLayer::make(
      context, {"weight_zr", "bias_zr", "g_zr", rows, 2 * hidden, kCellInput, joined_codes(context)});
  if (!zr) return std::move(zr).error();
  auto candidate =
      array::VectorLayer::make(context, {"weight_h", "bias_h", "g_h", rows, hidden, kCellInput, joined_codes(context)});
  if (!candidate) return std::move(candidate).error();
  auto sigmoid = GateTable::make(context, "table_sigmoid", false);
  if (!sigmoid) return std::move(sigmoid).error();
  auto tanh = GateTable::make(context, "table_tanh", false);
  if (!tanh) return std::move(tanh).error();
  GruSingle::Parts parts{hidden, *std::move(zr), *std::move(candidate), *std::move(sigmoid), *std::move(tanh)};
  parts.shifts = cell_shifts<2>(context, {-7, -7});
  parts.ones = context.integer("ones", 128);
  parts.z_first = context.text("order", "zr") == "zr";
  parts.rounding = cell_rounding(context);
  return {std::make_unique<GruSingle>(ValueType{{hidden}, signed_range(8)}, context.input(), std::move(parts),
                                      context.integer("reset_every", 0))};
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
