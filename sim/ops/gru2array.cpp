// gru2array: gx = rule(x W_x + b_x),  gh = shift(rule(h W_h + b_h), hidden_shift),  columns z | r | n
//
//   z = T0(gx_z + gh_z),  r = T0(gx_r + gh_r),  n = T1(gx_n + shift(r gh_n, s0)),  sums of 9 bits
//   h' = clip(n - shift(z (n - h), -7), state_min, 127)                       with shifts [., -7, 0, 0] and ones 128
//   h' = clip(shift(shift((ones - z) n, s2) + shift(z h, s3), s1), state_min, 127)                         otherwise
//
// saturate_sums: the sums in the tables go to int8 first. Source: sim/arith/numerics.md; the first form with shifts
// [-7, -7, 0, 0] and state_min -127 is reproduced value for value, the second is the manual's.
#include "sim/ops/defs.hpp"
#include "sim/ops/gru_cell.hpp"

namespace witin::ops {
namespace {

class Gru2Array final : public GruCell {
 public:
  Gru2Array(const NodeContext& context, CodeRange state, std::vector<array::VectorLayer> matrices, GruParts parts)
      : GruCell(context, state, std::move(matrices), cell_fields(context.input().elements(), parts.hidden),
                std::move(parts)),
        state_(state),
        hidden_shift_(static_cast<int>(context.integer("hidden_shift", 0))) {}

 private:
  enum Matrix : std::size_t { kMatrixX, kMatrixH };
  enum Index : std::size_t { kInp, kHIn, kGx, kGh, kZ, kR, kN };

  static std::vector<CellField> cell_fields(std::int64_t inputs, std::int64_t h) {
    return {{"inp", inputs, Storage::kS16},
            {"h_in", h},
            {"gx", 3 * h},
            {"gh", 3 * h, Storage::kS32},
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
    std::ranges::copy(h, work[kHIn].begin());
    multiply(step, kMatrixX, x, work[kGx]);
    multiply(step, kMatrixH, h, work[kGh]);
    const std::span<const std::int32_t> gx = work[kGx];
    const std::span<std::int32_t> gh = work[kGh];
    for (std::int32_t& g : gh) g = static_cast<std::int32_t>(arith::shift(g, hidden_shift_, parts().rounding));
    for (std::size_t k = 0; k < hidden; ++k) {
      const std::int64_t z = work[kZ][k] = parts().sigmoid(gate_sum(gx[k], gh[k]));
      const std::int64_t r = work[kR][k] = parts().sigmoid(gate_sum(gx[hidden + k], gh[hidden + k]));
      const std::int64_t reset = shift(r * gh[2 * hidden + k], 0);
      const std::int64_t n = work[kN][k] = parts().tanh(gate_sum(gx[2 * hidden + k], reset));
      h[k] = arith::clamp(combine(z, n, h[k]), state_);
    }
  }

  [[nodiscard]] std::int64_t combine(std::int64_t z, std::int64_t n, std::int64_t h) const {
    const std::array<int, 4>& by = parts().shifts;
    const bool one_rounding = parts().ones == 128 && by[1] == -7 && by[2] == 0 && by[3] == 0;
    if (one_rounding) return n - shift(z * (n - h), 1);
    return shift(shift((parts().ones - z) * n, 2) + shift(z * h, 3), 1);
  }

  CodeRange state_;
  int hidden_shift_;
};

Result<std::unique_ptr<Operator>> prepare_gru2array(const NodeContext& context) {
  const Result<std::int64_t> inputs = cell_input(context);
  if (!inputs) return inputs.error();
  const std::int64_t hidden = context.tensor("weight_h")->shape[0];
  auto matrices = array::VectorLayer::make_all(
      context, {{"weight_x", "bias_x", "g_x", *inputs, 3 * hidden, kCellInput, input_codes(context)},
                {"weight_h", "bias_h", "g_h", hidden, 3 * hidden, signed_range(8), signed_range(8)}});
  if (!matrices) return std::move(matrices).error();
  auto parts = GruParts::read(context, hidden, {-7, -7, 0, 0});
  if (!parts) return std::move(parts).error();
  const CodeRange state{static_cast<std::int32_t>(context.integer("state_min", -127)), 127};
  return {std::make_unique<Gru2Array>(context, state, *std::move(matrices), *std::move(parts))};
}

}  // namespace

const OpDef kGru2Array{
    "gru2array",
    kOnAll,
    1,
    1,
    {cell_weight("weight_x"), cell_weight("weight_h"), cell_bias("bias_x"), cell_bias("bias_h"),
     cell_table("table_sigmoid"), cell_table("table_tanh")},
    with_cell_attributes(4, {divisor_rule("g_x"),
                             divisor_rule("g_h"),
                             ones_rule(),
                             saturate_sums_rule(),
                             {.name = "hidden_shift", .kind = AttributeKind::kInteger, .lo = -31, .hi = 16},
                             {.name = "state_min", .kind = AttributeKind::kInteger, .lo = -128, .hi = 0}}),
    prepare_gru2array};

}  // namespace witin::ops
