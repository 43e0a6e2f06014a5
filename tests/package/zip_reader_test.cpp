// One small archive for each thing the container refuses, and the legal variations of other writers.
#include "sim/package/zip_reader.hpp"

#include <doctest/doctest.h>

#include "sim/package/limits.hpp"
#include "tests/support/zip_builder.hpp"

namespace {

using namespace witin;
using package::MemorySource;
using package::ZipDirectory;
using package::ZipRules;
using test::field;
using test::ZipFile;
using test::ZipPart;

ZipFile two() {
  ZipFile file;
  file.parts.emplace_back("a.npy", "first");
  file.parts.emplace_back("b/c.npy", "second member");
  return file;
}

Result<ZipDirectory> read(const std::string& bytes, ZipRules rules = {.max_members = 100, .ignore_case = true}) {
  return package::read_zip_directory(MemorySource(package::as_bytes(bytes)), rules);
}

std::string code(const std::string& bytes) {
  const auto directory = read(bytes);
  return directory.ok() ? "" : directory.error().code;
}

std::string code(const ZipFile& file) { return code(file.bytes()); }

void set_sizes(ZipPart& part, std::uint32_t size) {
  for (test::ZipHeader* header : {&part.local, &part.central}) header->size = header->stored_size = size;
}

template <typename Edit>
std::string after(Edit edit) {
  ZipFile file = two();
  edit(file, file.parts[0], file.parts[1]);
  return code(file);
}

std::string zip64(std::initializer_list<std::uint64_t> values) {
  std::string out = field(std::uint16_t{1}) + field(static_cast<std::uint16_t>(values.size() * 8));
  for (const std::uint64_t value : values) out += field(value);
  return out;
}

}  // namespace

TEST_CASE("a stored zip is read: places, sizes and CRCs of its members") {
  const std::string bytes = two().bytes();
  const auto directory = read(bytes);
  REQUIRE_MESSAGE(directory.ok(), directory.error().line());
  REQUIRE(directory->size() == 2);
  const auto& member = directory->at("b/c.npy");
  CHECK(bytes.substr(member.data_offset, member.size) == "second member");
  CHECK(package::check_crc(MemorySource(package::as_bytes(bytes)), "b/c.npy", member).ok());
  CHECK(read(ZipFile{}.bytes()).ok());
}

TEST_CASE("what other writers do is read: descriptors, zip64, times, owners, comments") {
  const auto described = [](bool signature, bool wide, std::uint16_t flags) {
    ZipFile file = two();
    for (ZipPart& part : file.parts) {
      part.local.flags = part.central.flags = flags;
      part.descriptor = signature ? field(std::uint32_t{0x08074b50}) : "";
      part.descriptor += field(part.local.crc);
      const std::uint64_t size = part.data.size();
      part.descriptor += wide ? field(size) + field(size) : field(part.local.size) + field(part.local.size);
      part.local.crc = part.local.size = part.local.stored_size = 0;
    }
    return code(file);
  };
  for (const bool signature : {false, true}) {
    for (const bool wide : {false, true}) CHECK(described(signature, wide, 8) == "");
  }
  CHECK(described(true, false, 8 | 0x800) == "");
  CHECK(after([](ZipFile& file, ZipPart&, ZipPart&) { file.comment = "made by hand"; }) == "");
  CHECK(after([](ZipFile& file, ZipPart&, ZipPart&) { file.zip64 = true; }) == "");
  CHECK(after([](ZipFile& file, ZipPart&, ZipPart&) {  // Python keeps the classic values that fit
          file.zip64 = true;
          file.entries = 2;
        }) == "");
  CHECK(after([](ZipFile&, ZipPart& a, ZipPart&) {  // numpy.savez: zip64 in the local header only
          a.local.size = a.local.stored_size = 0xffffffff;
          a.local.extra = zip64({5, 5});
        }) == "");
  CHECK(after([](ZipFile&, ZipPart& a, ZipPart& b) {
          a.central.size = a.central.stored_size = 0xffffffff;
          a.central.extra = zip64({5, 5, 0});
          a.offset = 0xffffffff;
          b.local.extra = field(std::uint16_t{0x5455}) + field(std::uint16_t{5}) + "12345";
          b.central.extra = field(std::uint16_t{0x7875}) + field(std::uint16_t{0});
          b.comment = "of a member";
        }) == "");
  CHECK(after([](ZipFile&, ZipPart& a, ZipPart&) { a.made_by = 20, a.attributes = 0x20; }) == "");
}

TEST_CASE("not a zip, truncated, trailing data") {
  CHECK(code("") == "zip.not_a_zip");
  CHECK(code("PK") == "zip.not_a_zip");
  CHECK(code("{\"format\": \"witin.wpkg\", \"and so on\": true}") == "zip.not_a_zip");
  CHECK(code(two().bytes().substr(0, 60)) == "zip.truncated");
  const std::string commented = [] {
    ZipFile file = two();
    file.comment = "a comment";
    return file.bytes();
  }();
  CHECK(code(commented.substr(0, commented.size() - 1)) == "zip.truncated");
  CHECK(code(commented.substr(0, commented.size() - 20)) == "zip.truncated");
  CHECK(after([](ZipFile& file, ZipPart&, ZipPart&) { file.after = "x"; }) == "zip.trailing_data");
  CHECK(after([](ZipFile& file, ZipPart&, ZipPart&) { file.after.assign(100'000, 'x'); }) == "zip.truncated");
  CHECK(read(two().bytes() + "xyz").error().line() ==
        "byte 216: the file goes on after its end record; expected the end of the file, found 3 more bytes "
        "[zip.trailing_data]");
}

TEST_CASE("every truncation is refused") {
  ZipFile file = two();
  file.comment = "comment";
  const std::string bytes = file.bytes();
  REQUIRE(read(bytes).ok());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    INFO(length);
    CHECK(code(bytes.substr(0, length)) != "");
  }
}

TEST_CASE("two archives in one file are refused, whichever a reader would see") {
  CHECK(code(two().bytes() + two().bytes()) == "zip.end_record");
  ZipFile inner = two();
  ZipFile outer = two();
  outer.comment = inner.bytes();
  CHECK(code(outer) == "zip.end_record");
  outer.comment = std::string("PK\5\6", 4) + "not an end record";
  CHECK(code(outer) == "zip.ambiguous_end");
  // An end record inside a member's data is data.
  outer = two();
  outer.parts.emplace_back("inner.npy", inner.bytes());
  CHECK(code(outer) == "");
  // A directory offset that happens to have the value of the signature is not an end record.
  CHECK(after([](ZipFile& f, ZipPart&, ZipPart&) { f.directory_offset = 0x06054b50; }) == "zip.end_record");
}

TEST_CASE("end records must be consistent") {
  CHECK(after([](ZipFile& f, ZipPart&, ZipPart&) { f.entries = 1; }) == "zip.directory");
  CHECK(after([](ZipFile& f, ZipPart&, ZipPart&) { f.entries = 3; }) == "zip.directory");
  CHECK(after([](ZipFile& f, ZipPart&, ZipPart&) { f.entries = 101; }) == "zip.too_many_members");
  CHECK(after([](ZipFile& f, ZipPart&, ZipPart&) { f.disk = 1; }) == "zip.multi_disk");
  CHECK(after([](ZipFile& f, ZipPart&, ZipPart&) { f.directory_offset = 1; }) == "zip.end_record");
  CHECK(after([](ZipFile& f, ZipPart&, ZipPart&) { f.directory_offset = 0xffffffff; }) == "zip.end_record");
  CHECK(after([](ZipFile& f, ZipPart&, ZipPart&) { f.directory_size = 1; }) == "zip.end_record");
  CHECK(after([](ZipFile& f, ZipPart&, ZipPart&) { f.directory_size = 0xfffffffe; }) == "zip.too_many_members");
  CHECK(after([](ZipFile& f, ZipPart&, ZipPart&) { f.zip64 = true, f.entries = 1; }) == "zip.end_record");
  CHECK(after([](ZipFile& f, ZipPart&, ZipPart&) { f.zip64 = true, f.directory_size = 3; }) == "zip.end_record");
  // Every single field of the zip64 records.
  ZipFile file = two();
  file.zip64 = true;
  const std::string bytes = file.bytes();
  const std::size_t end64 = bytes.size() - 22 - 20 - 56;
  for (std::size_t i = end64; i < bytes.size() - 22; ++i) {
    const bool version = i >= end64 + 12 && i < end64 + 16;
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ 0x40);
    const std::size_t at = i - end64;
    INFO(at);
    CHECK((code(changed) == "") == version);
  }
}

TEST_CASE("encrypted, compressed, linked, odd or split members") {
  const auto flags = [](std::uint16_t value) {
    return after([=](ZipFile&, ZipPart& a, ZipPart&) { a.local.flags = a.central.flags = value; });
  };
  CHECK(flags(1) == "zip.encrypted");
  CHECK(flags(1 << 6) == "zip.encrypted");
  CHECK(flags(1 << 13) == "zip.encrypted");
  CHECK(flags(2) == "zip.flags");
  CHECK(flags(1 << 5) == "zip.flags");
  for (const std::uint16_t method : std::initializer_list<std::uint16_t>{1, 8, 12, 14, 93, 99}) {
    ZipFile file = two();
    file.parts[1].local.method = file.parts[1].central.method = method;
    const auto error = read(file.bytes()).error();
    CHECK(error.code == "zip.compressed");
    CHECK(error.where == "b/c.npy");
  }
  const auto attributes = [](std::uint32_t value) {
    return after([=](ZipFile&, ZipPart& a, ZipPart&) { a.attributes = value; });
  };
  CHECK(attributes(0120777U << 16) == "zip.not_regular");  // symbolic link
  CHECK(attributes(0040755U << 16) == "zip.not_regular");
  CHECK(attributes(0020666U << 16) == "zip.not_regular");
  CHECK(attributes(0x10) == "zip.not_regular");
  CHECK(attributes(0) == "");
  CHECK(after([](ZipFile&, ZipPart& a, ZipPart&) { a.disk = 1; }) == "zip.multi_disk");
  CHECK(after([](ZipFile&, ZipPart& a, ZipPart&) { a.central.needed = 100; }) == "zip.version");
  CHECK(after([](ZipFile&, ZipPart& a, ZipPart&) { a.central.stored_size = 4; }) == "zip.size");
}

TEST_CASE("names that are not allowed") {
  const auto named = [](const std::string& name) {
    ZipFile file;
    file.parts.emplace_back(name, "x");
    return code(file);
  };
  for (const char* name :
       {"", "a/", "..", "../a", "a/../b", "a/.", "./a", "a\\b", "a b", "a\nb", "caf\xc3\xa9", "\x7f"}) {
    INFO(std::string(name));
    CHECK(named(name) == "zip.name");
  }
  CHECK(named(std::string("a\0b", 3)) == "zip.name");
  for (const char* name : {"a", "/a/b.npy", "a//b", "a..b/...", "A-Za-z0-9_.:"}) CHECK(named(name) == "");
  const std::size_t limit = package::limits::kMemberNameBytes;
  CHECK(named(std::string(limit - 1, 'n')) == "");
  CHECK(named(std::string(limit, 'n')) == "");
  CHECK(named(std::string(limit + 1, 'n')) == "zip.name");
}

TEST_CASE("duplicate names, also when only case differs where a package asks for that") {
  ZipFile file = two();
  file.parts.emplace_back("a.npy", "third");
  CHECK(code(file) == "zip.duplicate_member");
  file.parts[2] = ZipPart("A.NPY", "third");
  CHECK(code(file) == "zip.duplicate_member");
  CHECK(read(file.bytes(), {.max_members = 100}).ok());
}

TEST_CASE("the two headers of a member must agree") {
  CHECK(after([](ZipFile&, ZipPart& a, ZipPart&) { a.local.signature = 0; }) == "zip.header_mismatch");
  CHECK(after([](ZipFile&, ZipPart& a, ZipPart&) { a.local.name = "x.npy"; }) == "zip.header_mismatch");
  CHECK(after([](ZipFile&, ZipPart& a, ZipPart&) { a.local.flags = 0x800; }) == "zip.header_mismatch");
  CHECK(after([](ZipFile&, ZipPart& a, ZipPart&) { a.local.method = 8; }) == "zip.header_mismatch");
  CHECK(after([](ZipFile&, ZipPart& a, ZipPart&) { a.local.time = 0; }) == "zip.header_mismatch");
  CHECK(after([](ZipFile&, ZipPart& a, ZipPart&) { a.local.crc ^= 1; }) == "zip.header_mismatch");
  CHECK(after([](ZipFile&, ZipPart& a, ZipPart&) { a.local.size = 4; }) == "zip.header_mismatch");
  CHECK(after([](ZipFile&, ZipPart& a, ZipPart&) { a.local.stored_size = 4; }) == "zip.header_mismatch");
  CHECK(after([](ZipFile&, ZipPart& a, ZipPart&) { a.central.signature = 0; }) == "zip.directory");
}

TEST_CASE("overlapping members, gaps and prefixes") {
  CHECK(after([](ZipFile&, ZipPart& a, ZipPart&) { set_sizes(a, 6); }) == "zip.overlap");
  CHECK(after([](ZipFile&, ZipPart& a, ZipPart&) { set_sizes(a, 0xfffffffe); }) == "zip.overlap");
  CHECK(after([](ZipFile&, ZipPart& a, ZipPart&) { set_sizes(a, 4); }) == "zip.gap");
  CHECK(after([](ZipFile&, ZipPart&, ZipPart& b) { set_sizes(b, 14); }) == "zip.overlap");
  CHECK(after([](ZipFile&, ZipPart&, ZipPart& b) { b.offset = 0; }) == "zip.overlap");
  CHECK(after([](ZipFile&, ZipPart&, ZipPart& b) { b.offset = 10; }) == "zip.overlap");
  CHECK(after([](ZipFile&, ZipPart&, ZipPart& b) { b.offset = 0xfffffffe; }) == "zip.overlap");
  CHECK(after([](ZipFile&, ZipPart&, ZipPart& b) { b.before = "hidden"; }) == "zip.gap");
  CHECK(after([](ZipFile&, ZipPart& a, ZipPart&) { a.before = "#!/bin/sh\n"; }) == "zip.gap");
  CHECK(after([](ZipFile& f, ZipPart&, ZipPart&) { f.before_directory = "hidden"; }) == "zip.gap");
  CHECK(after([](ZipFile& f, ZipPart&, ZipPart&) { f.in_directory = "hidden"; }) == "zip.directory");
  ZipFile empty;
  empty.before_directory = "hidden";
  CHECK(code(empty) == "zip.gap");
}

TEST_CASE("a bomb of members that share one piece of data is refused") {
  ZipFile file;
  const ZipPart kernel("a.npy", std::string(10'000, 'x'));
  file.parts.push_back(kernel);
  for (int i = 0; i < 50; ++i) {
    ZipPart quoted("q" + std::to_string(i), "");
    quoted.local = quoted.central = kernel.central;
    quoted.central.name = "q" + std::to_string(i);
    quoted.offset = 0;
    file.parts.push_back(quoted);
  }
  CHECK(code(file) == "zip.overlap");
}

TEST_CASE("descriptors, extra fields and zip64 values that do not fit") {
  const auto described = [](const std::string& descriptor) {
    return after([&](ZipFile&, ZipPart& a, ZipPart&) {
      a.local.flags = a.central.flags = 8;
      a.descriptor = descriptor;
    });
  };
  const std::string crc = field(ZipPart("a", "first").local.crc);
  const std::string five = field(std::uint32_t{5});
  CHECK(described(crc + five + five) == "");
  CHECK(described("") == "zip.descriptor");
  CHECK(described(crc + five) == "zip.descriptor");
  CHECK(described(crc + five + field(std::uint32_t{6})) == "zip.descriptor");
  CHECK(described(crc + field(std::uint32_t{6}) + five) == "zip.descriptor");
  CHECK(described(five + five + five) == "zip.descriptor");
  CHECK(described(field(std::uint32_t{0x08074b51}) + crc + five + five) == "zip.descriptor");

  const auto extra = [](const std::string& value, bool local) {
    return after([&](ZipFile&, ZipPart& a, ZipPart&) { (local ? a.local : a.central).extra = value; });
  };
  for (const bool local : {false, true}) {
    CHECK(extra(field(std::uint16_t{0x7075}) + field(std::uint16_t{0}), local) == "zip.extra_field");  // a second name
    CHECK(extra(field(std::uint16_t{0x9901}) + field(std::uint16_t{0}), local) == "zip.extra_field");  // encryption
    CHECK(extra("abc", local) == "zip.extra_field");
    CHECK(extra(field(std::uint16_t{0x5455}) + field(std::uint16_t{1}), local) == "zip.extra_field");
    CHECK(extra(zip64({}) + zip64({}), local) == "zip.extra_field");
    CHECK(extra(zip64({5}), local) == "zip.zip64");
    CHECK(extra(zip64({5, 5, 0, 0}), local) == "zip.zip64");
  }
  CHECK(extra(zip64({5, 6}), true) == "zip.zip64");
  CHECK(extra(zip64({6, 5}), true) == "zip.zip64");
  for (const bool local : {false, true}) {
    CHECK(extra(zip64({5, 5, 1}), local) == "zip.zip64");
  }
  CHECK(after([](ZipFile&, ZipPart& a, ZipPart&) { a.central.size = a.central.stored_size = 0xffffffff; }) ==
        "zip.zip64");
  CHECK(after([](ZipFile&, ZipPart& a, ZipPart&) {
          a.central.size = a.central.stored_size = 0xffffffff;
          a.central.extra = zip64({5});
        }) == "zip.zip64");
  CHECK(after([](ZipFile&, ZipPart& a, ZipPart&) {
          a.central.size = a.central.stored_size = 0xffffffff;
          a.central.extra = zip64({0xffffffffffffffff, 0xffffffffffffffff});
        }) == "zip.overlap");
}

TEST_CASE("the number of members is limited") {
  ZipFile file;
  for (int i = 0; i < 11; ++i) file.parts.emplace_back("m" + std::to_string(i), "");
  const std::string bytes = file.bytes();
  CHECK(read(bytes, {.max_members = 12}).ok());
  CHECK(read(bytes, {.max_members = 11}).ok());
  CHECK(read(bytes, {.max_members = 10}).error().code == "zip.too_many_members");
}

TEST_CASE("the size of the directory is limited") {
  constexpr std::size_t kEntry = 46 + 7;  // with a name of 7 bytes
  ZipFile file;
  std::size_t size = 0;
  for (int i = 0; size < package::limits::kDirectoryBytes; ++i) {
    file.parts.emplace_back("m" + std::to_string(100'000 + i), "");
    const std::size_t rest = package::limits::kDirectoryBytes - size - kEntry;
    file.parts.back().comment.assign(std::min<std::size_t>(rest < 65'535 + kEntry ? rest : 65'000, 65'535), 'c');
    size += kEntry + file.parts.back().comment.size();
  }
  REQUIRE(size == package::limits::kDirectoryBytes);
  const ZipRules rules{.max_members = file.parts.size()};
  CHECK(read(file.bytes(), rules).ok());
  file.parts.front().comment += 'c';
  CHECK(read(file.bytes(), rules).error().line() ==
        "byte " + std::to_string(file.bytes().size() - 22) + ": the archive is too large; expected at most " +
            std::to_string(rules.max_members) + " members, directory of 33554432 bytes, found " +
            std::to_string(rules.max_members) + " members, 33554433 bytes [zip.too_many_members]");
  file.parts.front().comment.resize(10);
  CHECK(read(file.bytes(), rules).ok());
}

TEST_CASE("a damaged member is noticed by its CRC") {
  std::string bytes = two().bytes();
  const auto directory = read(bytes);
  REQUIRE(directory.ok());
  const auto& member = directory->at("a.npy");
  bytes[member.data_offset] ^= 1;
  CHECK(package::check_crc(MemorySource(package::as_bytes(bytes)), "a.npy", member).error().code == "zip.crc");
}
