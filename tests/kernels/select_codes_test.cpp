// What of a code drives the array, on every path: every code of 14 bits, every selection, against the definition.
#include <doctest/doctest.h>

#include <cstdlib>
#include <numeric>

#include "tests/kernels/oracle.hpp"

using witin::Storage;
using witin::kernels::CodeSelection;
using witin::kernels::XFormat;
using witin::testing::Codes;

namespace {

std::int32_t expected(std::int32_t code, const CodeSelection& s) {
  if (code < 0 ? !s.negative : !s.positive) return 0;
  const std::int32_t part = std::abs(code) / (s.shift == 8 ? 256 : 1) % (s.mask + 1);
  return code < 0 && s.with_sign ? -part : part;
}

// Rows of 37 codes that lie apart, to rows farther apart.
void check(witin::kernels::Isa isa, const CodeSelection& selection, const Codes& codes, Storage from, XFormat format) {
  constexpr std::int64_t kCount = 37;
  constexpr std::int64_t kIn = 40;
  constexpr std::int64_t kOut = 51;
  const std::int64_t rows = std::ssize(codes) / kIn;
  const auto input = witin::testing::stored(codes, {from, 0});
  witin::kernels::Buffer output(static_cast<std::size_t>(rows * kOut) * size_of(format.storage));
  select_codes(isa, selection, {rows, kCount, kIn, kOut}, input.data(), from, format, output.data());
  for (std::int64_t i = 0; i < rows * kOut; ++i) {
    const auto got = [&]() -> std::int32_t {
      if (format.storage == Storage::kS8) return output.as<std::int8_t>()[i];
      if (format.storage == Storage::kU8) return output.as<std::uint8_t>()[i];
      return output.as<std::int16_t>()[i];
    }();
    const bool inside = i % kOut < kCount;
    const std::int32_t code = inside ? codes[static_cast<std::size_t>(i / kOut * kIn + i % kOut)] : 0;
    REQUIRE(got == (inside ? expected(code, selection) + format.offset : 0));
  }
}

}  // namespace

TEST_CASE("selected codes: parts, polarities and signs of every code, on every path") {
  for (const witin::kernels::Isa isa : witin::kernels::runnable_isas()) {
    CAPTURE(name(isa));
    for (const Storage from : {Storage::kS8, Storage::kU8, Storage::kS16, Storage::kS32}) {
      const std::int32_t lo = from == Storage::kS8 ? -128 : from == Storage::kU8 ? 0 : -8192;
      const std::int32_t hi = from == Storage::kS8 ? 127 : from == Storage::kU8 ? 255 : 8191;
      Codes codes(static_cast<std::size_t>(hi - lo + 1) / 40 * 40 + 40);
      for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = std::min(lo + static_cast<std::int32_t>(i), hi);
      for (const std::int32_t mask : {0x7fff, 255}) {
        for (const std::int32_t shift : {0, 8}) {
          for (const bool with_sign : {false, true}) {
            for (int taken = 1; taken < 4; ++taken) {
              const CodeSelection selection{shift, mask, (taken & 1) != 0, (taken & 2) != 0, with_sign};
              check(isa, selection, codes, from, {Storage::kS16, 0});
              if (mask == 255 && !with_sign) check(isa, selection, codes, from, {Storage::kU8, 0});
              if (mask == 255 && !with_sign) check(isa, selection, codes, from, {Storage::kS8, -128});
              if (shift == 8) check(isa, selection, codes, from, {Storage::kS8, 0});
            }
          }
        }
      }
    }
  }
}
