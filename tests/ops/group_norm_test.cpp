// group_norm: float32 steps written out here with the C library's fma; the measured event is events_test.cpp.
#include <doctest/doctest.h>

#include <cmath>
#include <random>

#include "tests/support/exact.hpp"
#include "tests/support/op_runner.hpp"

using witin::Arithmetic;
using witin::CodeRange;
using witin::Shape;
using witin::signed_range;
using witin::test::Codes;
using witin::test::OpRunner;
namespace test = witin::test;

namespace {

OpRunner group_norm(Shape shape, std::vector<float> alpha, std::vector<float> beta, std::int64_t groups,
                    CodeRange codes = signed_range(8)) {
  OpRunner op("group_norm", Arithmetic::kWtm2101);
  op.input(std::move(shape), codes).attribute("groups", groups);
  op.tensor("alpha", {static_cast<std::int64_t>(alpha.size())}, alpha);
  return op.tensor("beta", {static_cast<std::int64_t>(beta.size())}, beta);
}

}  // namespace

TEST_CASE("group_norm: random maps and parameters, every grouping") {
  std::mt19937 random(11);
  std::uniform_real_distribution<float> uniform(-3, 3);
  constexpr std::size_t kC = 6, kH = 3, kW = 5;
  for (int round = 0; round < 40; ++round) {
    const std::size_t groups = std::vector<std::size_t>{1, 2, 3, 6}[static_cast<std::size_t>(round) % 4];
    const int spread = round % 3 == 0 ? 2 : 128;
    std::vector<float> alpha(kC), beta(kC);
    for (std::size_t c = 0; c < kC; ++c) alpha[c] = uniform(random), beta[c] = uniform(random);
    Codes x(2 * kC * kH * kW);
    for (auto& code : x) code = static_cast<std::int32_t>(random() % static_cast<unsigned>(2 * spread)) - spread;
    const double scale_out = round % 2 == 0 ? 0.03125 : 0.0137;

    Codes expected(x.size());
    const std::size_t per_group = kC / groups;
    for (std::size_t frame = 0; frame < 2; ++frame) {
      for (std::size_t g = 0; g < groups; ++g) {
        std::vector<std::size_t> members;  // in memory order
        for (std::size_t w = 0; w < kW; ++w) {
          for (std::size_t h = 0; h < kH; ++h) {
            for (std::size_t c = 0; c < per_group; ++c)
              members.push_back(((frame * kC + g * per_group + c) * kH + h) * kW + w);
          }
        }
        std::int64_t sum = 0;
        for (const auto i : members) sum += x[i];
        const auto count = static_cast<double>(members.size());
        const float mean = test::f32_div(static_cast<double>(sum), count);
        float squares = 0;
        for (const auto i : members) {
          const float d = test::f32_add(x[i], -static_cast<double>(mean));
          squares = std::fma(d, d, squares);
        }
        const float variance = test::f32_add(test::f32_div(squares, count), test::f32(1e-7));
        const float inverse = test::f32_div(1, test::f32(std::sqrt(static_cast<double>(variance))));
        for (const auto i : members) {
          const std::size_t c = i / (kH * kW) % kC;
          const float d = test::f32_mul(test::f32_add(x[i], -static_cast<double>(mean)), inverse);
          const auto y = static_cast<int>(test::f32_div(std::fma(d, alpha[c], beta[c]), test::f32(scale_out)));
          expected[i] = ((y + 128) % 256 + 256) % 256 - 128;
        }
      }
    }
    OpRunner op = group_norm({kC, kH, kW}, alpha, beta, static_cast<std::int64_t>(groups));
    CHECK(*op.attribute("scale_out", scale_out).run({x}) == expected);
  }
}

TEST_CASE("group_norm: equal codes leave beta; large outputs wrap") {
  CHECK(*group_norm({1, 1, 3}, {2.0F}, {7.9F}, 1).run({Codes{5, 5, 5}}) == Codes{7, 7, 7});
  CHECK(*group_norm({1, 1, 2}, {300.0F}, {0.0F}, 1).run({Codes{-1, 1}}) == Codes{-44, 44});  // -300 and 300
}

TEST_CASE("group_norm: refusals") {
  CHECK(group_norm({4, 1, 1}, std::vector<float>(4), std::vector<float>(4), 3).refusal() == "attribute.value");
  CHECK(group_norm({4, 1, 1}, std::vector<float>(4), std::vector<float>(4), 0).refusal() == "attribute.range");
  CHECK(group_norm({4, 1, 1}, std::vector<float>(3), std::vector<float>(4), 2).refusal() == "tensor.length");
  CHECK(group_norm({4, 1}, std::vector<float>(4), std::vector<float>(4), 2).refusal() == "node.shape");
  CHECK(group_norm({0, 1, 1}, {}, {}, 1).refusal() == "node.shape");
  CHECK(group_norm({1, 1, 1}, {INFINITY}, {0}, 1).refusal() == "tensor.range");
  CHECK(group_norm({1, 1, 1}, {0}, {NAN}, 1).refusal() == "tensor.range");
  CHECK(group_norm({1, 1, 1}, {1e10F}, {0}, 1).refusal() == "tensor.range");
  CHECK(group_norm({1, 1, 1}, {1.0F}, {0}, 1).attribute("scale_out", 1e-12).refusal() == "tensor.range");
}
