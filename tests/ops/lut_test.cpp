#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>

#include "tests/support/op_runner.hpp"

using witin::CodeRange;
using witin::signed_range;
using witin::unsigned_range;
using witin::test::all_codes;
using witin::test::Codes;
using witin::test::OpRunner;

namespace {

// A table whose entries tell their index: any two neighbours differ.
std::vector<std::int16_t> marked(std::size_t length) {
  std::vector<std::int16_t> table(length);
  for (std::size_t i = 0; i < length; ++i) table[i] = static_cast<std::int16_t>((i * 40503U) & 0xffffU);
  return table;
}

OpRunner lut(CodeRange codes, const std::vector<std::int16_t>& table) {
  OpRunner op("lut");
  op.input({}, codes).tensor("table", {static_cast<std::int64_t>(table.size())}, table);
  op.attribute("y_bits", std::int64_t{16});
  return op;
}

}  // namespace

TEST_CASE("lut: one entry a code, in two's complement order, for signed and unsigned codes of 8 to 16 bits") {
  for (const int bits : {4, 8, 9, 10, 12, 16}) {
    const auto table = marked(std::size_t{1} << bits);
    const auto length = static_cast<std::int32_t>(table.size());
    for (const CodeRange codes : {signed_range(bits), unsigned_range(bits)}) {
      const auto y = lut(codes, table).run({all_codes(codes)});
      REQUIRE(y.ok());
      for (std::int32_t x = codes.lo; x <= codes.hi; ++x) {
        const std::int32_t index = x < 0 ? x + length : x;
        REQUIRE((*y)[static_cast<std::size_t>(x - codes.lo)] == table[static_cast<std::size_t>(index)]);
      }
    }
  }
}

TEST_CASE("lut: a code beyond the table wraps, as the chip's address does") {
  const auto table = marked(256);
  const auto y = lut(signed_range(16), table).run({{300, -129, 255, -32768, 32767}});
  REQUIRE(y.ok());
  CHECK(*y == Codes{table[44], table[127], table[255], table[0], table[255]});
}

TEST_CASE("lut: half_lsb, the recurrent operators' index") {
  const auto fine = marked(1024);
  const auto coarse = marked(256);
  const CodeRange sums{-512, 511};
  const auto y = lut(sums, fine).attribute("index", std::string("half_lsb")).run({all_codes(sums)});
  const auto z = lut(sums, coarse).attribute("index", std::string("half_lsb")).run({all_codes(sums)});
  REQUIRE(y.ok());
  REQUIRE(z.ok());
  for (std::int32_t x = sums.lo; x <= sums.hi; ++x) {
    const std::int32_t doubled = std::min(std::max(2 * x, -512), 511);
    const std::int32_t saturated = std::min(std::max(x, -128), 127);
    REQUIRE((*y)[static_cast<std::size_t>(x + 512)] == fine[static_cast<std::size_t>((doubled + 1024) % 1024)]);
    REQUIRE((*z)[static_cast<std::size_t>(x + 512)] == coarse[static_cast<std::size_t>((saturated + 256) % 256)]);
  }
}

TEST_CASE("lut: the output's range is that of the entries its codes reach") {
  std::vector<std::int16_t> table(256);
  std::iota(table.begin(), table.end(), std::int16_t{0});
  const auto range = [&](CodeRange codes) { return (*lut(codes, table).prepare())->output().range; };
  CHECK(range(unsigned_range(8)) == unsigned_range(8));
  CHECK(range({3, 5}) == CodeRange{3, 5});
  CHECK(*OpRunner("lut")
             .input({}, unsigned_range(1))
             .tensor("table", {2}, std::vector<std::uint8_t>{255, 7})
             .run({{0, 1}}) == Codes{255, 7});
}

TEST_CASE("lut: refusals") {
  const auto with = [](std::size_t length, std::int16_t last, std::int64_t y_bits) {
    std::vector<std::int16_t> table(length, -1);
    table.back() = last;
    return lut(signed_range(8), table).attribute("y_bits", y_bits);
  };
  CHECK(with(255, 0, 8).refusal() == "tensor.length");
  CHECK(with(1, 0, 8).refusal() == "tensor.length");
  CHECK(with(131072, 0, 8).refusal() == "tensor.length");
  CHECK(with(512, 0, 8).attribute("index", std::string("half_lsb")).refusal() == "tensor.length");
  CHECK(with(256, 128, 8).refusal() == "tensor.range");  // not within the signed range, and -1 is negative
  CHECK(with(256, 127, 8).refusal().empty());
  CHECK(OpRunner("lut").input({}, signed_range(8)).refusal() == "tensor.missing");
  CHECK(OpRunner("lut").input({}, signed_range(8)).tensor("table", {256}, std::vector<float>(256)).refusal() ==
        "tensor.dtype");
  CHECK(OpRunner("lut").input({}, signed_range(8)).tensor("table", {2, 128}, std::vector<std::int8_t>(256)).refusal() ==
        "tensor.rank");
}
