// sum_norm: its float32 steps written out here, along every axis; the measured event is events_test.cpp.
#include <doctest/doctest.h>

#include "tests/ops/line_case.hpp"

using namespace witin;
using namespace witin::test;

namespace {

OpRunner sum_norm(Shape shape, CodeRange codes) {
  OpRunner op("sum_norm", Arithmetic::kWtm2101);
  return op.input(std::move(shape), codes);
}

Codes sum_norm_of(const Codes& x, double scale_in, double scale_out, CodeRange range) {
  float sum = 0;
  for (const auto code : x) sum = f32_add(sum, f32_mul(code, f32(scale_in)));
  const float factor = f32_div(f32_div(1, f32(scale_out)), f32_add(sum, f32(1e-7)));
  Codes y;
  for (const auto code : x) y.push_back(cut(f32_mul(f32_mul(code, f32(scale_in)), factor), range));
  return y;
}

}  // namespace

TEST_CASE("sum_norm: random codes along every axis, signed and unsigned") {
  for (const CodeRange codes : {signed_range(8), unsigned_range(8), CodeRange{-3, 3}, CodeRange{1, 1}}) {
    const Codes x = random_codes(2 * 3 * 4 * 20, codes, 7);
    for (const bool is_signed : {false, true}) {
      const CodeRange range = is_signed ? signed_range(8) : unsigned_range(8);
      for (const auto& [in, out] : {std::pair{0.0625, 0.00390625}, {0.3, 0.013}, {2.0, 1e-12}}) {
        for (std::size_t axis = 0; axis < 3; ++axis) {
          OpRunner op = sum_norm({2, 3, 4}, codes);
          op.attribute("axis", static_cast<std::int64_t>(axis) - (is_signed ? 3 : 0));
          op.attribute("scale_in", in).attribute("scale_out", out).attribute("signed", is_signed);
          CHECK(*op.run({x}) == along(x, 2, 3, 4, axis, [&, in = in, out = out](const Codes& line) {
            return sum_norm_of(line, in, out, range);
          }));
        }
      }
    }
  }
}

TEST_CASE("sum_norm: a divisor of zero") {
  // 1e-7 is all that is left of the divisor, and in float32 it is what 1 / 1e-7 undoes.
  CHECK(*sum_norm({2}, signed_range(8)).attribute("signed", true).run({{5, -5, 0, 0, -5, 5}}) ==
        Codes{127, -128, 0, 0, -128, 127});
  // scale_in chosen so that the sum is exactly -1e-7: the factor is infinite, and 0 times it is 0.
  OpRunner op = sum_norm({3}, signed_range(8)).attribute("signed", true).attribute("scale_in", double{1e-7F});
  CHECK(*op.run({{1, -2, 0}}) == Codes{127, -128, 0});
}

TEST_CASE("sum_norm: refusals") {
  CHECK(sum_norm({3}, signed_range(8)).attribute("scale_out", 0).refusal() == "attribute.range");
  CHECK(sum_norm({2, 0}, signed_range(8)).refusal() == "node.shape");
}
