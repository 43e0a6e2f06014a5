#include <doctest/doctest.h>

#include "tests/array/map_case.hpp"

using namespace witin;
using namespace witin::test;

namespace {

void check(const MapCase& map, const Codes& x) {
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
Codes columns(const Codes& map, std::int64_t channels, std::int64_t height, std::int64_t width) {
  Codes out;
  for (std::int64_t w = 0; w < width; ++w) {
    for (std::int64_t i = 0; i < channels * height; ++i) out.push_back(map[static_cast<std::size_t>(i * width + w)]);
  }
  return out;
}

}  // namespace

TEST_CASE("conv2d and conv_transpose2d: random geometry, groups, widths, modes and signs") {
  Random random(11);
  for (int round = 0; round < 600; ++round) {
    CAPTURE(round);
    const MapCase map = random_map(random, round % 2 == 1);
    check(map, random.codes(random(1, 3) * map.channels * map.height * map.width, map.node.x_range()));
  }
}

TEST_CASE("streaming convolutions give the columns of the whole map, in any blocks of frames") {
  Random random(12);
  for (int round = 0; round < 200; ++round) {
    CAPTURE(round);
    MapCase map = random_map(random, round % 2 == 1);
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

TEST_CASE("conv2d: npu_x is the map that drives the array, positive codes before negative ones") {
  OpRunner op("conv2d", Arithmetic::kWtm2101);
  op.input({1, 1, 3}, pn_range(8)).tensor("weight", {1, 1, 1, 1}, std::vector<std::int8_t>{1});
  op.attribute("g", std::int64_t{4}).attribute("neg_in", std::string("pn"));
  const auto traced = op.trace({{5, -255, 0}});
  REQUIRE_MESSAGE(traced.ok(), traced.error().line());
  CHECK(traced->at("npu_x") == Codes{5, 0, 0, 0, 255, 0});
}

TEST_CASE("conv2d: parts follow the array's rows, kw outermost, then kh, then channel") {
  // One weight of each tap is 1; g 4 makes a part's code round(acc / 4), so that only the right parts add up to y.
  OpRunner op("conv2d", Arithmetic::kWitinNn);
  op.input({2, 2, 2}, unsigned_range(8)).tensor("weight", {1, 2, 2, 2}, std::vector<std::int8_t>(8, 1));
  op.attribute("g", std::int64_t{4}).attribute("k_split", std::vector<std::int64_t>{3, 5});
  // x[c][h][w]; array rows: (w0 h0 c0) (w0 h0 c1) (w0 h1 c0) | (w0 h1 c1) (w1 h0 c0) ...
  const auto traced = op.trace({{1, 100, 10, 0, 2, 0, 50, 0}});
  REQUIRE_MESSAGE(traced.ok(), traced.error().line());
  CHECK(traced->at("npu_acc") == Codes{1 + 2 + 10, 50 + 100});
  CHECK(traced->at("npu_y") == Codes{3 + 38});
}
