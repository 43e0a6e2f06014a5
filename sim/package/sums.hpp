// What tells whether members of a file are whole: SHA-256 and CRC-32 of each, by several threads where that is worth
// their start.
#pragma once

#include <span>
#include <vector>

#include "sim/package/digest.hpp"

namespace witin::package {

struct Sums {
  Sha256 sha256{};
  std::uint32_t crc32 = 0;
};

[[nodiscard]] std::vector<Sums> sums_of(std::span<const std::span<const std::byte>> members);

}  // namespace witin::package
