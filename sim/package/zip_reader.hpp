// The directory of a zip whose members are all STORED, with every byte of the file accounted for.
//
// A file that passes has exactly one reading: the end record closes the file, the central directory touches it, the
// members touch each other from byte 0 to the directory, and each member's two headers agree. What other readers could
// see differently (prefixes, gaps, overlaps, second end records, alternative names, links) is refused.
// The codes are listed in sim/package/format.md.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "sim/package/byte_source.hpp"

namespace witin::package {

struct ZipMember {
  std::uint64_t header_offset = 0;
  std::uint64_t data_offset = 0;
  std::uint64_t size = 0;
  std::uint32_t crc = 0;
};

using ZipDirectory = std::map<std::string, ZipMember, std::less<>>;

struct ZipRules {
  std::size_t max_members = 0;
  bool ignore_case = false;  // names that differ only in case are duplicates
};

[[nodiscard]] bool looks_like_zip(const ByteSource& file);  // begins with a member or with an empty archive's end

// Memory: bounded by the central directory, which is bounded by the limits and by the file.
[[nodiscard]] Result<ZipDirectory> read_zip_directory(const ByteSource& file, const ZipRules& rules);

// Reads the whole member and compares its CRC (code zip.crc), in bounded memory.
[[nodiscard]] Status check_crc(const ByteSource& file, std::string_view name, const ZipMember& member);

[[nodiscard]] Error crc_mismatch(std::string_view name, std::uint32_t expected, std::uint32_t found);

}  // namespace witin::package
