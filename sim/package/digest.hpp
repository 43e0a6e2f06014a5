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
[[nodiscard]] std::string hex(const Sha256& digest);  // lower case

// In lower-case hex.
[[nodiscard]] std::string sha256(std::span<const std::byte> bytes);
[[nodiscard]] Result<std::string> sha256(const ByteSource& file);  // in bounded memory

// The CRC of zip members; `crc` continues an earlier one.
[[nodiscard]] std::uint32_t crc32(std::span<const std::byte> bytes, std::uint32_t crc = 0);

}  // namespace witin::package
