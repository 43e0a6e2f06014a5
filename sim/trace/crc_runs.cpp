#include "sim/trace/crc_runs.hpp"

#include <zlib.h>

#include <iterator>

namespace witin::trace {

std::uint32_t combine_crc(std::uint32_t first, std::uint32_t second, std::uint64_t length) {
  return static_cast<std::uint32_t>(::crc32_combine(first, second, static_cast<z_off_t>(length)));
}

bool CrcRuns::add(std::uint64_t offset, std::uint64_t length, std::uint32_t crc) {
  if (length == 0) return true;
  const auto next = runs_.lower_bound(offset);
  if (next != runs_.end() && next->first - offset < length) return false;
  auto run = runs_.end();
  if (next != runs_.begin()) {
    const auto previous = std::prev(next);
    const std::uint64_t end = previous->first + previous->second.length;
    if (end > offset) return false;
    if (end == offset) {
      previous->second.crc = combine_crc(previous->second.crc, crc, length);
      previous->second.length += length;
      run = previous;
    }
  }
  if (run == runs_.end()) run = runs_.emplace_hint(next, offset, Run{length, crc});
  if (next != runs_.end() && next->first == run->first + run->second.length) {
    run->second.crc = combine_crc(run->second.crc, next->second.crc, next->second.length);
    run->second.length += next->second.length;
    runs_.erase(next);
  }
  return true;
}

std::optional<std::uint32_t> CrcRuns::whole(std::uint64_t length) const {
  if (length == 0) return runs_.empty() ? std::optional<std::uint32_t>(0) : std::nullopt;
  if (runs_.size() != 1) return std::nullopt;
  const auto& [offset, run] = *runs_.begin();
  return offset == 0 && run.length == length ? std::optional(run.crc) : std::nullopt;
}

}  // namespace witin::trace
