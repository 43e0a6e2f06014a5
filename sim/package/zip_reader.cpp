#include "sim/package/zip_reader.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>
#include <vector>

#include "sim/package/bytes.hpp"
#include "sim/package/digest.hpp"
#include "sim/package/limits.hpp"

namespace witin::package {
namespace {

// Signatures and fixed lengths of APPNOTE.TXT 6.3.
constexpr std::uint32_t kLocalSignature = 0x04034b50;
constexpr std::uint32_t kCentralSignature = 0x02014b50;
constexpr std::uint32_t kDescriptorSignature = 0x08074b50;
constexpr std::uint32_t kEndSignature = 0x06054b50;
constexpr std::uint32_t kEnd64Signature = 0x06064b50;
constexpr std::uint32_t kLocator64Signature = 0x07064b50;
constexpr std::size_t kLocalBytes = 30;
constexpr std::size_t kCentralBytes = 46;
constexpr std::size_t kEndBytes = 22;
constexpr std::size_t kEnd64Bytes = 56;
constexpr std::size_t kLocator64Bytes = 20;

constexpr std::uint16_t kFlagEncrypted = 1U << 0;
constexpr std::uint16_t kFlagDescriptor = 1U << 3;
constexpr std::uint16_t kFlagStrongEncryption = 1U << 6;
constexpr std::uint16_t kFlagUtf8 = 1U << 11;
constexpr std::uint16_t kFlagMaskedHeaders = 1U << 13;
constexpr std::uint16_t kAllowedFlags = kFlagDescriptor | kFlagUtf8;

constexpr std::uint16_t kZip64Field = 0x0001;
// Extra fields that carry times, owners or padding. Any other could change what a reader sees (a second name, ...).
constexpr std::array<std::uint16_t, 8> kHarmlessFields{0x000a, 0x5455, 0x5855, 0x7855, 0x7875, 0xcafe, 0xd935, 0xa220};

constexpr std::uint32_t kSentinel32 = 0xffffffff;
constexpr std::uint16_t kSentinel16 = 0xffff;

Error zip_error(std::string code, std::string what, std::string where, std::string expected = {},
                std::string found = {}, std::string hint = {}) {
  return Error{"zip." + std::move(code), std::move(what),  std::move(where),
               std::move(expected),      std::move(found), std::move(hint)};
}

std::string at(std::uint64_t offset) { return "byte " + std::to_string(offset); }

struct Directory {
  std::uint64_t entries = 0;
  std::uint64_t size = 0;
  std::uint64_t offset = 0;
};

// The values that a zip64 end record and the classic one must agree on: equal, or the classic one's sentinel.
bool agrees(std::uint64_t classic, std::uint64_t sentinel, std::uint64_t value) {
  return classic == value || classic == sentinel;
}

// The position of the end record inside the tail of the file: the last signature whose comment ends with the file.
Result<std::size_t> find_end(std::span<const std::byte> tail, std::uint64_t tail_offset, bool starts_like_zip) {
  const std::string_view text = as_text(tail);
  static constexpr std::string_view kSignature{"PK\x05\x06", 4};
  std::size_t last = std::string_view::npos;
  for (std::size_t p = text.rfind(kSignature); p != std::string_view::npos;
       p = p == 0 ? std::string_view::npos : text.rfind(kSignature, p - 1)) {
    if (last == std::string_view::npos) last = p;
    if (tail.size() - p < kEndBytes) continue;
    const std::size_t comment = load<std::uint16_t>(tail, p + 20);
    if (comment != tail.size() - p - kEndBytes) continue;
    if (text.find(kSignature, p + kEndBytes) != std::string_view::npos) {
      return zip_error("ambiguous_end", "the comment of the end record contains another end record",
                       at(tail_offset + p));
    }
    return p;
  }
  if (last == std::string_view::npos) {
    if (!starts_like_zip) return zip_error("not_a_zip", "is not a zip file", "", "PK..", "no end record");
    return zip_error("truncated", "the file is truncated", at(tail_offset + tail.size()), "an end record",
                     "the end of the file", "copy or write it again");
  }
  if (tail.size() - last < kEndBytes || load<std::uint16_t>(tail, last + 20) > tail.size() - last - kEndBytes) {
    return zip_error("truncated", "the file is truncated inside its end record", at(tail_offset + last), "",
                     std::to_string(tail.size() - last) + " bytes", "copy or write it again");
  }
  const std::size_t used = last + kEndBytes + load<std::uint16_t>(tail, last + 20);
  return zip_error("trailing_data", "the file goes on after its end record", at(tail_offset + used),
                   "the end of the file", std::to_string(tail.size() - used) + " more bytes");
}

// Reads the zip64 records in front of the end record at `end`, when they are there.
Result<Directory> read_zip64_end(const ByteSource& file, std::uint64_t end, const Directory& classic, bool& present) {
  present = false;
  Directory directory = classic;
  if (end < kLocator64Bytes + kEnd64Bytes) return directory;
  std::array<std::byte, kLocator64Bytes + kEnd64Bytes> bytes{};
  const std::uint64_t start = end - bytes.size();
  if (Status status = file.read(start, bytes); !status) return std::move(status).error();
  const std::span<const std::byte> record(bytes.data(), kEnd64Bytes);
  const std::span<const std::byte> locator = std::span<const std::byte>(bytes).subspan(kEnd64Bytes);
  if (load<std::uint32_t>(locator, 0) != kLocator64Signature) return directory;
  present = true;
  if (load<std::uint32_t>(locator, 4) != 0 || load<std::uint64_t>(locator, 8) != start ||
      load<std::uint32_t>(locator, 16) > 1 || load<std::uint32_t>(record, 0) != kEnd64Signature ||
      load<std::uint64_t>(record, 4) != kEnd64Bytes - 12 || load<std::uint32_t>(record, 16) != 0 ||
      load<std::uint32_t>(record, 20) != 0 || load<std::uint64_t>(record, 24) != load<std::uint64_t>(record, 32)) {
    return zip_error("end_record", "the zip64 end record is not consistent", at(start));
  }
  directory = {load<std::uint64_t>(record, 32), load<std::uint64_t>(record, 40), load<std::uint64_t>(record, 48)};
  if (!agrees(classic.entries, kSentinel16, directory.entries) || !agrees(classic.size, kSentinel32, directory.size) ||
      !agrees(classic.offset, kSentinel32, directory.offset)) {
    return zip_error("end_record", "the two end records disagree", at(start));
  }
  return directory;
}

// The checked place of the central directory.
Result<Directory> read_end(const ByteSource& file, const ZipRules& rules) {
  const std::uint64_t size = file.size();
  if (size < 4) return zip_error("not_a_zip", "is not a zip file", "", "PK..", std::to_string(size) + " bytes");
  std::vector<std::byte> tail(
      static_cast<std::size_t>(std::min<std::uint64_t>(size, kEndBytes + limits::kCommentBytes)));
  const std::uint64_t tail_offset = size - tail.size();
  if (Status status = file.read(tail_offset, tail); !status) return std::move(status).error();
  Result<std::size_t> found = find_end(tail, tail_offset, looks_like_zip(file));
  if (!found) return std::move(found).error();

  const std::span<const std::byte> record = std::span<const std::byte>(tail).subspan(*found, kEndBytes);
  const std::uint64_t end = tail_offset + *found;
  if (load<std::uint16_t>(record, 4) != 0 || load<std::uint16_t>(record, 6) != 0 ||
      load<std::uint16_t>(record, 8) != load<std::uint16_t>(record, 10)) {
    return zip_error("multi_disk", "archives of several parts are not supported", at(end));
  }
  const Directory classic{load<std::uint16_t>(record, 10), load<std::uint32_t>(record, 12),
                          load<std::uint32_t>(record, 16)};
  bool zip64 = false;
  Result<Directory> result = read_zip64_end(file, end, classic, zip64);
  if (!result) return result;
  const Directory& directory = *result;
  if (directory.entries > rules.max_members || directory.size > limits::kDirectoryBytes) {
    return zip_error("too_many_members", "the archive is too large", at(end),
                     "at most " + std::to_string(rules.max_members) + " members, directory of " +
                         std::to_string(limits::kDirectoryBytes) + " bytes",
                     std::to_string(directory.entries) + " members, " + std::to_string(directory.size) + " bytes");
  }
  const std::uint64_t directory_end = zip64 ? end - kLocator64Bytes - kEnd64Bytes : end;
  if (directory.offset > directory_end || directory.size != directory_end - directory.offset) {
    return zip_error("end_record", "the central directory does not end where its end record begins", at(end),
                     "a directory that ends at " + at(directory_end),
                     std::to_string(directory.size) + " bytes from " + at(directory.offset));
  }
  return result;
}

struct Extras {
  std::span<const std::byte> zip64;  // payload
  bool has_zip64 = false;
};

Result<Extras> read_extras(std::span<const std::byte> bytes, std::string_view name) {
  Extras extras;
  while (!bytes.empty()) {
    if (bytes.size() < 4 || load<std::uint16_t>(bytes, 2) > bytes.size() - 4) {
      return zip_error("extra_field", "the extra fields of a header are cut off", std::string(name));
    }
    const std::uint16_t id = load<std::uint16_t>(bytes, 0);
    const std::size_t length = load<std::uint16_t>(bytes, 2);
    if (id == kZip64Field) {
      if (extras.has_zip64) return zip_error("extra_field", "two zip64 fields in one header", std::string(name));
      extras = {bytes.subspan(4, length), true};
    } else if (std::ranges::find(kHarmlessFields, id) == kHarmlessFields.end()) {
      return zip_error("extra_field", "a header has an extra field that may change its meaning", std::string(name),
                       "times, owners, padding or zip64", "field " + std::to_string(id));
    }
    bytes = bytes.subspan(4 + length);
  }
  return extras;
}

// Gives the fields that hold the 32-bit sentinel their 64-bit values. The zip64 field holds these and no others, or a
// value for every field (as numpy.savez writes it); then values of fields without the sentinel must agree.
Status apply_zip64(const Extras& extras, std::span<std::uint64_t* const> fields, std::string_view name) {
  const bool complete = extras.zip64.size() == 8 * fields.size();
  std::size_t used = 0;
  for (std::uint64_t* field : fields) {
    if (!complete && *field != kSentinel32) continue;
    if (extras.zip64.size() < used + 8) {
      return zip_error("zip64", "a zip64 size or offset is missing", std::string(name));
    }
    const auto value = load<std::uint64_t>(extras.zip64, used);
    if (!agrees(*field, kSentinel32, value)) {
      return zip_error("zip64", "a zip64 size or offset disagrees with its header", std::string(name),
                       std::to_string(*field), std::to_string(value));
    }
    *field = value;
    used += 8;
  }
  if (used != extras.zip64.size()) {
    return zip_error("zip64", "the zip64 field does not match its header", std::string(name),
                     std::to_string(used) + " bytes", std::to_string(extras.zip64.size()) + " bytes");
  }
  return {};
}

Status check_name(std::string_view name, std::uint64_t offset) {
  const auto odd = [](char c) { return c <= ' ' || c > '~' || c == '\\'; };  // also where char is unsigned
  bool bad =
      name.empty() || name.size() > limits::kMemberNameBytes || name.back() == '/' || std::ranges::any_of(name, odd);
  for (std::size_t begin = 0; !bad && begin <= name.size();) {
    const std::size_t end = std::min(name.find('/', begin), name.size());
    const std::string_view component = name.substr(begin, end - begin);
    bad = component == "." || component == "..";
    begin = end + 1;
  }
  if (!bad) return {};
  return zip_error("name", "a member has a name that is not allowed", at(offset),
                   "printable ASCII without \\ . .. or a final /",
                   "\"" + std::string(name.substr(0, limits::kMemberNameBytes)) + "\"");
}

// What the central directory says of a member; the local header must say the same.
struct Entry {
  std::string name;
  std::uint16_t flags = 0;
  std::uint16_t method = 0;
  std::uint32_t time = 0;  // DOS time and date
  std::uint32_t crc = 0;
  std::uint64_t size = 0;
  std::uint64_t header_offset = 0;
};

Status check_kind(const Entry& entry, std::uint64_t stored_size, std::uint16_t made_by, std::uint16_t needed,
                  std::uint32_t attributes, std::uint16_t disk) {
  if ((entry.flags & (kFlagEncrypted | kFlagStrongEncryption | kFlagMaskedHeaders)) != 0) {
    return zip_error("encrypted", "a member is encrypted", entry.name, "plain data", "");
  }
  if (entry.method != 0) {
    return zip_error("compressed", "a member is compressed", entry.name, "method 0 (stored)",
                     "method " + std::to_string(entry.method), "write it with zip -0 or numpy.savez");
  }
  if ((entry.flags & ~kAllowedFlags) != 0) {
    return zip_error("flags", "a member has flags that stored data cannot have", entry.name, "",
                     "flags " + std::to_string(entry.flags));
  }
  if ((needed & 0xff) > 63) {
    return zip_error("version", "a member needs a newer zip reader", entry.name, "at most 6.3",
                     std::to_string((needed & 0xff) / 10) + "." + std::to_string((needed & 0xff) % 10));
  }
  constexpr std::uint32_t kUnix = 3;
  constexpr std::uint32_t kTypeMask = 0170000;
  constexpr std::uint32_t kRegular = 0100000;
  constexpr std::uint32_t kDosSpecial = 0x08 | 0x10;  // volume label, directory
  const std::uint32_t type = (attributes >> 16) & kTypeMask;
  if ((made_by >> 8 == kUnix && type != 0 && type != kRegular) || (attributes & kDosSpecial) != 0) {
    return zip_error("not_regular", "a member is a link, directory or device", entry.name, "a regular file", "");
  }
  if (disk != 0) return zip_error("multi_disk", "archives of several parts are not supported", entry.name);
  if (stored_size != entry.size) {
    return zip_error("size", "a stored member has two sizes", entry.name, std::to_string(entry.size) + " bytes",
                     std::to_string(stored_size) + " bytes");
  }
  return {};
}

// Parses the entry at the front of `bytes` and removes it.
Result<Entry> read_central(std::span<const std::byte>& bytes, std::uint64_t offset) {
  if (bytes.size() < kCentralBytes || load<std::uint32_t>(bytes, 0) != kCentralSignature) {
    return zip_error("directory", "the central directory is damaged", at(offset), "an entry", "other bytes");
  }
  const std::size_t name_length = load<std::uint16_t>(bytes, 28);
  const std::size_t extra_length = load<std::uint16_t>(bytes, 30);
  const std::size_t comment_length = load<std::uint16_t>(bytes, 32);
  if (name_length + extra_length + comment_length > bytes.size() - kCentralBytes) {
    return zip_error("directory", "an entry of the central directory is cut off", at(offset));
  }
  Entry entry;
  entry.name = as_text(bytes.subspan(kCentralBytes, name_length));
  if (Status status = check_name(entry.name, offset); !status) return std::move(status).error();
  entry.flags = load<std::uint16_t>(bytes, 8);
  entry.method = load<std::uint16_t>(bytes, 10);
  entry.time = load<std::uint32_t>(bytes, 12);
  entry.crc = load<std::uint32_t>(bytes, 16);
  std::uint64_t stored_size = load<std::uint32_t>(bytes, 20);
  entry.size = load<std::uint32_t>(bytes, 24);
  entry.header_offset = load<std::uint32_t>(bytes, 42);
  Result<Extras> extras = read_extras(bytes.subspan(kCentralBytes + name_length, extra_length), entry.name);
  if (!extras) return std::move(extras).error();
  const std::array<std::uint64_t*, 3> fields{&entry.size, &stored_size, &entry.header_offset};
  if (Status status = apply_zip64(*extras, fields, entry.name); !status) return std::move(status).error();
  if (Status status = check_kind(entry, stored_size, load<std::uint16_t>(bytes, 4), load<std::uint16_t>(bytes, 6),
                                 load<std::uint32_t>(bytes, 38), load<std::uint16_t>(bytes, 34));
      !status) {
    return std::move(status).error();
  }
  bytes = bytes.subspan(kCentralBytes + name_length + extra_length + comment_length);
  return entry;
}

Error disagree(const Entry& entry, std::string_view field) {
  return zip_error("header_mismatch", "the two headers of a member disagree", entry.name, "",
                   "another " + std::string(field) + " in the local header");
}

// Sizes and CRC of a local header with a data descriptor may be left zero; the descriptor then follows the data.
Status check_descriptor(const ByteSource& file, const Entry& entry, std::uint64_t offset, std::uint64_t length) {
  std::array<std::byte, 24> bytes{};
  const bool has_signature = length == 16 || length == 24;
  const bool wide = length == 20 || length == 24;
  if (!has_signature && !wide && length != 12) {
    return zip_error("descriptor", "a data descriptor is missing or has a wrong length", entry.name,
                     "12, 16, 20 or 24 bytes", std::to_string(length) + " bytes");
  }
  const std::span<std::byte> used(bytes.data(), static_cast<std::size_t>(length));
  if (Status status = file.read(offset, used); !status) return status;
  const std::size_t skip = has_signature ? 4 : 0;
  const std::uint64_t stored = wide ? load<std::uint64_t>(bytes, skip + 4) : load<std::uint32_t>(bytes, skip + 4);
  const std::uint64_t size = wide ? load<std::uint64_t>(bytes, skip + 12) : load<std::uint32_t>(bytes, skip + 8);
  if ((has_signature && load<std::uint32_t>(bytes, 0) != kDescriptorSignature) ||
      load<std::uint32_t>(bytes, skip) != entry.crc || stored != entry.size || size != entry.size) {
    return zip_error("descriptor", "the data descriptor of a member disagrees with the directory", entry.name);
  }
  return {};
}

// Checks the local header of an entry whose bytes must end at `end`.
Result<ZipMember> read_local(const ByteSource& file, const Entry& entry, std::uint64_t end) {
  std::array<std::byte, kLocalBytes> header{};
  if (end < entry.header_offset || end - entry.header_offset < kLocalBytes) {
    return zip_error("overlap", "members overlap", entry.name, "a header of 30 bytes", "");
  }
  if (Status status = file.read(entry.header_offset, header); !status) return std::move(status).error();
  if (load<std::uint32_t>(header, 0) != kLocalSignature) {
    return zip_error("header_mismatch", "a member has no local header", entry.name, at(entry.header_offset), "");
  }
  const std::size_t name_length = load<std::uint16_t>(header, 26);
  const std::size_t extra_length = load<std::uint16_t>(header, 28);
  const std::uint64_t data_offset = entry.header_offset + kLocalBytes + name_length + extra_length;
  if (data_offset > end || entry.size > end - data_offset) {
    return zip_error("overlap", "a member reaches into the next one or into the directory", entry.name,
                     "at most " + std::to_string(end - std::min(end, data_offset)) + " bytes",
                     std::to_string(entry.size) + " bytes");
  }
  std::vector<std::byte> variable(name_length + extra_length);
  if (Status status = file.read(entry.header_offset + kLocalBytes, variable); !status) return std::move(status).error();
  if (as_text(std::span(variable).first(name_length)) != entry.name) return disagree(entry, "name");
  if (load<std::uint16_t>(header, 6) != entry.flags) return disagree(entry, "set of flags");
  if (load<std::uint16_t>(header, 8) != entry.method) return disagree(entry, "method");
  if (load<std::uint32_t>(header, 10) != entry.time) return disagree(entry, "time");

  const std::uint32_t crc = load<std::uint32_t>(header, 14);
  std::uint64_t stored = load<std::uint32_t>(header, 18);
  std::uint64_t size = load<std::uint32_t>(header, 22);
  Result<Extras> extras = read_extras(std::span<const std::byte>(variable).subspan(name_length), entry.name);
  if (!extras) return std::move(extras).error();
  const std::array<std::uint64_t*, 2> fields{&size, &stored};
  if (Status status = apply_zip64(*extras, fields, entry.name); !status) return std::move(status).error();
  const bool described = (entry.flags & kFlagDescriptor) != 0;
  const bool left_zero = described && crc == 0 && stored == 0 && size == 0;
  if (!left_zero) {
    if (crc != entry.crc) return disagree(entry, "CRC");
    if (stored != entry.size || size != entry.size) return disagree(entry, "size");
  }
  const std::uint64_t data_end = data_offset + entry.size;
  if (described) {
    if (Status status = check_descriptor(file, entry, data_end, end - data_end); !status) {
      return std::move(status).error();
    }
  } else if (data_end != end) {
    return zip_error("gap", "bytes between members belong to none of them", at(data_end), at(end), entry.name);
  }
  return ZipMember{entry.header_offset, data_offset, entry.size, entry.crc};
}

std::string folded(std::string_view name) {
  std::string out(name);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

Status check_duplicates(const std::vector<Entry>& entries, bool ignore_case) {
  std::set<std::string> seen;
  for (const Entry& entry : entries) {
    if (!seen.insert(ignore_case ? folded(entry.name) : entry.name).second) {
      return zip_error("duplicate_member", "two members have the same name", entry.name, "",
                       ignore_case ? "the same name, case ignored" : "");
    }
  }
  return {};
}

}  // namespace

bool looks_like_zip(const ByteSource& file) {
  std::array<std::byte, 4> start{};
  if (file.size() < start.size() || !file.read(0, start)) return false;
  const std::uint32_t signature = load<std::uint32_t>(start, 0);
  return signature == kLocalSignature || signature == kEndSignature;
}

Result<ZipDirectory> read_zip_directory(const ByteSource& file, const ZipRules& rules) {
  Result<Directory> place = read_end(file, rules);
  if (!place) return std::move(place).error();
  std::vector<std::byte> bytes(static_cast<std::size_t>(place->size));
  if (Status status = file.read(place->offset, bytes); !status) return std::move(status).error();

  std::vector<Entry> entries;
  std::span<const std::byte> rest(bytes);
  for (std::uint64_t i = 0; i < place->entries; ++i) {
    Result<Entry> entry = read_central(rest, place->offset + (bytes.size() - rest.size()));
    if (!entry) return std::move(entry).error();
    entries.push_back(std::move(entry).value());
  }
  if (!rest.empty()) {
    return zip_error("directory", "the central directory holds more than its members",
                     at(place->offset + (bytes.size() - rest.size())));
  }
  if (Status status = check_duplicates(entries, rules.ignore_case); !status) return std::move(status).error();

  std::ranges::stable_sort(entries, {}, &Entry::header_offset);
  if (!entries.empty() && entries.back().header_offset >= place->offset) {
    return zip_error("overlap", "a member begins in the directory or behind it", entries.back().name,
                     "before " + at(place->offset), at(entries.back().header_offset));
  }
  const std::uint64_t first = entries.empty() ? place->offset : entries.front().header_offset;
  if (first != 0) return zip_error("gap", "bytes before the first member belong to none", at(0), at(0), at(first));
  ZipDirectory directory;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const std::uint64_t end = i + 1 < entries.size() ? entries[i + 1].header_offset : place->offset;
    Result<ZipMember> member = read_local(file, entries[i], end);
    if (!member) return std::move(member).error();
    directory.emplace(std::move(entries[i].name), *member);
  }
  return directory;
}

Error crc_mismatch(std::string_view name, std::uint32_t expected, std::uint32_t found) {
  return zip_error("crc", "a member is damaged: its CRC does not hold", std::string(name), std::to_string(expected),
                   std::to_string(found), "copy or write the file again");
}

Status check_crc(const ByteSource& file, std::string_view name, const ZipMember& member) {
  std::vector<std::byte> block(static_cast<std::size_t>(std::min<std::uint64_t>(member.size, limits::kBlockBytes)));
  std::uint32_t crc = 0;
  for (std::uint64_t done = 0; done < member.size;) {
    const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(member.size - done, block.size()));
    const std::span<std::byte> part(block.data(), length);
    if (Status status = file.read(member.data_offset + done, part); !status) return status;
    crc = crc32(part, crc);
    done += length;
  }
  return crc == member.crc ? Status{} : Status{crc_mismatch(name, member.crc, crc)};
}

}  // namespace witin::package
