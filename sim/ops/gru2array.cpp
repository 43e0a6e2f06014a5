// gru2array: gx = rule(x W_x + b_x),  gh = shift(rule(h W_h + b_h), hidden_shift),  columns z | r | n
//
//   z = T0(gx_z + gh_z),  r = T0(gx_r + gh_r),  n = T1(gx_n + shift(r gh_n, s0)),  sums of 9 bits
//   h' = clip(n - shift(z (n - h), -7), state_min, 127)                       with shifts [., -7, 0, 0] and ones 128
//   h' = clip(shift(shift((ones - z) n, s2) + shift(z h, s3), s1), state_min, 127)                         otherwise
//
// saturate_sums: the sums in the tables go to int8 first. Source: sim/arith/numerics.md; the first form with shifts
// [-7, -7, 0, 0] and state_min -127 is reproduced value for value, the second is the manual's.
#include "sim/ops/defs.hpp"
#include "sim/ops/recurrent.hpp"

namespace witin::ops {
namespace {

class Gru2Array final : public RecurrentOperator {
 public:
  struct Parts {
    std::int64_t hidden = 0;
    GateTable sigmoid, tanh;
    std::array<int, 4> shifts{};
    int hidden_shift = 0;
    std::int64_t ones = 128;
    CodeRange state = signed_range(8);
    arith::Rounding rounding{};

    [[nodiscard]] bool one_rounding() const {
      return ones == 128 && shifts[1] == -7 && shifts[2] == 0 && shifts[3] == 0;
    }
  };

  Gru2Array(ValueType output, const ValueType& input, std::vector<array::VectorLayer> matrices, Parts parts,
            std::int64_t reset_every)
      : RecurrentOperator(std::move(output), input, std::move(matrices), cell_fields(input.elements(), parts),
                          parts.hidden, reset_every),
        parts_(std::move(parts)) {}

 private:
  enum Matrix : std::size_t { kMatrixX, kMatrixH };
  enum Index : std::size_t { kInp, kHIn, kGx, kGh, kZ, kR, kN };

  static std::vector<CellField> cell_fields(std::int64_t inputs, const Parts& parts) {
    const std::int64_t h = parts.hidden;
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
    for (std::int32_t& g : gh) g = static_cast<std::int32_t>(shift(g, parts_.hidden_shift));
    for (std::size_t k = 0; k < hidden; ++k) {
      const std::int64_t z = work[kZ][k] = parts_.sigmoid(gate_sum(gx[k], gh[k]));
      const std::int64_t r = work[kR][k] = parts_.sigmoid(gate_sum(gx[hidden + k], gh[hidden + k]));
      const std::int64_t reset = shift(r * gh[2 * hidden + k], parts_.shifts[0]);
      const std::int64_t n = work[kN][k] = parts_.tanh(gate_sum(gx[2 * hidden + k], reset));
      h[k] = arith::clamp(combine(z, n, h[k]), parts_.state);
    }
  }

  [[nodiscard]] std::int64_t combine(std::int64_t z, std::int64_t n, std::int64_t h) const {
    if (parts_.one_rounding()) return n - shift(z * (n - h), -7);
    return shift(shift((parts_.ones - z) * n, parts_.shifts[2]) + shift(z * h, parts_.shifts[3]), parts_.shifts[1]);
  }

  [[nodiscard]] std::int64_t shift(std::int64_t a, int n) const { return arith::shift(a, n, parts_.rounding); }

  Parts parts_;
};

Result<std::unique_ptr<Operator>> prepare_gru2array(const NodeContext& context) {
  const Result<std::int64_t> inputs = cell_input(context);
  if (!inputs) return inputs.error();
  const std::int64_t hidden = context.tensor("weight_h")->shape[0];
  auto matrices = array::VectorLayer::make_all(
      context, {{"weight_x", "bias_x", "g_x", *inputs, 3 * hidden, kCellInput, input_codes(context)},
                {"weight_h", "bias_h", "g_h", hidden, 3 * hidden, signed_range(8), signed_range(8)}});
  if (!matrices) return std::move(matrices).error();
  const bool saturate = context.flag("saturate_sums", false);
  auto sigmoid = GateTable::make(context, "table_sigmoid", saturate);
  if (!sigmoid) return std::move(sigmoid).error();
  auto tanh = GateTable::make(context, "table_tanh", saturate);
  if (!tanh) return std::move(tanh).error();
  Gru2Array::Parts parts{hidden, *std::move(sigmoid), *std::move(tanh)};
  parts.shifts = cell_shifts<4>(context, {-7, -7, 0, 0});
  parts.hidden_shift = static_cast<int>(context.integer("hidden_shift", 0));
  parts.ones = context.integer("ones", 128);
  parts.state = {static_cast<std::int32_t>(context.integer("state_min", -127)), 127};
  parts.rounding = cell_rounding(context);
  const ValueType output{{hidden}, parts.state};
  return {std::make_unique<Gru2Array>(output, context.input(), *std::move(matrices), std::move(parts),
                                      context.integer("reset_every", 0))};
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
