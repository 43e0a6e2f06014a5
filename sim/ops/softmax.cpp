// softmax: y = clip(trunc(f32(e * f32(f32(1 / scale_out) / sum e)))), e = exp_table[max x - x], sums in float32
//
// max and sum along an axis, the sum left to right with one rounding a step. No function is evaluated on data: the
// table holds e = exp(-i * scale_in) for every distance i of a code from the largest of its axis.
//   exp_table*  float32 [256], not negative, the first entry > 0. Two codes of an axis that are 256 or more apart end
//   the
//               run with error run.code_range
//   axis        0 is the first axis of the frame, negative: from the end. Default 0
//   scale_out   default 1
//   scale_in    default 1; has no effect here, it is inside exp_table
//   signed      clip to [-128, 127] instead of [0, 255], default false
// Measured on the chip's microcontroller event.
#include <algorithm>
#include <cmath>

#include "sim/arith/rounding.hpp"
#include "sim/ops/code_error.hpp"
#include "sim/ops/defs.hpp"
#include "sim/ops/normalise.hpp"

namespace witin::ops {
namespace {

constexpr std::size_t kEntries = 256;

class Softmax final : public FrameOperator {
 public:
  Softmax(const NodeContext& context, AxisView view, std::vector<float> table)
      : FrameOperator({context.input().shape, normalised_range(context)}, context.inputs()),
        view_(view),
        table_(std::move(table)),
        inverse_scale_(1.0F / f32_of(context, "scale_out")) {}

 protected:
  Status frame(std::span<const std::span<const std::int32_t>> inputs, std::span<std::int32_t> output) const override {
    for (std::size_t o = 0; o < view_.outer; ++o) {
      for (std::size_t k = 0; k < view_.inner; ++k) {
        const std::size_t first = o * view_.extent * view_.inner + k;
        if (Status status = line(inputs[0], output, first); !status) return status;
      }
    }
    return {};
  }

 private:
  Status line(std::span<const std::int32_t> x, std::span<std::int32_t> y, std::size_t first) const {
    const std::size_t end = first + view_.extent * view_.inner;
    std::int32_t most = x[first];
    for (std::size_t i = first; i < end; i += view_.inner) most = std::max(most, x[i]);
    float sum = 0;
    for (std::size_t i = first; i < end; i += view_.inner) {
      const auto distance = static_cast<std::size_t>(most - x[i]);
      if (distance >= kEntries) return code_error(i, x[i], {most - static_cast<std::int32_t>(kEntries) + 1, most});
      sum += table_[distance];
    }
    const float factor = inverse_scale_ / sum;
    for (std::size_t i = first; i < end; i += view_.inner) {
      const float share = table_[static_cast<std::size_t>(most - x[i])] * factor;
      y[i] = arith::clamp(arith::trunc(share), output().range);
    }
    return {};
  }

  AxisView view_;
  std::vector<float> table_;
  float inverse_scale_;
};

Status check_table(const NodeContext& context, const std::vector<float>& table) {
  if (table.size() != kEntries) {
    return context.tensor_error("exp_table", "tensor.length", "table has a length the operator cannot use", "256",
                                std::to_string(table.size()));
  }
  for (const float entry : table) {
    if (std::isfinite(entry) && entry >= 0 && table[0] > 0) continue;
    return context.tensor_error("exp_table", "tensor.range", "table does not hold an exponential",
                                "finite numbers >= 0, the first > 0", std::to_string(entry));
  }
  return {};
}

Result<std::unique_ptr<Operator>> prepare_softmax(const NodeContext& context) {
  auto view = normalised_axis(context);
  if (!view) return std::move(view).error();
  auto table = context.floats_of("exp_table");
  if (Status checked = check_table(context, table); !checked) return std::move(checked).error();
  return {std::make_unique<Softmax>(context, *view, std::move(table))};
}

}  // namespace

const OpDef kSoftmax{"softmax", kOnAll, 1, 1, {{"exp_table", "float32", 1}}, normalise_attributes(), prepare_softmax};

}  // namespace witin::ops
