// SHA-256 and CRC-32 of bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "sim/package/byte_source.hpp"

namespace witin::package {

using Sha256 = std::array<unsigned char, 32>;
[[nodiscard]] Sha256 sha256_of(std::span<const std::byte> bytes) noexcept;

// The words between two blocks of a message (FIPS 180-4), and those before the first.
using Sha256State = std::array<std::uint32_t, 8>;
inline constexpr Sha256State kSha256Start{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                          0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
// Of a message whose first `before` bytes, whole blocks of 64, gave `state`, and that ends with `rest`.
[[nodiscard]] Sha256 sha256_of(std::span<const std::byte> rest, const Sha256State& state,
                               std::uint64_t before) noexcept;
[[nodiscard]] std::string hex(const Sha256& digest);  // lower case

// In lower-case hex.
[[nodiscard]] std::string sha256(std::span<const std::byte> bytes);
[[nodiscard]] Result<std::string> sha256(const ByteSource& file);  // in bounded memory

// The CRC of zip members; `crc` continues an earlier one.
[[nodiscard]] std::uint32_t crc32(std::span<const std::byte> bytes, std::uint32_t crc = 0);

}  // namespace witin::package
