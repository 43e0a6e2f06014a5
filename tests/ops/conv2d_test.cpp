#include <doctest/doctest.h>

#include "tests/ops/map_check.hpp"

using namespace witin;
using namespace witin::test;

TEST_CASE("conv2d: random geometry, groups, widths, modes and signs") { check_maps(false, 11); }

TEST_CASE("conv2d: streams give the columns of the whole map, in any blocks of frames") { check_streams(false, 12); }

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
