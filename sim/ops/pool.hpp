// What the pooling operators share: windows over maps [C, H, W], and the float event that rescales a code.
//
//   kernel*  [height, width] (global_avg_pool: the whole map)
//   strides  default [1, 1]
//   pads     [top, left, bottom, right], default 0; each smaller than the kernel
//   scale_in, scale_out  default 1
//
// Rescaling: y = wrap8(trunc(f32(f32(f32(f32(a) * scale_in) / scale_out) + 0.5))): the chip's microcontroller truncates
// toward zero and stores through int8. With equal scales that turns a negative a into a + 1.
#pragma once

#include <array>

#include "sim/ops/attributes.hpp"
#include "sim/ops/code_map.hpp"
#include "sim/ops/frame_operator.hpp"

namespace witin::ops {

struct Windows {
  std::int64_t channels = 0, height = 0, width = 0;  // of the input
  std::array<std::int64_t, 2> kernel{};
  std::array<std::int64_t, 2> strides{1, 1};
  std::array<std::int64_t, 4> pads{};
  Shape output;  // [channels, rows, columns]

  // The part of window (row, column) that lies inside the map: rows [top, bottom), columns [left, right).
  struct Area {
    std::int64_t top, bottom, left, right;
    [[nodiscard]] std::int64_t size() const { return (bottom - top) * (right - left); }
  };
  [[nodiscard]] Area area(std::int64_t row, std::int64_t column) const;
};

// Errors: not a map; a kernel that does not fit the padded map; pads as large as the kernel.
[[nodiscard]] Result<Windows> windows_of(const NodeContext& context);
[[nodiscard]] Result<Windows> whole_map(const NodeContext& context);

// The rescaling as a table over codes of `range`. Error: scales whose ratio leaves the microcontroller's int.
[[nodiscard]] Result<CodeTable> rescaling(const NodeContext& context, CodeRange range);

[[nodiscard]] std::vector<AttributeRule> window_attributes();

// Calls f(area, element) for every window: `element` is its place in the output.
template <typename Function>
void each_window(const Windows& windows, Function&& f) {
  std::size_t element = 0;
  for (std::int64_t c = 0; c < windows.channels; ++c) {
    for (std::int64_t row = 0; row < windows.output[1]; ++row) {
      for (std::int64_t column = 0; column < windows.output[2]; ++column) {
        f(c, windows.area(row, column), element++);
      }
    }
  }
}

// Calls f(code) for every code of a channel inside the area.
template <typename Function>
void each_code(const Windows& windows, std::span<const std::int32_t> map, std::int64_t channel,
               const Windows::Area& area, Function&& f) {
  for (std::int64_t row = area.top; row < area.bottom; ++row) {
    const std::int64_t start = (channel * windows.height + row) * windows.width;
    for (std::int64_t i = start + area.left; i < start + area.right; ++i) f(map[static_cast<std::size_t>(i)]);
  }
}

}  // namespace witin::ops
