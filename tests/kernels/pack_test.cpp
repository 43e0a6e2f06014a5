// Weights packed from where they lie: every width, strided and unaligned rows, rows of zeros, against the definition.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>

#include "tests/kernels/oracle.hpp"

using witin::Storage;
using witin::kernels::PackedMatrix;
using witin::kernels::WeightRows;
using witin::testing::Codes;

namespace {

struct Laid {
  std::vector<std::byte> bytes;
  WeightRows rows;
};

// Row k begins at byte 1 + k * row_bytes; every seventh row is null where `holes`.
Laid lay(const Codes& w, std::int64_t k, std::int64_t n, Storage storage, std::int64_t step, bool holes) {
  Laid laid;
  laid.rows.storage = storage;
  laid.rows.step = step;
  laid.rows.columns = n;
  const std::size_t size = size_of(storage);
  const auto row_bytes = static_cast<std::size_t>(n * step) * size;
  laid.bytes.resize(1 + static_cast<std::size_t>(k) * row_bytes);
  for (std::int64_t row = 0; row < k; ++row) {
    std::byte* const first = laid.bytes.data() + 1 + static_cast<std::size_t>(row) * row_bytes;
    laid.rows.rows.push_back(holes && row % 7 == 3 ? nullptr : first);
    for (std::int64_t column = 0; column < n; ++column) {
      const std::int32_t value = w[static_cast<std::size_t>(row * n + column)];
      std::memcpy(first + static_cast<std::size_t>(column * step) * size, &value, size);  // little endian
    }
  }
  return laid;
}

void check(witin::kernels::Isa isa, std::int64_t k, std::int64_t n, std::int64_t segments, Storage storage,
           std::int64_t step, bool holes, std::mt19937& random) {
  const witin::CodeRange range = storage == Storage::kS16  ? witin::CodeRange{-275, 275}
                                 : storage == Storage::kU8 ? witin::unsigned_range(7)
                                                           : witin::signed_range(8);
  const witin::CodeRange x_range = witin::signed_range(8);
  const Codes x = witin::testing::random_codes(random, static_cast<std::size_t>(3 * k), x_range);
  Codes w = witin::testing::random_codes(random, static_cast<std::size_t>(k * n), range);
  const Codes bias = witin::testing::random_codes(random, static_cast<std::size_t>(n), {-9000, 9000});
  const Laid laid = lay(w, k, n, storage, step, holes);
  for (std::int64_t row = 0; holes && row < k; ++row) {
    for (std::int64_t column = 0; row % 7 == 3 && column < n; ++column)
      w[static_cast<std::size_t>(row * n + column)] = 0;
  }
  const auto packed =
      PackedMatrix::pack(witin::kernels::choose_operands(isa, x_range, range), laid.rows, n, segments, bias);
  const auto input = witin::testing::stored(x, packed.x_format());
  std::vector<std::int64_t> starts;
  for (std::int64_t s = 0; s < segments; ++s) starts.push_back(s * (k / segments));
  Codes out(static_cast<std::size_t>(3 * n));
  matmul(packed, {.x = input.data(), .count = 3, .stride = k, .segment_offsets = starts.data()}, nullptr,
         {.data = out.data(), .storage = Storage::kS32, .row_stride = n});
  const auto expected = witin::testing::matmul(x, w, bias, 3, k, n);
  REQUIRE(std::ranges::equal(out, expected));
}

}  // namespace

TEST_CASE("packed weights: rows that hold some of the columns") {
  std::mt19937 random(12);
  const std::int64_t k = 30;
  const std::int64_t each = 5;
  for (const witin::kernels::Isa isa : witin::kernels::runnable_isas()) {
    CAPTURE(name(isa));
    for (const std::int64_t n : {40, 15}) {
      const Codes own =
          witin::testing::random_codes(random, static_cast<std::size_t>(k * each), witin::signed_range(8));
      const Codes x = witin::testing::random_codes(random, static_cast<std::size_t>(3 * k), witin::unsigned_range(8));
      const Codes bias(static_cast<std::size_t>(n), 7);
      Laid laid = lay(own, k, each, Storage::kS8, 1, false);
      Codes w(static_cast<std::size_t>(k * n));
      for (std::int64_t row = 0; row < k; ++row) {
        const std::int64_t first = row % (n - each + 1);
        laid.rows.first_column.push_back(first);
        std::copy_n(own.begin() + row * each, each, w.begin() + row * n + first);
      }
      const auto packed =
          PackedMatrix::pack(witin::kernels::choose_operands(isa, witin::unsigned_range(8), witin::signed_range(8)),
                             laid.rows, n, 1, bias);
      const auto input = witin::testing::stored(x, packed.x_format());
      Codes out(static_cast<std::size_t>(3 * n));
      matmul(packed, {.x = input.data(), .count = 3, .stride = k}, nullptr,
             {.data = out.data(), .storage = Storage::kS32, .row_stride = n});
      const auto expected = witin::testing::matmul(x, w, bias, 3, k, n);
      REQUIRE(std::ranges::equal(out, expected));
    }
  }
}

TEST_CASE("packed weights: of every width, step and alignment, with rows of zeros, on every path") {
  std::mt19937 random(11);
  for (const witin::kernels::Isa isa : witin::kernels::runnable_isas()) {
    CAPTURE(name(isa));
    for (const Storage storage : {Storage::kS8, Storage::kU8, Storage::kS16}) {
      for (const std::int64_t step : {1, 9}) {
        for (const bool holes : {false, true}) {
          check(isa, 64, 48, 1, storage, step, holes, random);
          check(isa, 63, 50, 3, storage, step, holes, random);
          check(isa, 5, 7, 1, storage, step, holes, random);
        }
      }
    }
  }
}
