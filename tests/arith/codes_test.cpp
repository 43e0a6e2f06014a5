// Bias rows, input split, table indices and the integer square root: exhaustive where the domain is small.
#include <doctest/doctest.h>

#include <numeric>
#include <vector>

#include "sim/arith/bias.hpp"
#include "sim/arith/isqrt.hpp"
#include "sim/arith/split.hpp"
#include "sim/arith/table.hpp"

namespace arith = witin::arith;

TEST_CASE("bias rows: every representable bias adds up and stays in range") {
  for (int count = 1; count <= arith::kMaxBiasRows; ++count) {
    std::vector<std::int32_t> rows(static_cast<std::size_t>(count));
    for (std::int64_t units = -128 * count; units <= 127 * count; ++units) {
      REQUIRE(arith::bias_fits(units, count));
      arith::split_bias(units, rows);
      REQUIRE(std::accumulate(rows.begin(), rows.end(), std::int64_t{0}) == units);
      for (const std::int32_t row : rows) REQUIRE((row >= -128 && row <= 127));
    }
    CHECK_FALSE(arith::bias_fits(-128 * count - 1, count));
    CHECK_FALSE(arith::bias_fits(127 * count + 1, count));
  }
  CHECK(arith::is_whole_bias(-256));
  CHECK_FALSE(arith::is_whole_bias(-129));
}

TEST_CASE("bias rows: the mapper's distribution") {
  const auto rows_of = [](std::int64_t units, std::size_t count) {
    std::vector<std::int32_t> rows(count);
    arith::split_bias(units, rows);
    return rows;
  };
  CHECK(rows_of(10, 4) == std::vector<std::int32_t>{3, 3, 3, 1});  // 2.5 rounds away from zero
  CHECK(rows_of(-10, 4) == std::vector<std::int32_t>{-3, -3, -3, -1});
  CHECK(rows_of(9, 4) == std::vector<std::int32_t>{2, 2, 2, 3});
  CHECK(rows_of(-77, 1) == std::vector<std::int32_t>{-77});
}

TEST_CASE("split: low and high parts of every 16-bit code") {
  for (int x = -65535; x <= 65535; ++x) {
    const arith::SplitCode code = arith::split_code(x);
    REQUIRE(code.low + code.high == x);
    REQUIRE(code.high % 256 == 0);
    REQUIRE(std::abs(code.low) <= 255);
    REQUIRE(std::abs(code.low) + std::abs(code.high) == std::abs(x));
  }
}

TEST_CASE("table indices") {
  CHECK(arith::code_index(-1, 256) == 255);
  CHECK(arith::code_index(-128, 256) == 128);
  CHECK(arith::code_index(300, 256) == 44);
  CHECK(arith::code_index(-2048, 4096) == 2048);
  for (int g = -512; g <= 511; ++g) {
    const int doubled = 2 * g < -512 ? -512 : 2 * g > 511 ? 511 : 2 * g;
    const int saturated = g < -128 ? -128 : g > 127 ? 127 : g;
    REQUIRE(arith::half_lsb_index(g, 1024) == static_cast<std::size_t>((doubled + 1024) % 1024));
    REQUIRE(arith::half_lsb_index(g, 256) == static_cast<std::size_t>((saturated + 256) % 256));
    REQUIRE(arith::half_lsb_index_saturated(g, 1024) == static_cast<std::size_t>((2 * saturated + 1024) % 1024));
  }
  CHECK(arith::table_index(arith::TableIndex::kHalfLsb, 256, 1024) == 511);
  CHECK(arith::table_index(arith::TableIndex::kCode, 256, 1024) == 256);
}

TEST_CASE("isqrt is the floor of the root") {
  for (std::uint64_t n = 0; n < 300000; ++n) {
    const std::uint64_t r = arith::isqrt(n);
    REQUIRE((r * r <= n && (r + 1) * (r + 1) > n));
  }
  for (std::uint64_t r = 1; r < 4294967295U; r = r * 3 / 2 + 1) {
    REQUIRE(arith::isqrt(r * r) == r);
    REQUIRE(arith::isqrt(r * r - 1) == r - 1);
    REQUIRE(arith::isqrt(r * r + 2 * r) == r);
  }
  CHECK(arith::isqrt(~std::uint64_t{0}) == 4294967295U);
}
