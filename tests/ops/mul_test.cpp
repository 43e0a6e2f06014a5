// mul on both profiles: all 65,536 pairs of 8-bit codes against exact integers, and float32 steps for odd scales.
#include <doctest/doctest.h>

#include <cmath>

#include "tests/support/exact.hpp"
#include "tests/support/op_runner.hpp"

using witin::Arithmetic;
using witin::CodeRange;
using witin::pn_range;
using witin::signed_range;
using witin::unsigned_range;
using witin::test::all_pairs;
using witin::test::Codes;
using witin::test::OpRunner;
namespace test = witin::test;

namespace {

OpRunner chip_mul(CodeRange left, CodeRange right, std::int64_t shift = 0) {
  OpRunner op("mul", Arithmetic::kWtm2101);
  op.input({}, left).input({}, right).attribute("shift", shift);
  return op;
}

OpRunner library_mul(CodeRange codes, double left, double right, double scale_y) {
  OpRunner op("mul", Arithmetic::kWitinNn);
  op.input({}, codes).input({}, codes).attribute("scale_left", left).attribute("scale_right", right);
  op.attribute("scale_y", scale_y);
  return op;
}

}  // namespace

TEST_CASE("mul, chip: every pair, every shift, half up by default") {
  for (const CodeRange right : {signed_range(8), unsigned_range(8)}) {
    const auto pairs = all_pairs(signed_range(8), right);
    for (int shift = -16; shift <= 4; ++shift) {
      const auto y = chip_mul(signed_range(8), right, shift).run(pairs);
      REQUIRE(y.ok());
      for (std::size_t i = 0; i < pairs[0].size(); ++i) {
        const std::int64_t product = std::int64_t{pairs[0][i]} * pairs[1][i];
        const std::int64_t den = std::int64_t{1} << std::max(-shift, 0);
        const std::int64_t shifted = shift < 0 ? test::floor_div(2 * product + den, 2 * den) : product * (1 << shift);
        if ((*y)[i] != test::clip_signed(shifted, 8)) FAIL(pairs[0][i] << " * " << pairs[1][i] << " << " << shift);
      }
    }
  }
}

TEST_CASE("mul, chip: roundings, unsigned results, a constant per channel, wide codes") {
  CHECK(*chip_mul(signed_range(8), signed_range(8), -1)
             .attribute("rounding", std::string("floor"))
             .run({{-1, 1, 3}, {1, 1, 1}}) == Codes{-1, 0, 1});
  CHECK(*chip_mul(unsigned_range(8), unsigned_range(8)).attribute("signed", false).run({{16, 15}, {16, 17}}) ==
        Codes{255, 255});
  OpRunner channels("mul", Arithmetic::kWtm2101);
  channels.input({2, 2}, signed_range(8)).tensor("right", {2, 1}, std::vector<std::int8_t>{2, -3});
  CHECK(*channels.run({{1, 2, 3, 4}}) == Codes{2, 4, -9, -12});
  CHECK(*chip_mul(pn_range(16), pn_range(16), 16).run({{65535, -65535, 0}, {65535, 65535, 1}}) == Codes{127, -128, 0});
  CHECK(*chip_mul(pn_range(16), pn_range(16), -31).run({{65535, -65535}, {65535, 65535}}) == Codes{2, -2});
}

TEST_CASE("mul, library: every pair, powers of two") {
  const auto pairs = all_pairs(signed_range(8), signed_range(8));
  for (const int scales : {0, 6, 9, 13}) {
    for (const int out : {0, 4, 8}) {
      const auto y = library_mul(signed_range(8), std::ldexp(1, scales), 1, std::ldexp(1, out)).run(pairs);
      REQUIRE(y.ok());
      for (std::size_t i = 0; i < pairs[0].size(); ++i) {
        const auto expected =
            test::half_even(test::Wide{pairs[0][i]} * pairs[1][i] * (1 << out), std::int64_t{1} << scales);
        if ((*y)[i] != test::clip_signed(expected, 8)) FAIL(pairs[0][i] << " * " << pairs[1][i]);
      }
    }
  }
}

TEST_CASE("mul, library: any scales in float32 order; products beyond 2^24 are rounded to float32 first") {
  const auto pairs = all_pairs(signed_range(8), signed_range(8));
  const auto y = library_mul(signed_range(8), 3.3, 15.9, 7.7).attribute("clip_value", 6.1).run(pairs);
  REQUIRE(y.ok());
  const std::int64_t limit = test::nearest(test::f32_mul(test::f32(6.1), test::f32(7.7)));
  for (std::size_t i = 0; i < pairs[0].size(); ++i) {
    const auto code = test::nearest(test::f32_div(pairs[0][i] * pairs[1][i], test::f32(3.3 * 15.9 / 7.7)));
    REQUIRE((*y)[i] == test::clip_signed(std::clamp(code, -limit, limit), 8));
  }
  const std::vector<Codes> wide{{32767, 30001, -32768, 12345}, {32767, 29999, 32767, -23456}};
  const auto z = library_mul(signed_range(16), 65536, 512, 1024).attribute("y_bits", std::int64_t{16}).run(wide);
  REQUIRE(z.ok());
  for (std::size_t i = 0; i < wide[0].size(); ++i) {
    const float product = test::f32(static_cast<double>(std::int64_t{wide[0][i]} * wide[1][i]));
    CHECK((*z)[i] == test::clip_signed(test::nearest(test::f32_div(product, 32768)), 16));
  }
}

TEST_CASE("mul: refusals") {
  CHECK(chip_mul(signed_range(8), unsigned_range(8)).attribute("signed", false).refusal() == "attribute.value");
  CHECK(chip_mul(signed_range(8), signed_range(8), -32).refusal() == "attribute.range");
  CHECK(library_mul(signed_range(8), 1, 1, -1).refusal() == "attribute.range");
  CHECK(library_mul(signed_range(8), 1, 1, 1).attribute("shift", std::int64_t{1}).refusal() == "attribute.unknown");
}
