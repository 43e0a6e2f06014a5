#include <doctest/doctest.h>

#include <random>

#include "sim/kernels/isa.hpp"
#include "tests/support/exact.hpp"
#include "tests/support/random_codes.hpp"

using witin::Arithmetic;
using witin::CodeRange;
using witin::pn_range;
using witin::Shape;
using witin::signed_range;
using witin::test::Codes;
using witin::test::OpRunner;
using witin::test::random_codes;
namespace test = witin::test;

namespace {

OpRunner matmul(Shape a, Shape b, CodeRange codes = signed_range(8), Arithmetic arithmetic = Arithmetic::kWitinNn) {
  OpRunner op("matmul", arithmetic);
  op.input(std::move(a), codes).input(std::move(b), codes);
  return op;
}

OpRunner scaled(OpRunner op, double left, double right, double scale_y) {
  return op.attribute("scale_left", left).attribute("scale_right", right).attribute("scale_y", scale_y);
}

std::int64_t dot(const Codes& a, std::size_t first, const Codes& b, std::size_t start, std::size_t stride,
                 std::size_t k) {
  std::int64_t acc = 0;
  for (std::size_t i = 0; i < k; ++i) acc += std::int64_t{a[first + i]} * b[start + i * stride];
  return acc;
}

}  // namespace

TEST_CASE("matmul: exact accumulators, powers of two, any column count around the tile") {
  for (const std::size_t n : {1U, 63U, 64U, 65U, 130U}) {
    const std::size_t m = 3, k = 17, frames = 2;
    const Codes a = random_codes(frames * m * k, signed_range(8), 1);
    const Codes b = random_codes(frames * k * n, signed_range(8), 2);
    const auto columns = static_cast<std::int64_t>(n);
    const auto y = scaled(matmul({3, 17}, {17, columns}), 16, 64, 2).attribute("y_bits", std::int64_t{10}).run({a, b});
    REQUIRE(y.ok());
    REQUIRE(y->size() == frames * m * n);
    for (std::size_t i = 0; i < y->size(); ++i) {
      const std::size_t frame = i / (m * n), row = i / n % m, column = i % n;
      const std::int64_t acc = dot(a, (frame * m + row) * k, b, frame * k * n + column, n, k);
      REQUIRE((*y)[i] == test::clip_signed(test::half_even(acc, 512), 10));
    }
  }
}

TEST_CASE("matmul: every path, matrices that fill no vector, several to a frame") {
  for (const witin::kernels::Isa isa : witin::kernels::runnable_isas()) {
    CAPTURE(witin::kernels::name(isa));
    for (const std::size_t m : {1U, 5U, 13U}) {
      for (const std::size_t k : {1U, 2U, 7U, 65U}) {
        for (const std::size_t n : {1U, 4U, 15U, 16U, 33U, 64U, 130U}) {
          const std::size_t frames = 2, count = 2;
          const Codes a = random_codes(frames * count * m * k, signed_range(8), static_cast<unsigned>(m + k));
          const Codes b = random_codes(frames * count * k * n, witin::unsigned_range(8), static_cast<unsigned>(n));
          const Shape left{2, static_cast<std::int64_t>(m), static_cast<std::int64_t>(k)};
          OpRunner op("matmul", Arithmetic::kWitinNn);
          op.input(left, signed_range(8)).input({2, left[2], static_cast<std::int64_t>(n)}, witin::unsigned_range(8));
          const auto y = scaled(op.isa(isa), 16, 4, 1).attribute("y_bits", std::int64_t{16}).run({a, b});
          REQUIRE(y.ok());
          REQUIRE(y->size() == frames * count * m * n);
          for (std::size_t i = 0; i < y->size(); ++i) {
            const std::size_t matrix = i / (m * n), row = i / n % m, column = i % n;
            const std::int64_t acc = dot(a, (matrix * m + row) * k, b, matrix * k * n + column, n, k);
            REQUIRE((*y)[i] == test::clip_signed(test::half_even(acc, 64), 16));
          }
        }
      }
    }
  }
}

TEST_CASE("matmul: sums up to the ends of int32, and beyond") {
  for (const witin::kernels::Isa isa : witin::kernels::runnable_isas()) {
    CAPTURE(witin::kernels::name(isa));
    for (const std::int64_t k : {1, 2, 3, 8}) {  // 2^30 each
      const Codes row(static_cast<std::size_t>(k), -32768);
      const Codes columns(static_cast<std::size_t>(4 * k), -32768);
      const auto y = scaled(matmul({1, k}, {k, 4}, signed_range(16)).isa(isa), 1024, 1024, 1)
                         .attribute("y_bits", std::int64_t{16})
                         .run({row, columns});
      CHECK(*y == Codes(4, static_cast<std::int32_t>(1024 * k)));
    }
  }
}

TEST_CASE("matmul: any scales in float32 order; sums beyond 2^24 stay exact until they are rounded once") {
  const Codes a = random_codes(5 * 300, pn_range(16), 3);
  const Codes b = random_codes(300 * 4, pn_range(16), 4);
  const auto y = scaled(matmul({5, 300}, {300, 4}, pn_range(16)), 15.9, 1e7, 12.3)
                     .attribute("y_bits", std::int64_t{16})
                     .run({a, b});
  REQUIRE(y.ok());
  for (std::size_t i = 0; i < 20; ++i) {
    const std::int64_t acc = dot(a, i / 4 * 300, b, i % 4, 4, 300);
    const float v = test::f32_div(test::f32_div(test::f32(static_cast<double>(acc)), test::f32(15.9)), test::f32(1e7));
    CHECK((*y)[i] == test::clip_signed(test::nearest(test::f32_mul(v, test::f32(12.3))), 16));
  }
}

TEST_CASE("matmul: leading axes broadcast") {
  const Codes a{1, 2, 3, 4, 5, 6, 7, 8};  // [2, 2, 2]
  const Codes b{1, 0, 0, 1};              // [2, 2]
  CHECK(*scaled(matmul({2, 2, 2}, {2, 2}), 1, 1, 1).run({a, b}) == a);
  CHECK(*scaled(matmul({2, 2}, {2, 2, 2}), 1, 1, 1).run({b, a}) == a);
  CHECK(*scaled(matmul({2, 1, 1, 2}, {1, 2, 2, 1}), 1, 1, 1).run({{1, 2, 3, 4}, {1, 10, -1, -10}}) ==
        Codes{21, -21, 43, -43});
  CHECK((*scaled(matmul({2, 1, 1, 2}, {1, 2, 2, 1}), 1, 1, 1).prepare())->output().shape == Shape{2, 2, 1, 1});
}

TEST_CASE("matmul: with g the accumulator goes through the profile's array output") {
  const auto with_g = [](Arithmetic arithmetic) {
    return *matmul({1, 2}, {2, 4}, signed_range(8), arithmetic)
                .attribute("g", 1024)
                .run({{64, 1}, {8, 24, -12, -24, 0, 0, 0, 0}});
  };
  CHECK(with_g(Arithmetic::kWtm2101) == Codes{1, 2, -1, -1});  // 512, 1536, -768, -1536
  CHECK(with_g(Arithmetic::kWitinNn) == Codes{0, 2, -1, -2});
  CHECK(with_g(Arithmetic::kNb01) == Codes{0, 2, -1, -2});
}

TEST_CASE("matmul: refusals") {
  CHECK(scaled(matmul({2, 3}, {2, 3}), 1, 1, 1).refusal() == "node.shape");
  CHECK(scaled(matmul({3}, {3, 2}), 1, 1, 1).refusal() == "node.shape");
  CHECK(scaled(matmul({2, 2, 3}, {3, 3, 2}), 1, 1, 1).refusal() == "node.shape");
  CHECK(matmul({2, 3}, {3, 2}).refusal() == "attribute.missing");
  CHECK(scaled(matmul({2, 3}, {3, 2}), 1, 1, 1).attribute("g", 2).refusal() == "attribute.value");
  CHECK(matmul({2, 3}, {3, 2}).attribute("g", 0).refusal() == "attribute.range");
}
