// The CRC-32 of an array whose blocks arrive in any order.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

namespace witin::trace {

// Keeps one CRC for each run of neighbouring blocks: as many as there are blocks in flight.
class CrcRuns {
 public:
  // False when the block overlaps one that is there already.
  [[nodiscard]] bool add(std::uint64_t offset, std::uint64_t length, std::uint32_t crc);

  // The CRC of [0, length) once all of it is there.
  [[nodiscard]] std::optional<std::uint32_t> whole(std::uint64_t length) const;

 private:
  struct Run {
    std::uint64_t length;
    std::uint32_t crc;
  };
  std::map<std::uint64_t, Run> runs_;  // by offset; never touching one another
};

// The CRC of two neighbouring parts; `length` is that of the second.
[[nodiscard]] std::uint32_t combine_crc(std::uint32_t first, std::uint32_t second, std::uint64_t length);

}  // namespace witin::trace
