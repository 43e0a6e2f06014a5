// Float32 steps and the roundings of doubles, against fused multiply-adds of the C library and 128-bit integers.
#include "sim/arith/float32.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

namespace arith = witin::arith;
using witin::signed_range;
using witin::unsigned_range;

namespace {

bool same(float a, float b) { return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b); }

void check_fma(float a, float b, float c) {
  const float expected = std::fma(a, b, c);
  const float found = arith::fma_f32(a, b, c);
  if (same(found, expected) || (std::isnan(expected) && std::isnan(found))) return;
  FAIL(a << " * " << b << " + " << c << " = " << found << ", not " << expected);
}

}  // namespace

TEST_CASE("fma_f32 rounds once: random floats of every magnitude") {
  std::mt19937_64 random(1);
  for (int i = 0; i < 2000000; ++i) {
    const std::uint64_t bits = random();
    check_fma(std::bit_cast<float>(static_cast<std::uint32_t>(bits)),
              std::bit_cast<float>(static_cast<std::uint32_t>(bits >> 32)),
              std::bit_cast<float>(static_cast<std::uint32_t>(random())));
  }
}

TEST_CASE("fma_f32 rounds once: sums next to the ties of float32, where rounding twice goes wrong") {
  std::mt19937_64 random(2);
  int twice_differs = 0;
  for (int i = 0; i < 2000000; ++i) {
    // c is large, a * b lies next to half a unit in the last place of c.
    const float c =
        std::ldexp(1.0F + std::ldexp(static_cast<float>(random() % (1U << 23)), -23), static_cast<int>(random() % 8));
    const float half = (std::nextafter(c, 1e30F) - c) / 2;
    const float a = 1.0F + std::ldexp(static_cast<float>(random() % 64), -23);
    const float b = half * (1.0F - std::ldexp(static_cast<float>(random() % 64), -24));
    for (const float sign : {1.0F, -1.0F}) {
      check_fma(a, sign * b, c);
      check_fma(a, sign * b, -c);
      const auto twice = static_cast<float>(static_cast<double>(a) * b * sign + c);
      twice_differs += same(twice, std::fma(a, sign * b, c)) ? 0 : 1;
    }
  }
  CHECK(twice_differs > 0);  // or the cases above prove nothing
}

TEST_CASE("fma_f32: zeros, subnormals, overflow, infinities") {
  const float small = std::numeric_limits<float>::denorm_min();
  const float large = std::numeric_limits<float>::max();
  const float infinite = std::numeric_limits<float>::infinity();
  const float values[] = {0.0F,      -0.0F, small, -small, 3 * small, 1.5e-23F,
                          -7.1e-24F, 1.0F,  -1.0F, large,  -large,    infinite};
  for (const float a : values) {
    for (const float b : values) {
      for (const float c : values) check_fma(a, b, c);
    }
  }
}

TEST_CASE("emit rounds the float product to even and clips") {
  CHECK(arith::emit(0.5F, 1, signed_range(8)) == 0);
  CHECK(arith::emit(1.5F, 1, signed_range(8)) == 2);
  CHECK(arith::emit(-2.5F, 1, signed_range(8)) == -2);
  CHECK(arith::emit(1e30F, 1e30F, signed_range(8)) == 127);
  CHECK(arith::emit(-1e30F, 1e30F, unsigned_range(9)) == 0);
  CHECK(arith::emit(0.1F, 5, signed_range(8)) == 0);  // f32(0.1) * 5 rounds to 0.5 in float32, above it in double
}

TEST_CASE("floor and round of doubles") {
  for (int quarter = -4000; quarter <= 4000; ++quarter) {
    const double x = quarter / 4.0;
    const auto down = static_cast<std::int64_t>(std::floor(x));
    CHECK(arith::floor(x) == down);
    CHECK(arith::round(x, arith::Rounding::kFloor) == down);
    CHECK(arith::round(x, arith::Rounding::kHalfUp) == static_cast<std::int64_t>(std::floor(x + 0.5)));
    CHECK(arith::round(x, arith::Rounding::kHalfEven) == static_cast<std::int64_t>(std::nearbyint(x)));
    CHECK(arith::round(x, arith::Rounding::kTrunc) == static_cast<std::int64_t>(std::trunc(x)));
    CHECK(arith::round(x, arith::Rounding::kHalfAway) == static_cast<std::int64_t>(std::round(x)));
  }
  CHECK(arith::round(0.49999999999999994, arith::Rounding::kHalfUp) == 1);  // the sum with 0.5 is rounded to 1
  CHECK(arith::floor(-1e300) == std::numeric_limits<std::int64_t>::min());
  CHECK(arith::floor(1e300) == std::numeric_limits<std::int64_t>::max());
  CHECK(arith::floor(std::numeric_limits<double>::quiet_NaN()) == 0);
}
