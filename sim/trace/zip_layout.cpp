// Records of APPNOTE.TXT 6.3.
#include "sim/trace/zip_layout.hpp"

#include <utility>

namespace witin::trace {
namespace {

constexpr std::uint64_t kAlignment = 64;
constexpr std::uint32_t kSentinel32 = 0xffffffff;
constexpr std::uint16_t kSentinel16 = 0xffff;
constexpr std::uint64_t kLocalBytes = 30;
constexpr std::uint64_t kLocalZip64Bytes = 20;
constexpr std::uint64_t kPaddingBytes = 6;                // smallest extra field 0xd935
constexpr std::uint16_t kUtf8Name = 0;                    // names are ASCII: no flag
constexpr std::uint16_t kDate = (0 << 9) | (1 << 5) | 1;  // 1980-01-01
constexpr std::uint32_t kRegularFile = 0100644U << 16;

template <typename T>
void put(std::string& out, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    out += static_cast<char>(static_cast<unsigned char>(static_cast<std::uint64_t>(value) >> (8 * i)));
  }
}

bool is_wide(std::uint64_t value) { return value >= kSentinel32; }

std::uint16_t version(bool zip64) { return zip64 ? 45 : 20; }

std::uint32_t narrow(std::uint64_t value) { return is_wide(value) ? kSentinel32 : static_cast<std::uint32_t>(value); }

// Bytes of the extra field that moves data from `offset` to the next multiple of 64.
std::uint64_t padding_for(std::uint64_t offset) {
  std::uint64_t padding = (kAlignment - offset % kAlignment) % kAlignment;
  if (padding != 0 && padding < kPaddingBytes) padding += kAlignment;
  return padding;
}

void put_common(std::string& out, const ZipEntry& entry, bool zip64) {
  put<std::uint16_t>(out, version(zip64));
  put<std::uint16_t>(out, kUtf8Name);
  put<std::uint16_t>(out, 0);  // stored
  put<std::uint16_t>(out, 0);  // time
  put<std::uint16_t>(out, kDate);
  put<std::uint32_t>(out, entry.crc);
  put<std::uint32_t>(out, narrow(entry.size));
  put<std::uint32_t>(out, narrow(entry.size));
  put<std::uint16_t>(out, static_cast<std::uint16_t>(entry.name.size()));
}

std::string central_header(const ZipEntry& entry) {
  std::string zip64;
  if (is_wide(entry.size)) {
    put<std::uint64_t>(zip64, entry.size);
    put<std::uint64_t>(zip64, entry.size);
  }
  if (is_wide(entry.header_offset)) put<std::uint64_t>(zip64, entry.header_offset);
  std::string out;
  put<std::uint32_t>(out, 0x02014b50);
  constexpr std::uint16_t kUnix = 3 << 8;
  put<std::uint16_t>(out, static_cast<std::uint16_t>(kUnix | version(!zip64.empty())));
  put_common(out, entry, !zip64.empty());
  put<std::uint16_t>(out, static_cast<std::uint16_t>(zip64.empty() ? 0 : zip64.size() + 4));
  put<std::uint16_t>(out, 0);  // comment
  put<std::uint16_t>(out, 0);  // disk
  put<std::uint16_t>(out, 0);  // internal attributes
  put<std::uint32_t>(out, kRegularFile);
  put<std::uint32_t>(out, narrow(entry.header_offset));
  out += entry.name;
  if (!zip64.empty()) {
    put<std::uint16_t>(out, 0x0001);
    put<std::uint16_t>(out, static_cast<std::uint16_t>(zip64.size()));
    out += zip64;
  }
  return out;
}

}  // namespace

std::optional<ZipLayout> ZipLayout::make(std::vector<ZipEntry> entries) {
  ZipLayout layout;
  layout.entries_ = std::move(entries);
  std::uint64_t offset = 0;
  for (ZipEntry& entry : layout.entries_) {
    entry.header_offset = offset;
    offset += kLocalBytes + entry.name.size() + (is_wide(entry.size) ? kLocalZip64Bytes : 0);
    offset += padding_for(offset);
    entry.data_offset = offset;
    // 2^40 bytes of headers are more than any number of members needs.
    if (entry.size > (std::uint64_t{1} << 62) - offset) return std::nullopt;
    offset += entry.size;
    if (offset > (std::uint64_t{1} << 62)) return std::nullopt;
  }
  layout.directory_offset_ = offset;
  layout.end_size_ = layout.directory().size();
  return layout;
}

std::string ZipLayout::local_header(const ZipEntry& entry) {
  const bool zip64 = is_wide(entry.size);
  const std::uint64_t unpadded = kLocalBytes + entry.name.size() + (zip64 ? kLocalZip64Bytes : 0);
  const std::uint64_t padding = entry.data_offset - entry.header_offset - unpadded;
  std::string out;
  put<std::uint32_t>(out, 0x04034b50);
  put_common(out, entry, zip64);
  put<std::uint16_t>(out, static_cast<std::uint16_t>((zip64 ? kLocalZip64Bytes : 0) + padding));
  out += entry.name;
  if (zip64) {
    put<std::uint16_t>(out, 0x0001);
    put<std::uint16_t>(out, 16);
    put<std::uint64_t>(out, entry.size);
    put<std::uint64_t>(out, entry.size);
  }
  if (padding != 0) {
    put<std::uint16_t>(out, 0xd935);
    put<std::uint16_t>(out, static_cast<std::uint16_t>(padding - 4));
    put<std::uint16_t>(out, static_cast<std::uint16_t>(kAlignment));
    out.append(static_cast<std::size_t>(padding - kPaddingBytes), '\0');
  }
  return out;
}

std::string ZipLayout::directory() const {
  std::string out;
  for (const ZipEntry& entry : entries_) out += central_header(entry);
  const std::uint64_t size = out.size();
  const std::uint64_t count = entries_.size();
  if (count >= kSentinel16 || is_wide(size) || is_wide(directory_offset_)) {
    const std::uint64_t end64 = directory_offset_ + size;
    put<std::uint32_t>(out, 0x06064b50);
    put<std::uint64_t>(out, 44);
    put<std::uint16_t>(out, static_cast<std::uint16_t>((3 << 8) | version(true)));
    put<std::uint16_t>(out, version(true));
    put<std::uint32_t>(out, 0);
    put<std::uint32_t>(out, 0);
    put<std::uint64_t>(out, count);
    put<std::uint64_t>(out, count);
    put<std::uint64_t>(out, size);
    put<std::uint64_t>(out, directory_offset_);
    put<std::uint32_t>(out, 0x07064b50);
    put<std::uint32_t>(out, 0);
    put<std::uint64_t>(out, end64);
    put<std::uint32_t>(out, 1);
  }
  const auto short_count = static_cast<std::uint16_t>(count >= kSentinel16 ? kSentinel16 : count);
  put<std::uint32_t>(out, 0x06054b50);
  put<std::uint16_t>(out, 0);
  put<std::uint16_t>(out, 0);
  put<std::uint16_t>(out, short_count);
  put<std::uint16_t>(out, short_count);
  put<std::uint32_t>(out, narrow(size));
  put<std::uint32_t>(out, narrow(directory_offset_));
  put<std::uint16_t>(out, 0);
  return out;
}

}  // namespace witin::trace
