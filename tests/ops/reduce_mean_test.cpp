#include <doctest/doctest.h>

#include <cmath>
#include <numeric>

#include "tests/support/exact.hpp"
#include "tests/support/op_runner.hpp"

using witin::Arithmetic;
using witin::CodeRange;
using witin::Shape;
using witin::signed_range;
using witin::unsigned_range;
using witin::test::Codes;
using witin::test::OpRunner;
namespace test = witin::test;

namespace {

using List = std::vector<std::int64_t>;

OpRunner reduce(Shape shape, CodeRange codes = signed_range(8)) {
  OpRunner op("reduce_mean", Arithmetic::kWtm2101);
  op.input(std::move(shape), codes);
  return op;
}

}  // namespace

TEST_CASE("reduce_mean: every sum of three and of four codes, half up") {
  for (const int count : {3, 4}) {
    Codes x;
    Codes expected;
    for (int sum = -128 * count; sum <= 127 * count; ++sum) {
      int left = sum;
      for (int i = count; i > 0; --i) {
        x.push_back(static_cast<std::int32_t>(test::floor_div(left, i)));
        left -= x.back();
      }
      expected.push_back(static_cast<std::int32_t>(test::floor_div(2 * sum + count, 2 * count)));
    }
    CHECK(*reduce({count}).run({x}) == expected);
  }
}

TEST_CASE("reduce_mean: axes, keepdims, roundings, scales, clips") {
  Codes x(12);
  std::iota(x.begin(), x.end(), 0);
  const auto shape = [](const OpRunner& op) { return (*op.prepare())->output().shape; };
  CHECK(*reduce({2, 3, 2}).attribute("axes", List{0, -1}).run({x}) == Codes{4, 6, 8});  // 3.5, 5.5, 7.5
  CHECK(shape(reduce({2, 3, 2}).attribute("axes", List{0, -1})) == Shape{1, 3, 1});
  CHECK(shape(reduce({2, 3, 2}).attribute("axes", List{0, 2}).attribute("keepdims", false)) == Shape{3});
  CHECK(*reduce({2, 3, 2}).attribute("axis", std::int64_t{1}).run({x}) == Codes{2, 3, 8, 9});
  CHECK(shape(reduce({2, 3})) == Shape{1, 1});
  CHECK(*reduce({2}).attribute("rounding", std::string("half_even")).run({{1, 2, 0, 1}}) == Codes{2, 0});
  CHECK(*reduce({2}).attribute("rounding", std::string("trunc")).run({{1, 2, -1, -2}}) == Codes{1, -1});
  CHECK(*reduce({2}).attribute("scale_in", 0.5).attribute("scale_out", 0.125).run({{1, 2, 60, 60}}) == Codes{6, 127});
  CHECK(*reduce({1}, unsigned_range(8)).run({{200, 3}}) == Codes{127, 3});
  CHECK(*reduce({1}, signed_range(12)).attribute("signed", false).run({{200, 300, -3}}) == Codes{200, 255, 0});
}

TEST_CASE("reduce_mean: refusals") {
  CHECK(reduce({2, 2}).attribute("axes", List{0, 0}).refusal() == "axis.repeated");
  CHECK(reduce({2, 2}).attribute("axes", List{0, 2}).refusal() == "axis.range");
  CHECK(reduce({2}).attribute("axes", List{0}).attribute("axis", std::int64_t{0}).refusal() == "attribute.value");
  CHECK(reduce({2, 0}).refusal() == "node.shape");
  CHECK(reduce({2}).attribute("scale_out", 0).refusal() == "attribute.range");
}
