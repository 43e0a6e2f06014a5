// avg_pool, max_pool, global_avg_pool: windows walked by the definition over a padded copy of the map.
#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <random>

#include "tests/support/exact.hpp"
#include "tests/support/op_runner.hpp"

using witin::Arithmetic;
using witin::CodeRange;
using witin::Shape;
using witin::signed_range;
using witin::unsigned_range;
using witin::test::all_codes;
using witin::test::Codes;
using witin::test::OpRunner;
namespace test = witin::test;

namespace {

using List = std::vector<std::int64_t>;

OpRunner pool(const char* op, Shape shape, CodeRange codes, List kernel) {
  OpRunner runner(op, Arithmetic::kWtm2101);
  return runner.input(std::move(shape), codes).attribute("kernel", std::move(kernel));
}

Codes random_codes(std::size_t count, CodeRange range, unsigned seed) {
  std::mt19937 random(seed);
  Codes codes(count);
  for (auto& code : codes)
    code = range.lo + static_cast<std::int32_t>(random() % static_cast<unsigned>(range.hi - range.lo + 1));
  return codes;
}

// The microcontroller's conversion: add a half, cut off, keep eight bits.
std::int32_t rescaled(std::int64_t a, double scale_in, double scale_out) {
  const float scaled = test::f32_div(test::f32_mul(static_cast<double>(a), test::f32(scale_in)), test::f32(scale_out));
  const auto whole = static_cast<std::int64_t>(std::trunc(static_cast<double>(test::f32_add(scaled, 0.5))));
  return static_cast<std::int32_t>(((whole + 128) % 256 + 256) % 256 - 128);
}

struct Geometry {
  std::int64_t c, h, w;
  std::array<std::int64_t, 2> kernel, strides;
  std::array<std::int64_t, 4> pads;

  // Calls f(codes inside the map) for every window of one channel map after the other.
  template <typename Function>
  void windows(const Codes& x, Function f) const {
    for (std::size_t first = 0; first < x.size(); first += static_cast<std::size_t>(h * w)) {
      for (std::int64_t top = -pads[0]; top + kernel[0] <= h + pads[2]; top += strides[0]) {
        for (std::int64_t left = -pads[1]; left + kernel[1] <= w + pads[3]; left += strides[1]) {
          Codes inside;
          for (std::int64_t i = top; i < top + kernel[0]; ++i) {
            for (std::int64_t j = left; j < left + kernel[1]; ++j) {
              if (i < 0 || i >= h || j < 0 || j >= w) continue;
              inside.push_back(x[first + static_cast<std::size_t>(i * w + j)]);
            }
          }
          f(inside);
        }
      }
    }
  }

  OpRunner runner(const char* op, CodeRange codes) const {
    OpRunner made = pool(op, {c, h, w}, codes, {kernel.begin(), kernel.end()});
    return made.attribute("strides", List(strides.begin(), strides.end()))
        .attribute("pads", List(pads.begin(), pads.end()));
  }
};

const std::vector<Geometry> kGeometries{
    {2, 6, 6, {2, 2}, {2, 2}, {0, 0, 0, 0}}, {3, 7, 8, {3, 2}, {2, 2}, {1, 0, 1, 0}},
    {1, 5, 5, {3, 3}, {1, 1}, {2, 2, 2, 2}}, {2, 4, 9, {4, 1}, {1, 3}, {3, 0, 0, 0}},
    {1, 1, 1, {1, 1}, {1, 1}, {0, 0, 0, 0}}, {1, 3, 4, {5, 6}, {9, 9}, {1, 2, 1, 0}},
};

}  // namespace

TEST_CASE("max_pool: the largest code inside the map, exact with equal scales") {
  for (const Geometry& geometry : kGeometries) {
    for (const CodeRange codes : {signed_range(8), unsigned_range(8), signed_range(12)}) {
      const Codes x = random_codes(static_cast<std::size_t>(3 * geometry.c * geometry.h * geometry.w), codes, 1);
      Codes expected;
      Codes scaled;
      geometry.windows(x, [&](const Codes& inside) {
        expected.push_back(*std::ranges::max_element(inside));
        scaled.push_back(rescaled(expected.back(), 0.3, 0.7));
      });
      OpRunner op = geometry.runner("max_pool", codes);
      CHECK(*op.run({x}) == expected);
      CHECK(*op.attribute("scale_in", 0.25).attribute("scale_out", 0.25).run({x}) == expected);
      CHECK(*op.attribute("scale_in", 0.3).attribute("scale_out", 0.7).run({x}) == scaled);
    }
  }
}

TEST_CASE("avg_pool: the sum cut off toward zero, padding counted as zeros or not at all") {
  for (const Geometry& geometry : kGeometries) {
    for (const CodeRange codes : {signed_range(8), unsigned_range(8), signed_range(12)}) {
      const Codes x = random_codes(static_cast<std::size_t>(3 * geometry.c * geometry.h * geometry.w), codes, 2);
      for (const bool padding : {true, false}) {
        for (const auto& [in, out] : {std::pair{1.0, 1.0}, {0.3, 0.7}, {4.0, 0.5}}) {
          Codes expected;
          geometry.windows(x, [&, in = in, out = out](const Codes& inside) {
            std::int64_t sum = 0;
            for (const auto code : inside) sum += code;
            const std::int64_t count =
                padding ? geometry.kernel[0] * geometry.kernel[1] : static_cast<std::int64_t>(inside.size());
            expected.push_back(rescaled(sum / count, in, out));
          });
          OpRunner op = geometry.runner("avg_pool", codes).attribute("count_include_pad", padding);
          CHECK(*op.attribute("scale_in", in).attribute("scale_out", out).run({x}) == expected);
        }
      }
    }
  }
}

TEST_CASE("avg_pool: every code alone; a negative average becomes one more, 128 wraps") {
  const Codes x = all_codes(signed_range(12));
  Codes expected;
  for (const auto code : x) {
    const std::int32_t moved = code < 0 ? code + 1 : code;
    expected.push_back(((moved + 128) % 256 + 256) % 256 - 128);
  }
  CHECK(*pool("avg_pool", {1, 1, 1}, signed_range(12), {1, 1}).run({x}) == expected);
  CHECK(*pool("avg_pool", {1, 1, 2}, signed_range(8), {1, 2}).run({{-1, -2, 1, 2, -3, -3, -1, 0}}) ==
        Codes{0, 1, -2, 0});
}

TEST_CASE("global_avg_pool: one average a channel") {
  OpRunner op("global_avg_pool", Arithmetic::kWtm2101);
  op.input({2, 2, 3}, signed_range(8));
  CHECK(*op.run({{1, 2, 3, 4, 5, 6, -1, -2, -3, -4, -5, -6}}) == Codes{3, -2});
  CHECK(*op.attribute("scale_out", 0.5).run({{1, 2, 3, 4, 5, 6, -1, -2, -3, -4, -5, -6}}) == Codes{6, -5});
  CHECK((*op.prepare())->output().shape == Shape{2, 1, 1});
}

TEST_CASE("pools: refusals") {
  const auto refusal = [](Shape shape, List kernel, List strides, List pads) {
    OpRunner op = pool("max_pool", std::move(shape), signed_range(8), std::move(kernel));
    return op.attribute("strides", std::move(strides)).attribute("pads", std::move(pads)).refusal();
  };
  CHECK(refusal({1, 4, 4}, {0, 2}, {1, 1}, {0, 0, 0, 0}) == "attribute.range");
  CHECK(refusal({1, 4, 4}, {2, 2}, {1, 0}, {0, 0, 0, 0}) == "attribute.range");
  CHECK(refusal({1, 4, 4}, {2, 2}, {1, 1}, {0, 0, 0, -1}) == "attribute.range");
  CHECK(refusal({1, 4, 4}, {5, 2}, {1, 1}, {0, 0, 0, 0}) == "pool.kernel");
  CHECK(refusal({1, 4, 4}, {2, 7}, {1, 1}, {0, 1, 0, 1}) == "pool.kernel");
  CHECK(refusal({1, 4, 4}, {2, 2}, {1, 1}, {2, 0, 0, 0}) == "pool.pads");
  CHECK(refusal({1, 4, 4}, {2, 2}, {1, 1}, {0, 0, 0, 2}) == "pool.pads");
  CHECK(refusal({1, 4, 4}, {2}, {1, 1}, {0, 0, 0, 0}) == "attribute.count");
  CHECK(refusal({4, 4}, {2, 2}, {1, 1}, {0, 0, 0, 0}) == "node.shape");
  CHECK(refusal({1, 0, 4}, {1, 1}, {1, 1}, {0, 0, 0, 0}) == "node.shape");
  CHECK(pool("avg_pool", {1, 2, 2}, signed_range(8), {1, 1}).attribute("scale_in", 1e9).refusal() == "attribute.value");
  CHECK(OpRunner("avg_pool").input({1, 2, 2}, signed_range(8)).refusal() == "attribute.missing");
  CHECK(OpRunner("global_avg_pool").input({2}, signed_range(8)).refusal() == "node.shape");
}
