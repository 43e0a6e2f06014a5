// max_pool: y = max of the window's codes inside the map; with unequal scales, rescale(max)
//
// kernel*, strides, pads, scale_in, scale_out and the rescaling: sim/ops/pool.hpp. Equal scales: exact, every code
// stays what it is. Padding never wins.
#include <algorithm>

#include "sim/ops/defs.hpp"
#include "sim/ops/pool.hpp"

namespace witin::ops {
namespace {

class MaxPool final : public FrameOperator {
 public:
  MaxPool(const ValueType& input, Windows windows, CodeTable codes)
      : FrameOperator({windows.output, codes.range()}, std::span(&input, 1)),
        windows_(std::move(windows)),
        codes_(std::move(codes)),
        lowest_(input.range.lo) {}

 protected:
  Status frame(std::span<const std::span<const std::int32_t>> inputs, std::span<std::int32_t> output) const override {
    each_window(windows_, [&](std::int64_t channel, const Windows::Area& area, std::size_t element) {
      std::int32_t most = lowest_;
      each_code(windows_, inputs[0], channel, area, [&](std::int32_t code) { most = std::max(most, code); });
      output[element] = codes_[most];
    });
    return {};
  }

 private:
  Windows windows_;
  CodeTable codes_;  // of a maximum
  std::int32_t lowest_;
};

Result<std::unique_ptr<Operator>> prepare_max_pool(const NodeContext& context) {
  auto windows = windows_of(context);
  if (!windows) return std::move(windows).error();
  const CodeRange range = context.input().range;
  if (context.number("scale_in", 1) == context.number("scale_out", 1)) {
    if (Status checked = check_table_size(context, range); !checked) return std::move(checked).error();
    CodeTable same(range, [](std::int32_t code) { return code; });
    return {std::make_unique<MaxPool>(context.input(), std::move(*windows), std::move(same))};
  }
  auto codes = rescaling(context, range);
  if (!codes) return std::move(codes).error();
  return {std::make_unique<MaxPool>(context.input(), std::move(*windows), std::move(*codes))};
}

}  // namespace

const OpDef kMaxPool{"max_pool", kOnAll, 1, 1, {}, window_attributes(), prepare_max_pool};

}  // namespace witin::ops
