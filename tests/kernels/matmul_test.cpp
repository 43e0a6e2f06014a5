// Every path against the definition: random, adversarial and real shapes.
#include "sim/kernels/matmul.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "tests/kernels/oracle.hpp"

using witin::Arithmetic;
using witin::CodeRange;
using witin::Storage;
using witin::arith::OutputRule;
using witin::kernels::Buffer;
using witin::kernels::FusedRule;
using witin::kernels::Isa;
using witin::kernels::Output;
using witin::kernels::PackedMatrix;
using witin::kernels::Rows;
using witin::testing::Codes;

namespace {

struct Problem {
  std::int64_t m, k, n;
  CodeRange x_range, w_range;
};

std::int32_t element(const Buffer& buffer, Storage storage, std::size_t i) {
  if (storage == Storage::kS8) return buffer.as<std::int8_t>()[i];
  if (storage == Storage::kS16) return buffer.as<std::int16_t>()[i];
  return buffer.as<std::int32_t>()[i];
}

// All output forms of one problem on one path: raw accumulators and codes, row-major and transposed.
void check(Isa isa, const Problem& p, const Codes& x, const Codes& w, const Codes& bias) {
  INFO("isa ", std::string(name(isa)), " m ", p.m, " k ", p.k, " n ", p.n);
  const auto expected = witin::testing::matmul(x, w, bias, p.m, p.k, p.n);
  const auto weights = witin::testing::narrow(w);
  const PackedMatrix packed =
      PackedMatrix::pack(witin::testing::operands_of(isa, p.x_range, weights), weights, p.k, p.n, 1, bias);
  const Buffer input = witin::testing::stored(x, packed.x_format());
  const Rows rows{.x = input.data(), .count = p.m, .stride = p.k};
  const auto count = static_cast<std::size_t>(p.m * p.n);
  const double g = std::max(1.0, static_cast<double>(p.k) * 8);
  const auto chip = OutputRule::make({.arithmetic = Arithmetic::kWtm2101, .g = g});
  const auto even = OutputRule::make({.arithmetic = Arithmetic::kWitinNn, .g = g / 3, .y_bits = 12});
  const FusedRule fused_chip = FusedRule::make(*chip);
  const FusedRule fused_even = FusedRule::make(*even);
  struct Form {
    Storage storage;
    const FusedRule* fused;
    const OutputRule* rule;
  };
  for (const Form form : {Form{Storage::kS32, nullptr, nullptr}, Form{Storage::kS8, &fused_chip, &*chip},
                          Form{Storage::kS16, &fused_even, &*even}}) {
    for (const bool transposed : {false, true}) {
      const std::size_t guard = 16;
      Buffer out((count + guard) * size_of(form.storage));
      std::fill_n(out.data(), out.size(), std::byte{0x5a});
      witin::kernels::matmul(packed, rows, form.fused,
                             {.data = out.data(),
                              .storage = form.storage,
                              .row_stride = transposed ? 1 : p.n,
                              .column_stride = transposed ? p.m : 1});
      std::size_t different = 0;
      for (std::int64_t m = 0; m < p.m; ++m) {
        for (std::int64_t n = 0; n < p.n; ++n) {
          const std::int64_t acc = expected[static_cast<std::size_t>(m * p.n + n)];
          const auto at = static_cast<std::size_t>(transposed ? n * p.m + m : m * p.n + n);
          different += element(out, form.storage, at) != (form.rule == nullptr ? acc : form.rule->y(acc));
        }
      }
      CHECK(different == 0);
      for (std::size_t i = count * size_of(form.storage); i < out.size(); ++i) CHECK(out.data()[i] == std::byte{0x5a});
    }
  }
}

void check_random(Isa isa, const Problem& p, unsigned seed) {
  std::mt19937 random(seed);
  check(
      isa, p, witin::testing::random_codes(random, static_cast<std::size_t>(p.m * p.k), p.x_range),
      witin::testing::random_codes(random, static_cast<std::size_t>(p.k * p.n), p.w_range),
      seed % 3 == 0 ? Codes{} : witin::testing::random_codes(random, static_cast<std::size_t>(p.n), {-260096, 260096}));
}

const std::vector<CodeRange> kInputs{witin::unsigned_range(8), witin::signed_range(8),    witin::pn_range(8),
                                     witin::unsigned_range(9), witin::unsigned_range(12), witin::signed_range(12),
                                     witin::pn_range(12),      witin::unsigned_range(2)};
const std::vector<CodeRange> kWeights{witin::signed_range(8), {-275, 275}};

}  // namespace

TEST_CASE("matmul: every path, shape remainders of every kind") {
  unsigned seed = 0;
  for (const Isa isa : witin::kernels::runnable_isas()) {
    for (const std::int64_t m : {1, 2, 5, 6, 7, 13, 16, 33}) {
      for (const std::int64_t k : {1, 2, 3, 4, 7, 31, 64, 130}) {
        for (const std::int64_t n : {1, 3, 15, 16, 17, 32, 47, 64, 65, 130}) {
          ++seed;
          check_random(isa, {m, k, n, kInputs[seed % kInputs.size()], kWeights[seed / 7 % 2]}, seed);
        }
      }
    }
  }
}

TEST_CASE("matmul: extremes add up without wrapping or saturating on the way") {
  for (const Isa isa : witin::kernels::runnable_isas()) {
    for (const CodeRange x_range : kInputs) {
      for (const CodeRange w_range : kWeights) {
        const std::int64_t k = std::min<std::int64_t>(2048, 2147000000 / (std::max(-x_range.lo, x_range.hi) * 275L));
        const Problem p{7, k, 33, x_range, w_range};
        const auto xs = static_cast<std::size_t>(p.m * p.k);
        const auto ws = static_cast<std::size_t>(p.k * p.n);
        for (const std::int32_t x : {x_range.lo, x_range.hi}) {
          for (const std::int32_t w : {w_range.lo, w_range.hi}) check(isa, p, Codes(xs, x), Codes(ws, w), {});
        }
        Codes alternating(ws);
        for (std::size_t i = 0; i < ws; ++i) alternating[i] = i % 2 == 0 ? w_range.lo : w_range.hi;
        check(isa, p, Codes(xs, x_range.hi), alternating, {});
      }
    }
  }
}

TEST_CASE("matmul: rows of more steps than a table holds") {
  for (const Isa isa : witin::kernels::runnable_isas()) {
    for (const CodeRange x_range : {witin::unsigned_range(8), witin::unsigned_range(12)}) {
      check_random(isa, {5, 33001, 17, x_range, x_range.hi > 255 ? CodeRange{-15, 15} : witin::signed_range(8)}, 1);
    }
  }
}

TEST_CASE("matmul: sums on the ties of the output rules") {
  for (const Isa isa : witin::kernels::runnable_isas()) {
    // Column n of row m sums to a chosen multiple of g / 8 and its neighbours: w = 1 in one column, x spells the sum.
    const Problem p{64, 64, 48, witin::unsigned_range(8), witin::signed_range(8)};
    Codes x(static_cast<std::size_t>(p.m * p.k), 1);
    Codes w(static_cast<std::size_t>(p.k * p.n), 0);
    Codes bias(static_cast<std::size_t>(p.n));
    for (std::int64_t n = 0; n < p.n; ++n) {
      bias[static_cast<std::size_t>(n)] = static_cast<std::int32_t>((n - 24) * 64 * 3);
      w[static_cast<std::size_t>(n)] = 1;
    }
    for (std::int64_t m = 0; m < p.m; ++m) x[static_cast<std::size_t>(m * p.k)] = static_cast<std::int32_t>(m * 4);
    check(isa, p, x, w, bias);
  }
}

TEST_CASE("matmul: shapes of published networks") {
  unsigned seed = 100;
  for (const Isa isa : witin::kernels::runnable_isas()) {
    for (const auto& shape : {std::array<std::int64_t, 3>{3, 800, 256},
                              {3, 392, 384},
                              {2, 256, 256},
                              {1, 256, 393},
                              {1, 1024, 512},
                              {14, 128, 896},
                              {1, 2048, 100}}) {
      check_random(isa, {shape[0], shape[1], shape[2], witin::unsigned_range(8), witin::signed_range(8)}, ++seed);
    }
  }
}

TEST_CASE("matmul: more rows than stay in the cache, against many panels of columns") {
  unsigned seed = 200;
  for (const Isa isa : witin::kernels::runnable_isas()) {
    for (const auto& shape : {std::array<std::int64_t, 3>{59, 37, 272}, {101, 1001, 257}}) {
      check_random(isa, {shape[0], shape[1], shape[2], witin::unsigned_range(8), witin::signed_range(8)}, ++seed);
    }
  }
}

TEST_CASE("matmul: row tables, output tables and a second bias") {
  std::mt19937 random(3);
  const std::int64_t k = 37;
  const std::int64_t n = 21;
  const Codes x = witin::testing::random_codes(random, 50, witin::signed_range(8));
  const Codes w = witin::testing::random_codes(random, static_cast<std::size_t>(k * n), witin::signed_range(8));
  const std::vector<std::int64_t> starts{5, 0, 13, 5};
  const std::vector<std::int64_t> places{40, 0, 80, 120};
  const Codes bias = witin::testing::random_codes(random, static_cast<std::size_t>(n), {-1000, 1000});
  Codes gathered;
  for (const std::int64_t start : starts) gathered.insert(gathered.end(), x.begin() + start, x.begin() + start + k);
  const auto expected = witin::testing::matmul(gathered, w, bias, 4, k, n);
  for (const Isa isa : witin::kernels::runnable_isas()) {
    const PackedMatrix packed =
        PackedMatrix::pack(witin::testing::operands_of(isa, witin::signed_range(8), witin::testing::narrow(w)),
                           witin::testing::narrow(w), k, n, 1, {})
            .with_bias(bias);
    const Buffer input = witin::testing::stored(x, packed.x_format());
    std::vector<std::int32_t> out(160);
    witin::kernels::matmul(packed, {.x = input.data(), .count = 4, .offsets = starts.data()}, nullptr,
                           {.data = out.data(), .storage = Storage::kS32, .row_offsets = places.data()});
    for (std::size_t i = 0; i < 4 * static_cast<std::size_t>(n); ++i) {
      const auto un = static_cast<std::size_t>(n);
      REQUIRE(out[static_cast<std::size_t>(places[i / un]) + i % un] == expected[i]);
    }
  }
}
