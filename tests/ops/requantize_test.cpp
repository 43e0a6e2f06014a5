// requantize against exact fractions for power-of-two scales, and against float32 steps for others.
#include <doctest/doctest.h>

#include <cmath>

#include "tests/support/exact.hpp"
#include "tests/support/op_runner.hpp"

using witin::Arithmetic;
using witin::CodeRange;
using witin::pn_range;
using witin::signed_range;
using witin::unsigned_range;
using witin::test::all_codes;
using witin::test::Codes;
using witin::test::OpRunner;
namespace test = witin::test;

namespace {

OpRunner requantize(CodeRange codes, double from, double to) {
  OpRunner op("requantize");
  op.input({}, codes).attribute("scale_from", from).attribute("scale_to", to);
  return op;
}

}  // namespace

TEST_CASE("requantize: powers of two are one rounding of the exact quotient, for every 16-bit code") {
  for (int from = -2; from <= 12; from += 2) {
    for (int to = -3; to <= 12; to += 3) {
      OpRunner op = requantize(signed_range(16), std::ldexp(1, from), std::ldexp(1, to));
      op.attribute("signed", true).attribute("bits", std::int64_t{10});
      const auto y = op.run({all_codes(signed_range(16))});
      REQUIRE(y.ok());
      const std::int64_t num = std::int64_t{1} << std::max(to - from, 0);
      const std::int64_t den = std::int64_t{1} << std::max(from - to, 0);
      for (std::int32_t x = -32768; x <= 32767; ++x) {
        const auto expected = test::clip_signed(test::half_even(test::Wide{x} * num, den), 10);
        if ((*y)[static_cast<std::size_t>(x + 32768)] != expected) FAIL("x " << x << " 2^" << from << " to 2^" << to);
      }
    }
  }
}

TEST_CASE("requantize: any scales follow the training library's float32 order") {
  for (const double from : {3.0, 100.0 / 7, 15.875, 1e-3, 12345.678}) {
    for (const double to : {5.0, 0.1, 15.9, 33.3333, 77777.0}) {
      for (const double shift : {0.0, 128.0, 3.5, -0.3}) {
        OpRunner op = requantize(signed_range(12), from, to);
        op.attribute("shift", shift).attribute("bits", std::int64_t{12}).attribute("neg_in", std::string("shift"));
        const auto y = op.run({all_codes(signed_range(12))});
        REQUIRE(y.ok());
        for (std::int32_t x = -2048; x < 2048; ++x) {
          const float value = test::f32_div(x, test::f32(from));
          const float scaled = test::f32_add(test::f32_mul(value, test::f32(to)), test::f32(shift));
          REQUIRE((*y)[static_cast<std::size_t>(x + 2048)] == test::clip_unsigned(test::nearest(scaled), 12));
        }
      }
    }
  }
}

TEST_CASE("requantize: the clip ranges of bits, signed and neg_in") {
  const auto ends = [](OpRunner op) {
    const auto y = op.run({Codes{-32768, 32767}});
    REQUIRE(y.ok());
    const auto prepared = op.prepare();
    CHECK((*prepared)->output().range == CodeRange{(*y)[0], (*y)[1]});
    return (*prepared)->output().range;
  };
  const OpRunner plain = requantize(signed_range(16), 1, 4);
  const auto with = [&](std::int64_t bits, bool is_signed, const char* neg_in) {
    OpRunner op = plain;
    op.attribute("bits", bits).attribute("signed", is_signed).attribute("neg_in", std::string(neg_in));
    return op;
  };
  CHECK(ends(plain) == unsigned_range(8));
  CHECK(ends(with(8, true, "none")) == signed_range(8));
  CHECK(ends(with(8, false, "pn")) == pn_range(8));
  CHECK(ends(with(10, true, "pn")) == pn_range(10));
  CHECK(ends(with(9, true, "shift")) == unsigned_range(9));
  CHECK(ends(with(16, false, "none")) == unsigned_range(16));
  CHECK(ends(with(1, false, "none")) == unsigned_range(1));
  CHECK(*requantize(pn_range(16), 1, 1)
             .attribute("bits", std::int64_t{16})
             .attribute("neg_in", std::string("pn"))
             .run({{-65535, 65535}}) == Codes{-65535, 65535});
}

TEST_CASE("requantize: refusals") {
  CHECK(requantize(signed_range(8), 0, 1).refusal() == "attribute.range");
  CHECK(requantize(signed_range(8), 1, -1).refusal() == "attribute.range");
  CHECK(requantize(signed_range(8), 1, 1).attribute("bits", std::int64_t{17}).refusal() == "attribute.range");
  CHECK(requantize(signed_range(8), 1, 1).attribute("neg_in", std::string("PN")).refusal() == "attribute.value");
  CHECK(OpRunner("requantize").input({}, signed_range(8)).attribute("scale_to", 1.0).refusal() == "attribute.missing");
  CHECK(requantize({0, 1 << 18}, 1, 1).refusal() == "node.code_range");
  CHECK(requantize({0, (1 << 18) - 1}, 1, 1).refusal().empty());
}
