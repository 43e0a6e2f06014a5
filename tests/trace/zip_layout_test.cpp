// Archives beyond 4 GiB and beyond 65,535 members, without writing them: their headers at their places in a file of
// zeros, read by our reader and by Python.
#include "sim/trace/zip_layout.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

#include "sim/package/zip_reader.hpp"
#include "tests/support/temp_dir.hpp"

namespace {

using namespace witin;
using trace::ZipEntry;
using trace::ZipLayout;

// A sparse file that holds the headers of the layout.
void write_sparse(const std::filesystem::path& path, ZipLayout& layout) {
  const int fd = ::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  REQUIRE(fd >= 0);
  bool whole = true;
  const auto put = [&](std::uint64_t offset, const std::string& text) {
    whole &= ::pwrite(fd, text.data(), text.size(), static_cast<off_t>(offset)) == static_cast<ssize_t>(text.size());
  };
  for (const ZipEntry& entry : layout.entries()) {
    const std::string header = ZipLayout::local_header(entry);
    whole &= header.size() == entry.data_offset - entry.header_offset;
    put(entry.header_offset, header);
  }
  put(layout.directory_offset(), layout.directory());
  ::close(fd);
  CHECK(whole);
  CHECK(std::filesystem::file_size(path) == layout.size());
}

void check_read(const std::filesystem::path& path, ZipLayout& layout) {
  const auto file = package::File::open(path);
  REQUIRE(file.ok());
  const auto directory = package::read_zip_directory(*file, {.max_members = 100'000});
  REQUIRE_MESSAGE(directory.ok(), directory.error().line());
  CHECK(directory->size() == layout.entries().size());
  for (const ZipEntry& entry : layout.entries()) {
    const auto& member = directory->at(entry.name);
    const bool same = member.size == entry.size && member.data_offset == entry.data_offset &&
                      member.data_offset % 64 == 0 && member.crc == entry.crc;
    if (!same) FAIL_CHECK(entry.name);
  }
  const std::string script =
      "/usr/bin/python3 -c 'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); "
      "assert [(e.filename, e.file_size, e.header_offset) for e in z.infolist()] == "
      "[(a.split(\":\")[0], int(a.split(\":\")[1]), int(a.split(\":\")[2])) for a in sys.argv[2:]]' " +
      path.string();
  if (layout.entries().size() > 100) return;
  std::string line = script;
  for (const ZipEntry& entry : layout.entries()) {
    line += " " + entry.name + ":" + std::to_string(entry.size) + ":" + std::to_string(entry.header_offset);
  }
  CHECK(std::system(line.c_str()) == 0);
}

}  // namespace

TEST_CASE("members and offsets around 4 GiB") {
  constexpr std::uint64_t kLimit = 0xffffffff;
  const test::TempDir dir;
  const std::vector<std::vector<std::uint64_t>> cases{
      {kLimit - 1}, {kLimit}, {kLimit + 1}, {kLimit - 100, 5}, {kLimit - 1000, 5, 6}, {1, kLimit * 3, 2}, {1, 2, 3}};
  for (const auto& sizes : cases) {
    std::vector<ZipEntry> entries;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      ZipEntry entry;
      entry.name = "m" + std::to_string(i);
      entry.size = sizes[i];
      entry.crc = static_cast<std::uint32_t>(0x01020304 * (i + 1));
      entries.push_back(entry);
    }
    auto layout = ZipLayout::make(entries);
    REQUIRE(layout.has_value());
    const auto path = dir / "z.zip";
    write_sparse(path, *layout);
    check_read(path, *layout);
    std::filesystem::remove(path);
  }
}

TEST_CASE("more members than a classic end record can count") {
  const test::TempDir dir;
  for (const std::size_t count : {65'534U, 65'535U, 65'536U}) {
    std::vector<ZipEntry> entries(count);
    for (std::size_t i = 0; i < count; ++i) entries[i].name = "m" + std::to_string(i);
    auto layout = ZipLayout::make(std::move(entries));
    REQUIRE(layout.has_value());
    write_sparse(dir / "many.zip", *layout);
    check_read(dir / "many.zip", *layout);
    std::filesystem::remove(dir / "many.zip");
  }
}

TEST_CASE("sizes that overflow are noticed") {
  ZipEntry entry;
  entry.name = "m";
  entry.size = std::uint64_t{1} << 62;
  CHECK(!ZipLayout::make({entry}).has_value());
  entry.size = ~std::uint64_t{0};
  CHECK(!ZipLayout::make({entry}).has_value());
  entry.size = (std::uint64_t{1} << 62) - 1000;
  CHECK(ZipLayout::make({entry}).has_value());
  CHECK(!ZipLayout::make({entry, entry}).has_value());
}
