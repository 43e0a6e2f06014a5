// reshape against loops over channel, row and column written out for each order.
#include <doctest/doctest.h>

#include <numeric>

#include "tests/support/op_runner.hpp"

using witin::Shape;
using witin::signed_range;
using witin::test::Codes;
using witin::test::OpRunner;

namespace {

OpRunner reshape(Shape from, Shape to, const std::string& order = "") {
  OpRunner op("reshape");
  op.input(std::move(from), signed_range(16)).attribute("shape", std::move(to));
  if (!order.empty()) op.attribute("order", order);
  return op;
}

Codes numbered_codes(std::size_t count) {
  Codes codes(count);
  std::iota(codes.begin(), codes.end(), 0);
  return codes;
}

}  // namespace

TEST_CASE("reshape: C order keeps the codes in place") {
  for (const Shape& to : {Shape{24}, Shape{4, 6}, Shape{-1}, Shape{2, -1, 2}, Shape{1, 24, 1}, Shape{24, -1}}) {
    CHECK(*reshape({2, 3, 4}, to).run({numbered_codes(48)}) == numbered_codes(48));
    CHECK(*reshape({2, 3, 4}, to, "chw").run({numbered_codes(48)}) == numbered_codes(48));
  }
  const auto prepared = reshape({2, 3, 4}, {2, -1, 2}).prepare();
  CHECK((*prepared)->output().shape == Shape{2, 6, 2});
  CHECK((*reshape({1}, {}).prepare())->output().shape.empty());
}

TEST_CASE("reshape: memory order of a map is W, H, C") {
  constexpr std::int32_t kC = 2, kH = 3, kW = 4;
  Codes in_memory;
  for (std::int32_t w = 0; w < kW; ++w) {
    for (std::int32_t h = 0; h < kH; ++h) {
      for (std::int32_t c = 0; c < kC; ++c) in_memory.push_back((c * kH + h) * kW + w);
    }
  }
  // One row per time step, inside it H, then C: the form a map takes before a recurrent layer.
  CHECK(*reshape({kC, kH, kW}, {kW, kH * kC}, "memory").run({numbered_codes(24)}) == in_memory);
  CHECK(*reshape({kC, kH, kW}, {24}, "memory").run({numbered_codes(24)}) == in_memory);
  // And back: the code at memory place p of the map is p.
  const auto map = reshape({kW, kH * kC}, {kC, kH, kW}, "memory").run({numbered_codes(24)});
  REQUIRE(map.ok());
  for (std::size_t p = 0; p < 24; ++p) CHECK((*map)[static_cast<std::size_t>(in_memory[p])] == static_cast<int>(p));
  // From one map to another through memory.
  const auto other = reshape({kC, kH, kW}, {3, 2, 4}, "memory").run({numbered_codes(24)});
  REQUIRE(other.ok());
  for (std::size_t w = 0; w < 4; ++w) {
    for (std::size_t h = 0; h < 2; ++h) {
      for (std::size_t c = 0; c < 3; ++c) CHECK((*other)[(c * 2 + h) * 4 + w] == in_memory[(w * 2 + h) * 3 + c]);
    }
  }
}

TEST_CASE("reshape: memory order of [N, C, H, W] is N, W, H, C; of matrices it is C order") {
  const auto y = reshape({2, 2, 1, 3}, {12}, "memory").run({numbered_codes(12)});
  CHECK(*y == Codes{0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11});
  CHECK(*reshape({3, 4}, {2, 6}, "memory").run({numbered_codes(12)}) == numbered_codes(12));
}

TEST_CASE("reshape: refusals") {
  CHECK(reshape({4}, {3}).refusal() == "reshape.elements");
  CHECK(reshape({4}, {-1, 3}).refusal() == "reshape.elements");
  CHECK(reshape({4}, {5, -1}).refusal() == "reshape.elements");
  CHECK(reshape({4}, {std::int64_t{1} << 62, std::int64_t{1} << 62}).refusal() == "reshape.elements");
  CHECK(reshape({4}, {-1, -1}).refusal() == "attribute.range");
  CHECK(reshape({4}, {0, 4}).refusal() == "attribute.range");
  CHECK(reshape({4}, {4}, "whc").refusal() == "attribute.value");
}
