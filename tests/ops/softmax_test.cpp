// softmax and sum_norm: float32 steps written out here, along every axis; the measured event is events_test.cpp.
#include <doctest/doctest.h>

#include <cmath>
#include <random>

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

std::vector<float> exponentials(double scale_in) {
  std::vector<float> table(256);
  for (int i = 0; i < 256; ++i) table[static_cast<std::size_t>(i)] = test::f32(std::exp(-i * scale_in));
  return table;
}

OpRunner softmax(Shape shape, CodeRange codes, const std::vector<float>& table) {
  OpRunner op("softmax", Arithmetic::kWtm2101);
  return op.input(std::move(shape), codes).tensor("exp_table", {static_cast<std::int64_t>(table.size())}, table);
}

OpRunner sum_norm(Shape shape, CodeRange codes) {
  OpRunner op("sum_norm", Arithmetic::kWtm2101);
  return op.input(std::move(shape), codes);
}

std::int32_t cut(float v, CodeRange range) {
  if (std::isnan(v)) return 0;
  return static_cast<std::int32_t>(std::trunc(std::clamp<double>(v, range.lo, range.hi)));
}

Codes softmax_of(const Codes& x, const std::vector<float>& table, double scale_out, CodeRange range) {
  const auto most = *std::ranges::max_element(x);
  float sum = 0;
  for (const auto code : x) sum = test::f32_add(sum, table[static_cast<std::size_t>(most - code)]);
  const float factor = test::f32_div(test::f32_div(1, test::f32(scale_out)), sum);
  Codes y;
  for (const auto code : x)
    y.push_back(cut(test::f32_mul(table[static_cast<std::size_t>(most - code)], factor), range));
  return y;
}

Codes sum_norm_of(const Codes& x, double scale_in, double scale_out, CodeRange range) {
  float sum = 0;
  for (const auto code : x) sum = test::f32_add(sum, test::f32_mul(code, test::f32(scale_in)));
  const float factor = test::f32_div(test::f32_div(1, test::f32(scale_out)), test::f32_add(sum, test::f32(1e-7)));
  Codes y;
  for (const auto code : x) y.push_back(cut(test::f32_mul(test::f32_mul(code, test::f32(scale_in)), factor), range));
  return y;
}

Codes random_codes(std::size_t count, CodeRange range, unsigned seed) {
  std::mt19937 random(seed);
  Codes codes(count);
  for (auto& code : codes)
    code = range.lo + static_cast<std::int32_t>(random() % static_cast<unsigned>(range.hi - range.lo + 1));
  return codes;
}

// What `rule` makes of every line of [a, b, c] frames along an axis.
template <typename Rule>
Codes along(const Codes& x, std::size_t a, std::size_t b, std::size_t c, std::size_t axis, Rule rule) {
  const std::size_t stride = axis == 0 ? b * c : axis == 1 ? c : 1;
  const std::size_t extent = axis == 0 ? a : axis == 1 ? b : c;
  Codes y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (i / stride % extent != 0) continue;
    Codes line;
    for (std::size_t k = 0; k < extent; ++k) line.push_back(x[i + k * stride]);
    const Codes result = rule(line);
    for (std::size_t k = 0; k < extent; ++k) y[i + k * stride] = result[k];
  }
  return y;
}

}  // namespace

TEST_CASE("softmax and sum_norm: random codes along every axis, signed and unsigned") {
  for (const CodeRange codes : {signed_range(8), unsigned_range(8), CodeRange{-3, 3}, CodeRange{1, 1}}) {
    const Codes x = random_codes(2 * 3 * 4 * 20, codes, 7);
    for (const bool is_signed : {false, true}) {
      const CodeRange range = is_signed ? signed_range(8) : unsigned_range(8);
      for (const auto& [in, out] : {std::pair{0.0625, 0.00390625}, {0.3, 0.013}, {2.0, 1e-12}}) {
        const auto table = exponentials(in);
        for (std::size_t axis = 0; axis < 3; ++axis) {
          const auto at = static_cast<std::int64_t>(axis) - (is_signed ? 3 : 0);
          const auto with = [&, in = in, out = out](OpRunner op) {
            return op.attribute("axis", at)
                .attribute("scale_in", in)
                .attribute("scale_out", out)
                .attribute("signed", is_signed);
          };
          CHECK(*with(softmax({2, 3, 4}, codes, table)).run({x}) ==
                along(x, 2, 3, 4, axis,
                      [&, out = out](const Codes& line) { return softmax_of(line, table, out, range); }));
          CHECK(*with(sum_norm({2, 3, 4}, codes)).run({x}) ==
                along(x, 2, 3, 4, axis,
                      [&, in = in, out = out](const Codes& line) { return sum_norm_of(line, in, out, range); }));
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

TEST_CASE("sum_norm: a divisor of zero") {
  // 1e-7 is all that is left of the divisor, and in float32 it is what 1 / 1e-7 undoes.
  CHECK(*sum_norm({2}, signed_range(8)).attribute("signed", true).run({{5, -5, 0, 0, -5, 5}}) ==
        Codes{127, -128, 0, 0, -128, 127});
  // scale_in chosen so that the sum is exactly -1e-7: the factor is infinite, and 0 times it is 0.
  OpRunner op = sum_norm({3}, signed_range(8)).attribute("signed", true).attribute("scale_in", double{1e-7F});
  CHECK(*op.run({{1, -2, 0}}) == Codes{127, -128, 0});
}

TEST_CASE("softmax and sum_norm: refusals") {
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
  CHECK(sum_norm({3}, signed_range(8)).attribute("scale_out", 0).refusal() == "attribute.range");
  CHECK(sum_norm({2, 0}, signed_range(8)).refusal() == "node.shape");
}
