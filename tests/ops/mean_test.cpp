#include <doctest/doctest.h>

#include <numeric>
#include <random>

#include "tests/support/exact.hpp"
#include "tests/support/op_runner.hpp"

using witin::CodeRange;
using witin::pn_range;
using witin::Shape;
using witin::signed_range;
using witin::test::Codes;
using witin::test::OpRunner;
namespace test = witin::test;

namespace {

OpRunner mean(Shape shape, CodeRange codes = signed_range(12)) {
  OpRunner op("mean");
  op.input(std::move(shape), codes);
  return op;
}

// Codes of a frame of `count` values that add up to `sum`.
Codes adding_up_to(std::int64_t sum, std::int64_t count) {
  Codes x;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t left = count - i;
    const std::int64_t part = test::floor_div(sum, left);
    x.push_back(static_cast<std::int32_t>(part));
    sum -= part;
  }
  return x;
}

}  // namespace

TEST_CASE("mean: every sum of few values, and near-tie sums of many, as exact fractions for codes of 12 bits") {
  for (const std::int64_t count : {1, 2, 3, 7, 10}) {
    Codes x;
    Codes expected;
    for (std::int64_t sum = -300; sum <= 300; ++sum) {
      for (const auto code : adding_up_to(sum, count)) x.push_back(code);
      expected.push_back(static_cast<std::int32_t>(test::half_even(sum, count)));
    }
    CHECK(*mean({count}).attribute("axis", std::int64_t{0}).run({x}) == expected);
  }
  std::mt19937 random(1);
  for (const std::int64_t count : {49, 100, 1000, 1023, 4095, 4096}) {
    Codes x;
    Codes expected;
    for (int i = 0; i < 200; ++i) {
      const std::int64_t whole = static_cast<std::int64_t>(random() % 4095) - 2047;
      const std::int64_t sum = std::clamp<std::int64_t>(
          whole * count + count / 2 + static_cast<std::int64_t>(random() % 3) - 1, -2048 * count, 2047 * count);
      for (const auto code : adding_up_to(sum, count)) x.push_back(code);
      expected.push_back(static_cast<std::int32_t>(test::half_even(sum, count)));
    }
    CHECK(*mean({count}).run({x}) == expected);
  }
}

TEST_CASE("mean: axes and keepdims") {
  Codes x(24);
  std::iota(x.begin(), x.end(), 0);
  const auto shape = [](const OpRunner& op) { return (*op.prepare())->output().shape; };
  OpRunner first = mean({2, 3, 4}).attribute("axis", std::int64_t{0});
  CHECK(*first.run({x}) == Codes{6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17});
  CHECK(shape(first) == Shape{3, 4});
  CHECK(shape(first.attribute("keepdims", true)) == Shape{1, 3, 4});
  OpRunner last = mean({2, 3, 4}).attribute("axis", std::int64_t{-1});
  CHECK(*last.run({x}) == Codes{2, 6, 10, 14, 18, 22});  // 1.5, 5.5, ... to even
  CHECK(shape(last) == Shape{2, 3});
  OpRunner middle = mean({2, 3, 4}).attribute("axis", std::int64_t{1});
  CHECK(*middle.run({x}) == Codes{4, 5, 6, 7, 16, 17, 18, 19});
  OpRunner all = mean({2, 3, 2});
  CHECK(*all.run({x}) == Codes{6, 18});  // 5.5 and 17.5, two frames
  CHECK(shape(all).empty());
  CHECK(shape(all.attribute("keepdims", true)) == Shape{1, 1, 1});
  CHECK(*mean({}).run({{5, -5}}) == Codes{5, -5});
}

TEST_CASE("mean: sum_bits clips the sum; sums beyond 2^24 are rounded to float32 once") {
  CHECK(*mean({4}).attribute("sum_bits", std::int64_t{8}).run({{100, 100, 100, 100, -100, -100, -100, -100}}) ==
        Codes{32, -32});
  std::mt19937 random(2);
  Codes x;
  Codes expected;
  for (int frame = 0; frame < 50; ++frame) {
    std::int64_t sum = 0;
    for (int i = 0; i < 3001; ++i) {
      x.push_back(static_cast<std::int32_t>(random() % 131071) - 65535 + (frame % 2 == 0 ? 0 : 20000 - i % 40000));
      x.back() = std::clamp(x.back(), -65535, 65535);
      sum += x.back();
    }
    expected.push_back(
        static_cast<std::int32_t>(test::nearest(test::f32_div(test::f32(static_cast<double>(sum)), 3001))));
  }
  CHECK(*mean({3001}, pn_range(16)).run({x}) == expected);
}

TEST_CASE("mean: refusals") {
  CHECK(mean({4097}).refusal() == "node.shape");
  CHECK(mean({4096}).refusal().empty());
  CHECK(mean({64, 65}).refusal() == "node.shape");
  CHECK(mean({64, 65}).attribute("axis", std::int64_t{1}).refusal().empty());
  CHECK(mean({0}).refusal() == "node.shape");
  CHECK(mean({3}).attribute("axis", std::int64_t{1}).refusal() == "axis.range");
  CHECK(mean({3}).attribute("sum_bits", std::int64_t{64}).refusal() == "attribute.range");
  CHECK(mean({3}).attribute("axes", std::vector<std::int64_t>{0}).refusal() == "attribute.unknown");
}
