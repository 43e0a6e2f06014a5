// concat against whole frames put together by hand, over storages that differ.
#include <doctest/doctest.h>

#include "tests/support/op_runner.hpp"

using witin::CodeRange;
using witin::Shape;
using witin::signed_range;
using witin::Storage;
using witin::unsigned_range;
using witin::test::Codes;
using witin::test::OpRunner;

TEST_CASE("concat: three inputs of different width along each axis, two frames") {
  OpRunner rows("concat");
  rows.input({1, 2}, signed_range(8)).input({2, 2}, unsigned_range(8)).input({1, 2}, signed_range(12));
  rows.attribute("axis", std::int64_t{0});
  const auto y = rows.run({{-1, -2, -3, -4}, {201, 202, 203, 204, 205, 206, 207, 208}, {2001, 2002, -2003, -2004}});
  REQUIRE(y.ok());
  CHECK(*y == Codes{-1, -2, 201, 202, 203, 204, 2001, 2002, -3, -4, 205, 206, 207, 208, -2003, -2004});
  const auto prepared = rows.prepare();
  CHECK((*prepared)->output().shape == Shape{4, 2});
  CHECK((*prepared)->output().range == signed_range(12));

  OpRunner columns("concat");
  columns.input({2, 1}, signed_range(8)).input({2, 2}, unsigned_range(8)).attribute("axis", std::int64_t{-1});
  const auto z = columns.run({{-1, -2, -3, -4}, {201, 202, 203, 204, 205, 206, 207, 208}});
  REQUIRE(z.ok());
  CHECK(*z == Codes{-1, 201, 202, -2, 203, 204, -3, 205, 206, -4, 207, 208});
  CHECK((*columns.prepare())->output().range == CodeRange{-128, 255});
  CHECK((*columns.prepare())->output().storage() == Storage::kS16);
}

TEST_CASE("concat: one input is a copy, the default axis is the first") {
  CHECK(*OpRunner("concat").input({3}, signed_range(8)).run({{1, 2, 3}}) == Codes{1, 2, 3});
  CHECK(*OpRunner("concat").input({1, 1}, signed_range(8)).input({2, 1}, signed_range(8)).run({{1}, {2, 3}}) ==
        Codes{1, 2, 3});
}

TEST_CASE("concat: refusals") {
  const auto two = [](Shape a, Shape b) {
    OpRunner op("concat");
    op.input(std::move(a), signed_range(8)).input(std::move(b), signed_range(8));
    return op;
  };
  CHECK(two({2, 2}, {2, 3}).refusal() == "node.shape");
  CHECK(two({2}, {2, 1}).refusal() == "node.shape");
  CHECK(two({2}, {2}).attribute("axis", std::int64_t{1}).refusal() == "axis.range");
  CHECK(two({}, {}).refusal() == "axis.range");
  CHECK(OpRunner("concat").refusal() == "node.inputs");
}
