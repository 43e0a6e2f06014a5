// SHA-256 of many messages: several at a time in the lanes of vectors where that is faster, and by several threads
// where that is worth their start.
#pragma once

#include <span>
#include <vector>

#include "sim/package/digest.hpp"

namespace witin::package {

[[nodiscard]] std::vector<Sha256> sha256_of(std::span<const std::span<const std::byte>> messages);

}  // namespace witin::package
