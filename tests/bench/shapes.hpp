// The shapes that every benchmark measures, so that the names match in the table of ratios.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace witin::bench {

struct MatmulShape {
  std::int64_t m, k, n;
  [[nodiscard]] std::string name() const {
    return std::to_string(m) + "x" + std::to_string(k) + "x" + std::to_string(n);
  }
  [[nodiscard]] double macs() const { return static_cast<double>(m * k * n); }
};

inline constexpr std::array<MatmulShape, 5> kMatmuls{
    {{1, 392, 384}, {1, 800, 256}, {100, 800, 256}, {1024, 1024, 512}, {4096, 2048, 1024}}};

// 3 x 3, padded by 1, stride 1.
struct ConvShape {
  std::int64_t channels, outputs, side;
  bool depthwise;
  [[nodiscard]] std::string name() const {
    return (depthwise ? "depthwise/" : "conv/") + std::to_string(channels) + "to" + std::to_string(outputs) + "x" +
           std::to_string(side);
  }
  [[nodiscard]] double macs() const {
    return static_cast<double>(side * side * outputs * 9 * (depthwise ? 1 : channels));
  }
};

inline constexpr std::array<ConvShape, 3> kConvs{{{64, 64, 56, false}, {16, 32, 28, false}, {64, 64, 56, true}}};

}  // namespace witin::bench
