#include "sim/ops/pool.hpp"
#include "sim/number_text.hpp"
#include "sim/package/limits.hpp"

#include <algorithm>

namespace witin::ops {
namespace {

Result<Windows> map_of(const NodeContext& context) {
  const Shape& shape = context.input().shape;
  if (shape.size() != 3 || element_count(shape) == 0) {
    return context.node_error("node.shape", "the input is not a map", "[C, H, W]", to_string(shape));
  }
  Windows windows;
  windows.channels = shape[0];
  windows.height = shape[1];
  windows.width = shape[2];
  return windows;
}

}  // namespace

Windows::Area Windows::area(std::int64_t row, std::int64_t column) const {
  const std::int64_t top = row * strides[0] - pads[0];
  const std::int64_t left = column * strides[1] - pads[1];
  return {std::max<std::int64_t>(top, 0), std::min(top + kernel[0], height), std::max<std::int64_t>(left, 0),
          std::min(left + kernel[1], width)};
}

Result<Windows> windows_of(const NodeContext& context) {
  auto windows = map_of(context);
  if (!windows) return windows;
  std::ranges::copy(context.integers("kernel", {}), windows->kernel.begin());
  std::ranges::copy(context.integers("strides", {1, 1}), windows->strides.begin());
  std::ranges::copy(context.integers("pads", {0, 0, 0, 0}), windows->pads.begin());
  windows->output = {windows->channels};
  for (const std::size_t axis : {0U, 1U}) {
    const std::int64_t before = windows->pads[axis];
    const std::int64_t after = windows->pads[axis + 2];
    const std::int64_t kernel = windows->kernel[axis];
    if (before >= kernel || after >= kernel) {
      return context.attribute_error("pads", "pool.pads", "a window would lie in the padding alone",
                                     "pads below the kernel, " + std::to_string(kernel),
                                     std::to_string(std::max(before, after)));
    }
    const std::int64_t padded = before + (axis == 0 ? windows->height : windows->width) + after;
    if (kernel > padded) {
      return context.attribute_error("kernel", "pool.kernel", "the kernel is larger than the padded map",
                                     "at most " + std::to_string(padded), std::to_string(kernel));
    }
    windows->output.push_back((padded - kernel) / windows->strides[axis] + 1);
  }
  return windows;
}

Result<Windows> whole_map(const NodeContext& context) {
  auto windows = map_of(context);
  if (!windows) return windows;
  windows->kernel = {windows->height, windows->width};
  windows->output = {windows->channels, 1, 1};
  return windows;
}

Result<CodeTable> rescaling(const NodeContext& context, CodeRange range) {
  if (Status checked = check_table_size(context, range); !checked) return std::move(checked).error();
  const float in = f32_of(context, "scale_in");
  const float out = f32_of(context, "scale_out");
  const auto scaled = [=](std::int32_t a) {
    const float product = static_cast<float>(a) * in;
    const float quotient = product / out;
    return quotient + 0.5F;
  };
  constexpr float kInt = 2147483648.0F;
  if (!(scaled(range.lo) > -kInt && scaled(range.hi) < kInt)) {
    return context.attribute_error("scale_in", "attribute.value", "scale_in / scale_out leaves the event's integers",
                                   "codes * scale_in / scale_out within 32 bits",
                                   number_text(context.number("scale_in", 1)));
  }
  return CodeTable(range, [&](std::int32_t a) { return arith::wrap8(arith::trunc(scaled(a))); });
}

std::vector<AttributeRule> window_attributes() {
  return {{"kernel", AttributeKind::kIntegers, true, 1, package::limits::kPooling, "", 2},
          {"strides", AttributeKind::kIntegers, false, 1, package::limits::kPooling, "", 2},
          {"pads", AttributeKind::kIntegers, false, 0, package::limits::kPooling, "", 4},
          scale_rule("scale_in", false),
          scale_rule("scale_out", false)};
}

}  // namespace witin::ops
