// slice against indices computed one by one from the definition of a range.
#include <doctest/doctest.h>

#include <numeric>

#include "tests/support/op_runner.hpp"

using witin::CodeRange;
using witin::Shape;
using witin::signed_range;
using witin::test::Codes;
using witin::test::OpRunner;

namespace {

using List = std::vector<std::int64_t>;

OpRunner slice(Shape shape, List starts, List ends) {
  OpRunner op("slice");
  op.input(std::move(shape), signed_range(16)).attribute("starts", std::move(starts));
  op.attribute("ends", std::move(ends));
  return op;
}

Codes counted_codes(std::size_t count) {
  Codes codes(count);
  std::iota(codes.begin(), codes.end(), 0);
  return codes;
}

// The indices that start:end:step takes of an axis: walk from the start and stop at the end or outside.
Codes walk(std::int64_t extent, std::int64_t start, std::int64_t end, std::int64_t step) {
  start += start < 0 ? extent : 0;
  end += end < 0 ? extent : 0;
  Codes taken;
  for (std::int64_t i = -100; i < 100; ++i) {
    const std::int64_t at = step > 0 ? i : -i;
    const bool before_end = step > 0 ? at < end : at > end;
    const bool after_start = step > 0 ? at >= start : at <= start;
    if (!before_end || !after_start || at < 0 || at >= extent) continue;
    // Starts outside the axis are moved to its edge before the steps are counted.
    const std::int64_t from = step > 0 ? std::max<std::int64_t>(start, 0) : std::min(start, extent - 1);
    if ((at - from) % step == 0) taken.push_back(static_cast<std::int32_t>(at));
  }
  return taken;
}

}  // namespace

TEST_CASE("slice: every start, end and step of a short axis") {
  constexpr std::int64_t kExtent = 5;
  int empty = 0;
  for (std::int64_t start = -8; start <= 8; ++start) {
    for (std::int64_t end = -8; end <= 8; ++end) {
      for (const std::int64_t step : {1, 2, 3, 7, -1, -2, -7}) {
        OpRunner op = slice({kExtent}, {start}, {end});
        op.attribute("steps", List{step});
        const Codes expected = walk(kExtent, start, end, step);
        INFO(start << ":" << end << ":" << step);
        if (expected.empty()) {
          CHECK(op.refusal() == "slice.empty");
          ++empty;
          continue;
        }
        const auto y = op.run({counted_codes(10)});  // two frames
        REQUIRE(y.ok());
        Codes both = expected;
        for (const auto code : expected) both.push_back(code + 5);
        CHECK(*y == both);
      }
    }
  }
  CHECK(empty > 100);
}

TEST_CASE("slice: axes, negative axes, several axes, and the range of the codes") {
  OpRunner op = slice({2, 3, 4}, {1, 3}, {9223372036854775807, -9223372036854775807 - 1});
  op.attribute("axes", List{-2, 2}).attribute("steps", List{1, -2});
  const auto y = op.run({counted_codes(24)});
  REQUIRE(y.ok());
  CHECK(*y == Codes{7, 5, 11, 9, 19, 17, 23, 21});
  const auto prepared = op.prepare();
  CHECK((*prepared)->output().shape == Shape{2, 2, 2});
  CHECK((*prepared)->output().range == signed_range(16));
  CHECK(*slice({2, 2}, {}, {}).run({{1, 2, 3, 4}}) == Codes{1, 2, 3, 4});
}

TEST_CASE("slice: refusals") {
  CHECK(slice({4}, {0}, {1, 2}).refusal() == "attribute.count");
  CHECK(slice({4}, {0, 0}, {1, 1}).refusal() == "axis.range");
  CHECK(slice({4}, {0}, {1}).attribute("axes", List{1}).refusal() == "axis.range");
  CHECK(slice({4}, {0}, {1}).attribute("axes", List{-2}).refusal() == "axis.range");
  CHECK(slice({4, 4}, {0, 0}, {1, 1}).attribute("axes", List{0, -2}).refusal() == "axis.repeated");
  CHECK(slice({4}, {0}, {1}).attribute("steps", List{0}).refusal() == "attribute.range");
  CHECK(slice({4}, {0}, {1}).attribute("steps", List{1, 1}).refusal() == "attribute.count");
  CHECK(slice({4}, {2}, {2}).refusal() == "slice.empty");
  CHECK(OpRunner("slice").input({4}, signed_range(8)).refusal() == "attribute.missing");
}
