// add on both profiles: all 65,536 pairs of 8-bit codes against exact integers, and float32 steps for odd scales.
#include <doctest/doctest.h>

#include <cmath>
#include <numeric>

#include "tests/support/exact.hpp"
#include "tests/support/op_runner.hpp"

using witin::Arithmetic;
using witin::CodeRange;
using witin::pn_range;
using witin::Shape;
using witin::signed_range;
using witin::unsigned_range;
using witin::test::all_pairs;
using witin::test::Codes;
using witin::test::OpRunner;
namespace test = witin::test;

namespace {

OpRunner chip_add(CodeRange left, CodeRange right, std::int64_t shift = 0) {
  OpRunner op("add", Arithmetic::kWtm2101);
  op.input({}, left).input({}, right).attribute("shift", shift);
  return op;
}

OpRunner library_add(CodeRange codes, double left, double right, double scale_y) {
  OpRunner op("add", Arithmetic::kWitinNn);
  op.input({}, codes).input({}, codes).attribute("scale_left", left).attribute("scale_right", right);
  op.attribute("scale_y", scale_y);
  return op;
}

}  // namespace

TEST_CASE("add, chip: every pair, every shift, floor by default") {
  for (const CodeRange codes : {signed_range(8), unsigned_range(8)}) {
    const auto pairs = all_pairs(codes, codes);
    for (int shift = -9; shift <= 9; ++shift) {
      const auto y = chip_add(codes, codes, shift).run(pairs);
      REQUIRE(y.ok());
      for (std::size_t i = 0; i < pairs[0].size(); ++i) {
        const std::int64_t sum = pairs[0][i] + pairs[1][i];
        const std::int64_t shifted = shift < 0 ? test::floor_div(sum, 1 << -shift) : sum * (1 << shift);
        if ((*y)[i] != test::clip_signed(shifted, 8)) FAIL(pairs[0][i] << " + " << pairs[1][i] << " << " << shift);
      }
    }
  }
}

TEST_CASE("add, chip: the other roundings, the older chip, and unsigned results") {
  const auto rounded = [](const char* rounding) {
    return *chip_add(signed_range(8), signed_range(8), -1)
                .attribute("rounding", std::string(rounding))
                .run({{1, 3, -1, -3}, {0, 0, 0, 0}});
  };
  CHECK(rounded("floor") == Codes{0, 1, -1, -2});
  CHECK(rounded("half_up") == Codes{1, 2, 0, -1});
  CHECK(rounded("half_even") == Codes{0, 2, 0, -2});
  CHECK(rounded("trunc") == Codes{0, 1, 0, -1});
  CHECK(rounded("half_away") == Codes{1, 2, -1, -2});
  OpRunner older("add", Arithmetic::kNb01);
  CHECK(*older.input({}, signed_range(8)).input({}, signed_range(8)).run({{100}, {100}}) == Codes{127});
  OpRunner is_unsigned = chip_add(unsigned_range(8), unsigned_range(8)).attribute("signed", false);
  CHECK(*is_unsigned.run({{200, 10}, {100, 20}}) == Codes{255, 30});
}

TEST_CASE("add, library: every pair, powers of two, both codes rounded to the smaller scale first") {
  const auto pairs = all_pairs(signed_range(8), signed_range(8));
  for (const int left : {2, 4, 7}) {
    for (const int right : {2, 5}) {
      for (const int out : {0, 4, 8}) {
        const auto y =
            library_add(signed_range(8), std::ldexp(1, left), std::ldexp(1, right), std::ldexp(1, out)).run(pairs);
        REQUIRE(y.ok());
        const int common = std::min(left, right);
        for (std::size_t i = 0; i < pairs[0].size(); ++i) {
          const std::int64_t sum = test::half_even(pairs[0][i], std::int64_t{1} << (left - common)) +
                                   test::half_even(pairs[1][i], std::int64_t{1} << (right - common));
          const auto expected = test::half_even(test::Wide{sum} << std::max(out - common, 0),
                                                std::int64_t{1} << std::max(common - out, 0));
          if ((*y)[i] != test::clip_signed(expected, 8)) FAIL(pairs[0][i] << " + " << pairs[1][i]);
        }
      }
    }
  }
}

TEST_CASE("add, library: any scales in float32 order, mixed widths, y_bits and clip_value") {
  for (const double left : {3.7, 15.9, 100.0 / 3}) {
    for (const double right : {5.3, 15.9}) {
      for (const double clip_value : {0.0, 2.7}) {
        OpRunner op = library_add(signed_range(8), left, right, 21.3).attribute("y_bits", std::int64_t{10});
        op.attribute("clip_value", clip_value);
        const auto pairs = all_pairs(signed_range(8), signed_range(8));
        const auto y = op.run(pairs);
        REQUIRE(y.ok());
        const double common = std::min(left, right);
        const auto at_common = [&](std::int32_t code, double scale) {
          return test::nearest(test::f32_mul(test::f32_div(code, test::f32(scale)), test::f32(common)));
        };
        const std::int64_t limit =
            clip_value == 0 ? 512 : test::nearest(test::f32_mul(test::f32(2.7), test::f32(21.3)));
        for (std::size_t i = 0; i < pairs[0].size(); ++i) {
          const auto sum = at_common(pairs[0][i], left) + at_common(pairs[1][i], right);
          const auto code = test::nearest(test::f32_div(static_cast<double>(sum), test::f32(common / 21.3)));
          REQUIRE((*y)[i] == test::clip_signed(std::clamp(code, -limit, limit), 10));
        }
      }
    }
  }
  OpRunner wide("add", Arithmetic::kWitinNn);
  wide.input({}, pn_range(16)).input({}, signed_range(16)).attribute("scale_left", 16).attribute("scale_right", 16);
  CHECK(*wide.attribute("scale_y", 1).attribute("y_bits", std::int64_t{16}).run({{-65535, 65535}, {-32768, 0}}) ==
        Codes{-6144, 4096});
}

TEST_CASE("add: shapes broadcast as NumPy does, over frames") {
  const auto sum = [](Shape left, Shape right, const std::vector<Codes>& codes) {
    OpRunner op("add", Arithmetic::kWtm2101);
    return *op.input(std::move(left), signed_range(8)).input(std::move(right), signed_range(8)).run(codes);
  };
  CHECK(sum({2, 3}, {3}, {{1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3}, {10, 20, 30, 40, 50, 60}}) ==
        Codes{11, 22, 33, 14, 25, 36, 47, 58, 69, 41, 52, 63});
  CHECK(sum({2, 1}, {1, 2}, {{1, 2}, {10, 20}}) == Codes{11, 21, 12, 22});
  CHECK(sum({1}, {2, 2}, {{5}, {1, 2, 3, 4}}) == Codes{6, 7, 8, 9});
  CHECK(sum({}, {2}, {{5}, {1, 2}}) == Codes{6, 7});
  CHECK(sum({2, 1, 2}, {3, 1}, {{1, 2, 3, 4}, {10, 20, 30}}) == Codes{11, 12, 21, 22, 31, 32, 13, 14, 23, 24, 33, 34});
}

TEST_CASE("add: a constant right side") {
  OpRunner op("add", Arithmetic::kWtm2101);
  op.input({2, 2}, signed_range(8)).tensor("right", {2, 1}, std::vector<std::int16_t>{100, -300});
  CHECK(*op.run({{1, 2, 3, 4, -1, -2, 120, 127}}) == Codes{101, 102, -128, -128, 99, 98, -128, -128});
}

TEST_CASE("add: refusals") {
  CHECK(chip_add(signed_range(8), unsigned_range(8)).attribute("signed", false).refusal() == "attribute.value");
  CHECK(chip_add(signed_range(8), signed_range(8), 17).refusal() == "attribute.range");
  CHECK(chip_add(signed_range(8), signed_range(8)).attribute("rounding", std::string("up")).refusal() ==
        "attribute.value");
  CHECK(chip_add(signed_range(8), signed_range(8)).attribute("scale_y", 1.0).refusal() == "attribute.unknown");
  CHECK(chip_add(signed_range(8), signed_range(8)).tensor("right", {}, std::vector<std::int8_t>{1}).refusal() ==
        "node.inputs");
  CHECK(OpRunner("add", Arithmetic::kWtm2101).input({}, signed_range(8)).refusal() == "node.inputs");
  CHECK(OpRunner("add", Arithmetic::kWitinNn).input({}, signed_range(8)).input({}, signed_range(8)).refusal() ==
        "attribute.missing");
  CHECK(library_add(signed_range(8), 16, 0, 1).refusal() == "attribute.range");
  OpRunner shapes("add", Arithmetic::kWtm2101);
  CHECK(shapes.input({2, 3}, signed_range(8)).input({2}, signed_range(8)).refusal() == "node.shape");
  OpRunner empty("add", Arithmetic::kWtm2101);
  CHECK(empty.input({2}, signed_range(8)).tensor("right", {0}, std::vector<std::int8_t>{}).refusal() == "node.shape");
}
