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
    array::VectorLayer zr, hn, in;
    GateTable sigmoid, tanh;
    std::array<int, 2> shifts{};
    std::int64_t ones = 128;
    bool z_first = true;
    arith::Rounding rounding{};
  };

  Gru(ValueType output, const ValueType& input, Parts parts, std::int64_t reset_every)
      : RecurrentOperator(std::move(output), input, cell_fields(input.elements(), parts), parts.hidden, reset_every),
        parts_(std::move(parts)) {}

  [[nodiscard]] std::int64_t macs() const override { return parts_.zr.macs() + parts_.hn.macs() + parts_.in.macs(); }

 private:
  enum Index : std::size_t { kInp, kHIn, kGatesZr, kHn, kInGate, kZ, kR, kN, kAcc, kV };

  static std::vector<CellField> cell_fields(std::int64_t inputs, const Parts& parts) {
    const std::int64_t h = parts.hidden;
    std::vector<CellField> fields{{"inp", inputs + h, Storage::kS16},
                                  {"h_in", h},
                                  {"gates_zr", 2 * h},
                                  {"hn", h},
                                  {"in", h},
                                  {"z", h},
                                  {"r", h},
                                  {"n", h},
                                  {"npu_acc", 4 * h, Storage::kS32, true}};
    if (parts.zr.has_v()) fields.push_back({"npu_v", 4 * h, Storage::kS32, true});
    return fields;
  }

  void step(std::span<const std::int32_t> x, std::span<std::int32_t> h, Work work, Scratch& scratch) const override {
    const std::size_t hidden = h.size();
    std::ranges::copy(x, work[kInp].begin());
    std::ranges::copy(h, work[kInp].subspan(x.size()).begin());
    std::ranges::copy(h, work[kHIn].begin());
    parts_.zr.run(work[kInp], work[kGatesZr], part(work, kAcc, 0, 2 * hidden), part(work, kV, 0, 2 * hidden), scratch);
    parts_.hn.run(h, work[kHn], part(work, kAcc, 2 * hidden, hidden), part(work, kV, 2 * hidden, hidden), scratch);
    parts_.in.run(x, work[kInGate], part(work, kAcc, 3 * hidden, hidden), part(work, kV, 3 * hidden, hidden), scratch);
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
  auto zr = array::VectorLayer::make(
      context, {"weight_zr", "bias_zr", "g_zr", *inputs + hidden, 2 * hidden, kCellInput, joined_codes(context)});
  if (!zr) return std::move(zr).error();
  auto hn = array::VectorLayer::make(
      context, {"weight_hn", "bias_hn", "g_hn", hidden, hidden, signed_range(8), signed_range(8)});
  if (!hn) return std::move(hn).error();
  auto in = array::VectorLayer::make(
      context, {"weight_in", "bias_in", "g_in", *inputs, hidden, kCellInput, input_codes(context)});
  if (!in) return std::move(in).error();
  const bool saturate = context.flag("saturate_sums", false);
  auto sigmoid = GateTable::make(context, "table_sigmoid", saturate);
  if (!sigmoid) return std::move(sigmoid).error();
  auto tanh = GateTable::make(context, "table_tanh", saturate);
  if (!tanh) return std::move(tanh).error();
  Gru::Parts parts{hidden, *std::move(zr), *std::move(hn), *std::move(in), *std::move(sigmoid), *std::move(tanh)};
  parts.shifts = cell_shifts<2>(context, {-7, -7});
  parts.ones = context.integer("ones", 128);
  parts.z_first = context.text("order", "zr") == "zr";
  parts.rounding = cell_rounding(context);
  return {std::make_unique<Gru>(ValueType{{hidden}, signed_range(8)}, context.input(), std::move(parts),
                                context.integer("reset_every", 0))};
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
