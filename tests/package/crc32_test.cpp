// The CRC of zip members against zlib, which the fast path does not use.
#include <doctest/doctest.h>
#include <zlib.h>

#include <random>
#include <vector>

#include "sim/package/crc32_clmul.hpp"
#include "sim/package/digest.hpp"

namespace {

TEST_CASE("package: crc32 is zlib's for every length, place and earlier crc") {
  if (!witin::package::has_clmul()) MESSAGE("skipped the fast path: this processor cannot multiply without carries");
  std::mt19937 random(1);
  std::vector<std::byte> bytes(5000);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  for (std::size_t length = 0; length < 4900; length += length < 300 ? 1 : 61) {
    const std::size_t place = random() % 64;
    const auto before = static_cast<std::uint32_t>(length % 3 == 0 ? 0 : random());
    const std::span<const std::byte> part(bytes.data() + place, length);
    const auto expected = ::crc32_z(before, reinterpret_cast<const unsigned char*>(part.data()), part.size());
    CHECK(witin::package::crc32(part, before) == static_cast<std::uint32_t>(expected));
  }
}

}  // namespace
