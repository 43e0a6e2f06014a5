#include <doctest/doctest.h>

#include "tests/support/op_runner.hpp"

using witin::Arithmetic;
using witin::CodeRange;
using witin::pn_range;
using witin::test::all_codes;
using witin::test::OpRunner;

TEST_CASE("clear_low_bits: the nearest multiple of 2^bits, ties away from zero, for every code and width") {
  for (int bits = 0; bits <= 15; ++bits) {
    OpRunner op("clear_low_bits", Arithmetic::kWtm2101);
    op.input({}, pn_range(16)).attribute("bits", bits);
    const auto y = op.run({all_codes(pn_range(16))});
    REQUIRE(y.ok());
    const int unit = 1 << bits;
    for (std::int32_t x = -65535; x <= 65535; ++x) {
      const std::int32_t magnitude = (std::abs(x) + unit / 2) / unit * unit;
      const std::int32_t found = (*y)[static_cast<std::size_t>(x + 65535)];
      if (found != (x < 0 ? -magnitude : magnitude)) FAIL("x " << x << " bits " << bits << ": " << found);
    }
    const std::int32_t top = (65535 + unit / 2) / unit * unit;
    CHECK((*op.prepare())->output().range == CodeRange{-top, top});
  }
}

TEST_CASE("clear_low_bits: refusals") {
  OpRunner op("clear_low_bits");
  op.input({}, pn_range(8));
  CHECK(op.refusal() == "attribute.missing");
  CHECK(op.attribute("bits", 16).refusal() == "attribute.range");
  CHECK(op.attribute("bits", -1).refusal() == "attribute.range");
}
