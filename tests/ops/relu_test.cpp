#include <doctest/doctest.h>

#include "tests/support/op_runner.hpp"

using witin::Arithmetic;
using witin::CodeRange;
using witin::pn_range;
using witin::signed_range;
using witin::unsigned_range;
using witin::test::all_codes;
using witin::test::OpRunner;

TEST_CASE("relu: every code of every storage, on every profile") {
  for (const CodeRange range : {signed_range(8), unsigned_range(8), signed_range(12), pn_range(8), pn_range(16)}) {
    for (const Arithmetic profile : {Arithmetic::kWtm2101, Arithmetic::kWitinNn, Arithmetic::kNb01}) {
      OpRunner op("relu", profile);
      op.input({}, range);
      auto expected = all_codes(range);
      for (auto& code : expected) {
        if (code < 0) code = 0;
      }
      const auto y = op.run({all_codes(range)});
      REQUIRE(y.ok());
      CHECK(*y == expected);
      const auto prepared = op.prepare();
      CHECK((*prepared)->output().range == CodeRange{0, range.hi});
    }
  }
}

TEST_CASE("relu: refusals") {
  CHECK(OpRunner("relu").refusal() == "node.inputs");
  CHECK(OpRunner("relu").input({1}, signed_range(8)).attribute("x", true).refusal() == "attribute.unknown");
}
