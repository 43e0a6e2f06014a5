// lstm: u = [x_t, h_(t-1)], g = rule(u W_ifo + b_ifo), gc = rule(u W_c + b_c), (i, f, o) = T0(g), ctl = T1(gc)
//
//   c = sat8(shift(shift(f c_(t-1), s0) + shift(i ctl, s1), s2)),  h = sat8(shift(o T2(c), s3))
//
// shift(a, n): a 2^n for n > 0, a / 2^-n rounded half up for n < 0 (attribute `rounding`). h and c start at 0.
// Source: sim/arith/numerics.md, reproduced value for value with shifts [0, 0, -7, -7].
#include "sim/ops/defs.hpp"
#include "sim/ops/recurrent.hpp"

namespace witin::ops {
namespace {

using arith::sat;

class Lstm final : public RecurrentOperator {
 public:
  struct Parts {
    std::int64_t hidden = 0;
    GateTable gate, activation, output;
    std::array<int, 4> shifts{};
    arith::Rounding rounding{};
  };

  Lstm(ValueType output, const ValueType& input, std::vector<array::VectorLayer> matrices, Parts parts,
       std::int64_t reset_every)
      : RecurrentOperator(std::move(output), input, std::move(matrices), cell_fields(input.elements(), parts),
                          2 * parts.hidden, reset_every),
        parts_(std::move(parts)) {}

 private:
  enum Matrix : std::size_t { kIfo, kCell };
  enum Index : std::size_t { kInp, kHIn, kCIn, kGatesIfo, kGatesC, kI, kF, kO, kCtl, kFc, kIc, kCx, kCyTanh };

  static std::vector<CellField> cell_fields(std::int64_t inputs, const Parts& parts) {
    const std::int64_t h = parts.hidden;
    return {{"inp", inputs + h, Storage::kS16},
            {"h_in", h},
            {"c_in", h},
            {"gates_ifo", 3 * h},
            {"gates_c", h},
            {"i", h},
            {"f", h},
            {"o", h},
            {"ctl", h},
            {"fc", h, Storage::kS16},
            {"ic", h, Storage::kS16},
            {"cx", h},
            {"cy_tanh", h}};
  }

  void step(const Step& step) const override {
    const std::span<const std::int32_t> x = step.x;
    const Work work = step.work;
    const auto hidden = static_cast<std::size_t>(parts_.hidden);
    const std::span<std::int32_t> h = step.state.first(hidden);
    const std::span<std::int32_t> c = step.state.last(hidden);
    std::ranges::copy(x, work[kInp].begin());
    std::ranges::copy(h, work[kInp].subspan(x.size()).begin());
    std::ranges::copy(h, work[kHIn].begin());
    std::ranges::copy(c, work[kCIn].begin());
    multiply(step, kIfo, work[kInp], work[kGatesIfo]);
    multiply(step, kCell, work[kInp], work[kGatesC]);
    for (std::size_t n = 0; n < hidden; ++n) {
      const std::int32_t i = work[kI][n] = parts_.gate(work[kGatesIfo][n]);
      const std::int32_t f = work[kF][n] = parts_.gate(work[kGatesIfo][hidden + n]);
      const std::int32_t o = work[kO][n] = parts_.gate(work[kGatesIfo][2 * hidden + n]);
      const std::int32_t ctl = work[kCtl][n] = parts_.activation(work[kGatesC][n]);
      const std::int32_t fc = work[kFc][n] = f * c[n];
      const std::int32_t ic = work[kIc][n] = i * ctl;
      c[n] = work[kCx][n] = sat(shift(shift(fc, 0) + shift(ic, 1), 2), 8);
      const std::int32_t cy = work[kCyTanh][n] = parts_.output(c[n]);
      const std::int64_t product = std::int64_t{o} * cy;
      h[n] = sat(shift(product, 3), 8);
    }
  }

  [[nodiscard]] std::int64_t shift(std::int64_t a, std::size_t index) const {
    return arith::shift(a, parts_.shifts[index], parts_.rounding);
  }

  Parts parts_;
};

Result<std::unique_ptr<Operator>> prepare_lstm(const NodeContext& context) {
  const Result<std::int64_t> inputs = cell_input(context);
  if (!inputs) return inputs.error();
  const std::int64_t hidden = context.tensor("weight_c")->shape[1];
  const std::int64_t rows = *inputs + hidden;
  const CodeRange codes = joined_codes(context);
  auto matrices =
      array::VectorLayer::make_all(context, {{"weight_ifo", "bias_ifo", "g_ifo", rows, 3 * hidden, kCellInput, codes},
                                             {"weight_c", "bias_c", "g_c", rows, hidden, kCellInput, codes}});
  if (!matrices) return std::move(matrices).error();
  auto gate = GateTable::make(context, "table_gate", false);
  if (!gate) return std::move(gate).error();
  auto activation = GateTable::make(context, "table_cell", false);
  if (!activation) return std::move(activation).error();
  auto output = GateTable::make(context, "table_output", false);
  if (!output) return std::move(output).error();
  Lstm::Parts parts{hidden, *std::move(gate), *std::move(activation), *std::move(output)};
  parts.shifts = cell_shifts(context, {0, 0, -7, -7});
  parts.rounding = cell_rounding(context);
  return {std::make_unique<Lstm>(ValueType{{hidden}, signed_range(8)}, context.input(), *std::move(matrices),
                                 std::move(parts), context.integer("reset_every", 0))};
}

}  // namespace

const OpDef kLstm{"lstm",
                  kOnAll,
                  1,
                  1,
                  {cell_weight("weight_ifo"), cell_weight("weight_c"), cell_bias("bias_ifo"), cell_bias("bias_c"),
                   cell_table("table_gate"), cell_table("table_cell"), cell_table("table_output")},
                  with_cell_attributes(4, {divisor_rule("g_ifo"), divisor_rule("g_c")}),
                  prepare_lstm};

}  // namespace witin::ops
