// What the tests of the pools share: windows walked by the definition over a padded copy of the map.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <random>
#include <vector>

#include "tests/support/exact.hpp"
#include "tests/support/random_codes.hpp"

namespace witin::test {

using List = std::vector<std::int64_t>;

inline OpRunner pool(const char* op, Shape shape, CodeRange codes, List kernel) {
  OpRunner runner(op, Arithmetic::kWtm2101);
  return runner.input(std::move(shape), codes).attribute("kernel", std::move(kernel));
}

// The microcontroller's conversion: add a half, cut off, keep eight bits.
inline std::int32_t rescaled(std::int64_t a, double scale_in, double scale_out) {
  const float scaled = f32_div(f32_mul(static_cast<double>(a), f32(scale_in)), f32(scale_out));
  const auto whole = static_cast<std::int64_t>(std::trunc(static_cast<double>(f32_add(scaled, 0.5))));
  return static_cast<std::int32_t>(((whole + 128) % 256 + 256) % 256 - 128);
}

struct PoolGeometry {
  std::int64_t c, h, w;
  std::array<std::int64_t, 2> kernel, strides;
  std::array<std::int64_t, 4> pads;

  // Calls f(codes inside the map) for every window of one channel map after the other.
  template <typename Function>
  void windows(const Codes& x, Function f) const {
    for (std::size_t first = 0; first < x.size(); first += static_cast<std::size_t>(h * w)) {
      for (std::int64_t top = -pads[0]; top + kernel[0] <= h + pads[2]; top += strides[0]) {
        for (std::int64_t left = -pads[1]; left + kernel[1] <= w + pads[3]; left += strides[1]) {
          Codes inside;
          for (std::int64_t i = top; i < top + kernel[0]; ++i) {
            for (std::int64_t j = left; j < left + kernel[1]; ++j) {
              if (i < 0 || i >= h || j < 0 || j >= w) continue;
              inside.push_back(x[first + static_cast<std::size_t>(i * w + j)]);
            }
          }
          f(inside);
        }
      }
    }
  }

  OpRunner runner(const char* op, CodeRange codes) const {
    OpRunner made = pool(op, {c, h, w}, codes, {kernel.begin(), kernel.end()});
    return made.attribute("strides", List(strides.begin(), strides.end()))
        .attribute("pads", List(pads.begin(), pads.end()));
  }
};

inline const std::vector<PoolGeometry> kPoolGeometries{
    {2, 6, 6, {2, 2}, {2, 2}, {0, 0, 0, 0}}, {3, 7, 8, {3, 2}, {2, 2}, {1, 0, 1, 0}},
    {1, 5, 5, {3, 3}, {1, 1}, {2, 2, 2, 2}}, {2, 4, 9, {4, 1}, {1, 3}, {3, 0, 0, 0}},
    {1, 1, 1, {1, 1}, {1, 1}, {0, 0, 0, 0}}, {1, 3, 4, {5, 6}, {9, 9}, {1, 2, 1, 0}},
};

}  // namespace witin::test
