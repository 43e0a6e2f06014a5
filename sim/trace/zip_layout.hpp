// Where everything lies in a zip of STORED members whose sizes are known: equal members give equal bytes.
//
// Fixed timestamps (1980-01-01), no data descriptors, zip64 only where it is needed, every member's data at a multiple
// of 64 bytes (by an extra field 0xd935, which other readers skip).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace witin::trace {

struct ZipEntry {
  std::string name;
  std::uint64_t size = 0;
  std::uint32_t crc = 0;  // known at the end
  std::uint64_t header_offset = 0;
  std::uint64_t data_offset = 0;
};

class ZipLayout {
 public:
  // Fails (nothing) when the sizes overflow. Entries need name and size.
  [[nodiscard]] static std::optional<ZipLayout> make(std::vector<ZipEntry> entries);

  [[nodiscard]] std::vector<ZipEntry>& entries() { return entries_; }
  [[nodiscard]] std::uint64_t size() const { return directory_offset_ + end_size_; }
  [[nodiscard]] std::uint64_t directory_offset() const { return directory_offset_; }

  [[nodiscard]] static std::string local_header(const ZipEntry& entry);  // from header_offset to data_offset
  [[nodiscard]] std::string directory() const;                           // central directory and end records

 private:
  std::vector<ZipEntry> entries_;
  std::uint64_t directory_offset_ = 0;
  std::uint64_t end_size_ = 0;
};

}  // namespace witin::trace
