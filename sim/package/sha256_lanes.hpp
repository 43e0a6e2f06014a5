// SHA-256 of four messages at a time, one in each lane of vectors, on processors with AVX-512 but without instructions
// for SHA-256: there a message alone is bound by its own chain of additions and rotations, at a third of the speed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace witin::package {

inline constexpr std::size_t kSha256Lanes = 4;
inline constexpr std::size_t kSha256Block = 64;  // bytes

// Word i of the state of each message: [i][lane].
using Sha256LaneStates = std::array<std::array<std::uint32_t, kSha256Lanes>, 8>;

// Whether this processor can, and gains by it.
[[nodiscard]] bool has_sha256_lanes();
// The next `blocks` blocks of each message. Only where has_sha256_lanes().
void sha256_lanes(Sha256LaneStates& states, std::array<const std::byte*, kSha256Lanes> at, std::size_t blocks);

}  // namespace witin::package
