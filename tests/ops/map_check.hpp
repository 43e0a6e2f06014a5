// What conv2d and conv_transpose2d have in common: random maps and streams against the definition in map_case.hpp.
#pragma once

#include <doctest/doctest.h>

#include "tests/array/map_case.hpp"

namespace witin::test {

inline void check_map(const MapCase& map, const Codes& x) {
  const auto wanted = map.expected(x);
  const OpRunner op = map.runner();
  const auto y = op.run({x});
  REQUIRE_MESSAGE(y.ok(), y.error().line());
  CHECK(*y == wanted.at("npu_y"));
  const auto traced = op.trace({x}, 2);
  REQUIRE_MESSAGE(traced.ok(), traced.error().line());
  CHECK(traced->at("npu_y") == wanted.at("npu_y"));
  CHECK(traced->at("npu_acc") == wanted.at("npu_acc"));
}

// [frames, C, H, W] -> W columns as frames [frames * W, C, H, 1], for one map.
inline Codes columns(const Codes& map, std::int64_t channels, std::int64_t height, std::int64_t width) {
  Codes out;
  for (std::int64_t w = 0; w < width; ++w) {
    for (std::int64_t i = 0; i < channels * height; ++i) out.push_back(map[static_cast<std::size_t>(i * width + w)]);
  }
  return out;
}

// Random geometry, groups, widths, modes and signs.
inline void check_maps(bool transposed, unsigned seed) {
  Random random(seed);
  for (int round = 0; round < 300; ++round) {
    CAPTURE(round);
    const MapCase map = random_map(random, transposed);
    check_map(map, random.codes(random(1, 3) * map.channels * map.height * map.width, map.node.x_range()));
  }
}

// A streaming node gives the columns of the whole map, in any blocks of frames.
inline void check_streams(bool transposed, unsigned seed) {
  Random random(seed);
  for (int round = 0; round < 100; ++round) {
    CAPTURE(round);
    MapCase map = random_map(random, transposed);
    map.width = random(1, 9);
    map.strides[1] = 1;
    map.output_padding[1] = 0;
    // Whole maps: the past in front of the first column, of a transposed convolution the T first columns.
    map.pads[1] = map.transposed ? 0 : map.span_w() - 1;
    map.pads[3] = map.transposed ? map.span_w() - 1 : 0;
    const Codes x = random.codes(map.channels * map.height * map.width, map.node.x_range());
    const Codes whole = columns(map.expected(x).at("npu_y"), map.outputs, map.out_h(), map.out_w());
    MapCase stream = map;
    stream.streaming = true;
    if (random(0, 1) == 0) stream.pads[1] = stream.pads[3] = 0;
    for (const std::int64_t block : {0, 1, 2, 5}) {
      const auto y = stream.runner().trace({columns(x, map.channels, map.height, map.width)}, block);
      REQUIRE_MESSAGE(y.ok(), y.error().line());
      CHECK(y->at("npu_y") == whole);
    }
  }
}

}  // namespace witin::test
