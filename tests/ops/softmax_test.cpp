// softmax: its float32 steps written out here, along every axis; the measured event is events_test.cpp.
#include <doctest/doctest.h>

#include "tests/ops/line_case.hpp"

using namespace witin;
using namespace witin::test;

namespace {

std::vector<float> exponentials(double scale_in) {
  std::vector<float> table(256);
  for (int i = 0; i < 256; ++i) table[static_cast<std::size_t>(i)] = f32(std::exp(-i * scale_in));
  return table;
}

OpRunner softmax(Shape shape, CodeRange codes, const std::vector<float>& table) {
  OpRunner op("softmax", Arithmetic::kWtm2101);
  return op.input(std::move(shape), codes).tensor("exp_table", {static_cast<std::int64_t>(table.size())}, table);
}

Codes softmax_of(const Codes& x, const std::vector<float>& table, double scale_out, CodeRange range) {
  const auto most = *std::ranges::max_element(x);
  float sum = 0;
  for (const auto code : x) sum = f32_add(sum, table[static_cast<std::size_t>(most - code)]);
  const float factor = f32_div(f32_div(1, f32(scale_out)), sum);
  Codes y;
  for (const auto code : x) y.push_back(cut(f32_mul(table[static_cast<std::size_t>(most - code)], factor), range));
  return y;
}

}  // namespace

TEST_CASE("softmax: random codes along every axis, signed and unsigned") {
  for (const CodeRange codes : {signed_range(8), unsigned_range(8), CodeRange{-3, 3}, CodeRange{1, 1}}) {
    const Codes x = random_codes(2 * 3 * 4 * 20, codes, 7);
    for (const bool is_signed : {false, true}) {
      const CodeRange range = is_signed ? signed_range(8) : unsigned_range(8);
      for (const auto& [in, out] : {std::pair{0.0625, 0.00390625}, {0.3, 0.013}, {2.0, 1e-12}}) {
        const auto table = exponentials(in);
        for (std::size_t axis = 0; axis < 3; ++axis) {
          OpRunner op = softmax({2, 3, 4}, codes, table);
          op.attribute("axis", static_cast<std::int64_t>(axis) - (is_signed ? 3 : 0));
          op.attribute("scale_in", in).attribute("scale_out", out).attribute("signed", is_signed);
          CHECK(*op.run({x}) == along(x, 2, 3, 4, axis, [&, out = out](const Codes& line) {
            return softmax_of(line, table, out, range);
          }));
        }
      }
    }
  }
}

TEST_CASE("softmax: codes 256 apart end the run, however wide the input is declared") {
  OpRunner op = softmax({3}, signed_range(16), exponentials(0.01)).attribute("scale_out", 0.01);
  CHECK(*op.run({{1000, 745, 1000}}) == softmax_of({1000, 745, 1000}, exponentials(0.01), 0.01, unsigned_range(8)));
  const auto y = op.run({{1, 2, 3, 1000, 744, 1000}}, 10);
  REQUIRE_FALSE(y.ok());
  CHECK(y.error().line() ==
        "frame 11: element 1: the operator cannot take this code; expected 745..1000, found 744 [run.code_range]");
}

TEST_CASE("softmax: refusals") {
  const auto table = exponentials(1);
  CHECK(softmax({3}, signed_range(8), table).attribute("axis", std::int64_t{1}).refusal() == "axis.range");
  CHECK(softmax({}, signed_range(8), table).refusal() == "axis.range");
  CHECK(softmax({0}, signed_range(8), table).refusal() == "node.shape");
  CHECK(softmax({3}, signed_range(8), std::vector<float>(255, 1)).refusal() == "tensor.length");
  CHECK(softmax({3}, signed_range(8), std::vector<float>(256, 0)).refusal() == "tensor.range");
  CHECK(softmax({3}, signed_range(8), std::vector<float>(256, -1)).refusal() == "tensor.range");
  auto broken = table;
  broken[200] = std::nanf("");
  CHECK(softmax({3}, signed_range(8), broken).refusal() == "tensor.range");
  broken[200] = INFINITY;
  CHECK(softmax({3}, signed_range(8), broken).refusal() == "tensor.range");
  CHECK(OpRunner("softmax").input({3}, signed_range(8)).refusal() == "tensor.missing");
}
