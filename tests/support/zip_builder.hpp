// Zip archives byte by byte, right by default, with every field open to being wrong.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/package/bytes.hpp"
#include "sim/package/digest.hpp"

namespace witin::test {

template <typename T>
std::string field(T value) {
  std::string out;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    out += static_cast<char>(static_cast<unsigned char>(static_cast<std::uint64_t>(value) >> (8 * i)));
  }
  return out;
}

struct ZipHeader {
  std::uint32_t signature = 0;
  std::string name;
  std::uint16_t needed = 20;
  std::uint16_t flags = 0;
  std::uint16_t method = 0;
  std::uint32_t time = 0x00210000;
  std::uint32_t crc = 0;
  std::uint32_t stored_size = 0;
  std::uint32_t size = 0;
  std::string extra;

  [[nodiscard]] std::string common() const {
    return field(needed) + field(flags) + field(method) + field(time) + field(crc) + field(stored_size) + field(size) +
           field(static_cast<std::uint16_t>(name.size())) + field(static_cast<std::uint16_t>(extra.size()));
  }
};

struct ZipPart {
  ZipPart(std::string name, std::string content) : data(std::move(content)) {
    local.name = std::move(name);
    local.signature = 0x04034b50;
    local.crc = package::crc32(package::as_bytes(data));
    local.stored_size = local.size = static_cast<std::uint32_t>(data.size());
    central = local;
    central.signature = 0x02014b50;
  }

  std::string data;
  ZipHeader local;
  ZipHeader central;
  std::uint16_t made_by = 3 << 8 | 20;
  std::uint16_t disk = 0;
  std::uint32_t attributes = 0100644U << 16;
  std::string comment;
  std::string before;      // bytes in front of the local header
  std::string descriptor;  // bytes after the data
  std::optional<std::uint32_t> offset;
};

struct ZipFile {
  std::vector<ZipPart> parts;
  std::string before_directory;
  std::string in_directory;  // after the last entry
  std::string comment;
  std::string after;
  std::optional<std::uint16_t> entries;
  std::optional<std::uint32_t> directory_size;
  std::optional<std::uint32_t> directory_offset;
  std::uint16_t disk = 0;
  bool zip64 = false;  // end records of zip64 with sentinels in the classic one

  ZipPart& operator[](std::string_view name) {
    for (ZipPart& part : parts) {
      if (part.central.name == name) return part;
    }
    std::abort();
  }

  [[nodiscard]] std::string bytes() const {
    std::string out;
    std::string directory;
    for (const ZipPart& part : parts) {
      out += part.before;
      const auto offset = part.offset.value_or(static_cast<std::uint32_t>(out.size()));
      out += field(part.local.signature) + part.local.common() + part.local.name + part.local.extra + part.data +
             part.descriptor;
      const ZipHeader& central = part.central;
      directory += field(central.signature) + field(part.made_by) + central.common() +
                   field(static_cast<std::uint16_t>(part.comment.size())) + field(part.disk) + field(std::uint16_t{0}) +
                   field(part.attributes) + field(offset) + central.name + central.extra + part.comment;
    }
    directory += in_directory;
    out += before_directory;
    const std::uint64_t offset = out.size();
    const auto count = static_cast<std::uint16_t>(parts.size());
    out += directory;
    if (zip64) {
      const std::uint64_t end = out.size();
      out += field(std::uint32_t{0x06064b50}) + field(std::uint64_t{44}) + field(std::uint16_t{45}) +
             field(std::uint16_t{45}) + field(std::uint32_t{0}) + field(std::uint32_t{0}) +
             field(std::uint64_t{count}) + field(std::uint64_t{count}) + field(std::uint64_t{directory.size()}) +
             field(offset);
      out += field(std::uint32_t{0x07064b50}) + field(std::uint32_t{0}) + field(end) + field(std::uint32_t{1});
    }
    const std::uint16_t shown = entries.value_or(zip64 ? std::uint16_t{0xffff} : count);
    out += field(std::uint32_t{0x06054b50}) + field(disk) + field(disk) + field(shown) + field(shown) +
           field(directory_size.value_or(zip64 ? 0xffffffff : static_cast<std::uint32_t>(directory.size()))) +
           field(directory_offset.value_or(zip64 ? 0xffffffff : static_cast<std::uint32_t>(offset))) +
           field(static_cast<std::uint16_t>(comment.size())) + comment;
    return out + after;
  }
};

}  // namespace witin::test
