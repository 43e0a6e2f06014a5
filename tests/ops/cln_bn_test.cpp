// cln_bn: statistics gathered by name of channel, time and bin, against integers and float32 steps written out here.
#include <doctest/doctest.h>

#include <random>

#include "tests/support/exact.hpp"
#include "tests/support/op_runner.hpp"

using witin::CodeRange;
using witin::Shape;
using witin::signed_range;
using witin::test::Codes;
using witin::test::OpRunner;
namespace test = witin::test;

namespace {

OpRunner cln(Shape shape, CodeRange codes = signed_range(8)) {
  OpRunner op("cln_bn");
  op.input(std::move(shape), codes).attribute("scale_y", 31.7).attribute("y_bits", std::int64_t{10});
  return op;
}

struct Rule {
  std::size_t c, t, f;
  int left_shift = 8;
  std::int64_t sum_limit = std::int64_t{1} << 54;
  bool simple = false;
  float clip = 0;

  [[nodiscard]] std::int64_t mean(std::int64_t sum) const {
    const std::int64_t clipped = std::clamp(sum, -sum_limit, sum_limit - 1);
    return test::nearest(test::f32_div(test::f32(static_cast<double>(clipped)), static_cast<double>(c * f)));
  }

  [[nodiscard]] Codes operator()(const Codes& x) const {
    Codes y(x.size());
    for (std::size_t group = 0; group < x.size() / (c * f); ++group) {  // frame and time
      std::vector<std::size_t> members;
      for (std::size_t i = 0; i < x.size(); ++i) {
        if (i / (c * t * f) * t + i / f % t == group) members.push_back(i);
      }
      std::int64_t sum = 0;
      for (const auto i : members) sum += x[i];
      const std::int64_t centre = simple ? 0 : mean(sum);
      std::int64_t squares = 0;
      for (const auto i : members) squares += (x[i] - centre) * (x[i] - centre);
      const std::int64_t root = test::floor_root(mean(squares) << left_shift);
      for (const auto i : members) {
        const double step = 1 << (left_shift / 2);
        const float inverse = root == 0 ? 0 : test::f32_mul(test::f32_div(1, static_cast<double>(root)), step);
        float v = test::f32_mul(static_cast<double>(x[i] - centre), inverse);
        if (clip != 0) v = std::clamp(v, -clip, clip);
        y[i] = test::clip_signed(test::nearest(test::f32_mul(v, test::f32(31.7))), 10);
      }
    }
    return y;
  }
};

Codes random_codes(std::size_t count, int spread, unsigned seed) {
  std::mt19937 random(seed);
  Codes x(count);
  for (auto& code : x) {
    code = static_cast<std::int32_t>(random() % static_cast<unsigned>(2 * spread)) - spread;
  }
  return x;
}

}  // namespace

TEST_CASE("cln_bn: random maps, both forms, shifts, clip_value and sum_bits") {
  const Rule rule{4, 3, 5};
  for (const int spread : {1, 3, 20, 128}) {
    const Codes x = random_codes(4 * 3 * 5 * 40, spread, static_cast<unsigned>(spread));
    for (const int left_shift : {0, 8, 16}) {
      for (const bool simple : {false, true}) {
        OpRunner op = cln({4, 3, 5}).attribute("left_shift", std::int64_t{left_shift}).attribute("simple", simple);
        Rule expected = rule;
        expected.left_shift = left_shift;
        expected.simple = simple;
        CHECK(*op.run({x}) == expected(x));
      }
    }
    Rule clipped = rule;
    clipped.clip = test::f32(0.7);
    CHECK(*cln({4, 3, 5}).attribute("clip_value", 0.7).run({x}) == clipped(x));
    Rule narrow = rule;
    narrow.sum_limit = 64;
    CHECK(*cln({4, 3, 5}).attribute("sum_bits", std::int64_t{7}).run({x}) == narrow(x));
  }
}

TEST_CASE("cln_bn: 16-bit codes, a single value, and equal values") {
  const Codes wide = random_codes(64 * 2 * 64, 32768, 5);
  CHECK(*cln({64, 2, 64}, signed_range(16)).run({wide}) == Rule{64, 2, 64}(wide));
  CHECK(*cln({1, 1, 1}).run({{5, -5, 0}}) == Codes{0, 0, 0});  // r = 0
  CHECK(*cln({2, 1, 2}).run({Codes{9, 9, 9, 9}}) == Codes{0, 0, 0, 0});
  CHECK(*cln({1, 1, 1}).attribute("simple", true).run({{5, -5, 0}}) == Codes{32, -32, 0});
}

TEST_CASE("cln_bn: refusals") {
  CHECK(cln({4, 3}).refusal() == "node.shape");
  CHECK(cln({64, 1, 65}).refusal() == "node.shape");
  CHECK(cln({64, 2, 64}).refusal().empty());
  CHECK(cln({0, 2, 4}).refusal() == "node.shape");
  CHECK(cln({2, 2, 2}).attribute("left_shift", std::int64_t{7}).refusal() == "attribute.value");
  CHECK(OpRunner("cln_bn").input({2, 2, 2}, signed_range(8)).refusal() == "attribute.missing");
}
