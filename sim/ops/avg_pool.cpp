// avg_pool: y = rescale(trunc(sum / n)), n the kernel's size; padding counts as zeros
//
// kernel*, strides, pads, scale_in, scale_out and the rescaling: sim/ops/pool.hpp. The output is int8, wrapping.
//   count_include_pad  false: n counts the window's codes inside the map only, as ONNX does by default. Default true
// Measured on the chip's event for strides equal to the kernel and no pads; other windows are the same arithmetic.
#include "sim/ops/avg_pool.hpp"

#include <algorithm>

#include "sim/ops/defs.hpp"

namespace witin::ops {
namespace {

class AvgPool final : public FrameOperator {
 public:
  AvgPool(const ValueType& input, Windows windows, CodeTable codes, bool count_padding)
      : FrameOperator({windows.output, codes.range()}, std::span(&input, 1)),
        windows_(std::move(windows)),
        codes_(std::move(codes)),
        count_padding_(count_padding) {}

 protected:
  Status frame(std::span<const std::span<const std::int32_t>> inputs, std::span<std::int32_t> output) const override {
    const std::int64_t kernel = windows_.kernel[0] * windows_.kernel[1];
    each_window(windows_, [&](std::int64_t channel, const Windows::Area& area, std::size_t element) {
      std::int64_t sum = 0;
      each_code(windows_, inputs[0], channel, area, [&](std::int32_t code) { sum += code; });
      output[element] = codes_[static_cast<std::int32_t>(arith::trunc_div(sum, count_padding_ ? kernel : area.size()))];
    });
    return {};
  }

 private:
  Windows windows_;
  CodeTable codes_;  // of an average
  bool count_padding_;
};

Result<std::unique_ptr<Operator>> prepare_avg_pool(const NodeContext& context) {
  auto windows = windows_of(context);
  if (!windows) return std::move(windows).error();
  return make_avg_pool(context, std::move(*windows), context.flag("count_include_pad", true));
}

std::vector<AttributeRule> attributes() {
  auto rules = window_attributes();
  rules.push_back({"count_include_pad", AttributeKind::kBool});
  return rules;
}

}  // namespace

Result<std::unique_ptr<Operator>> make_avg_pool(const NodeContext& context, Windows windows, bool count_padding) {
  const CodeRange range = context.input().range;
  auto codes = rescaling(context, {std::min(range.lo, 0), std::max(range.hi, 0)});
  if (!codes) return std::move(codes).error();
  return {std::make_unique<AvgPool>(context.input(), std::move(windows), std::move(*codes), count_padding)};
}

const OpDef kAvgPool{"avg_pool", kOnAll, 1, 1, {}, attributes(), prepare_avg_pool};

}  // namespace witin::ops
