// Sources of bytes and digests of them, also where the bytes are not there.
#include "sim/package/byte_source.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include "sim/package/bytes.hpp"
#include "sim/package/digest.hpp"
#include "sim/package/limits.hpp"
#include "tests/support/temp_dir.hpp"

namespace {

using namespace witin;
using package::File;
using test::TempDir;
using test::write_text;

}  // namespace

TEST_CASE("byte sources: nothing outside them is read") {
  const std::string text = "0123456789";
  const package::MemorySource memory(package::as_bytes(text));
  const package::Section section(memory, 2, 5);
  std::array<std::byte, 3> three{};
  REQUIRE(section.read(2, three).ok());
  CHECK(package::as_text(three) == "456");
  CHECK(
      section.read(3, three).error().line() ==
      "byte 3: the file ended while it was read; expected 3 bytes more, found a file of 5 bytes (it was changed or is "
      "on a failing disk) [file.changed]");
  CHECK(memory.read(8, three).error().code == "file.changed");
  CHECK(memory.read(UINT64_MAX, three).error().code == "file.changed");
  CHECK(memory.read(10, {}).ok());
}

TEST_CASE("byte sources: a file that the system cannot read any more is an error") {
  const TempDir dir;
  write_text(dir / "a", "0123456789");
  const int next = ::dup(STDIN_FILENO);  // the number that the file will get
  REQUIRE(next >= 0);
  ::close(next);
  const Result<File> file = File::open(dir / "a");
  REQUIRE(file.ok());
  std::array<std::byte, 3> three{};
  REQUIRE(file->read(7, three).ok());
  CHECK(package::as_text(three) == "789");
  REQUIRE(::close(next) == 0);
  CHECK(file->read(7, three).error().line() == "byte 7: cannot be read; found Bad file descriptor [file.read]");
}

TEST_CASE("byte sources: a file that is assigned is the other one") {
  const TempDir dir;
  write_text(dir / "a", "first");
  write_text(dir / "b", "second");
  Result<File> a = File::open(dir / "a");
  Result<File> b = File::open(dir / "b");
  REQUIRE((a.ok() && b.ok()));
  *a = *std::move(b);
  std::array<std::byte, 6> bytes{};
  CHECK(a->size() == 6);
  REQUIRE(a->read(0, bytes).ok());
  CHECK(package::as_text(bytes) == "second");
}

TEST_CASE("digests: of a file in blocks as of its bytes at once") {
  const TempDir dir;
  constexpr std::size_t kBlock = package::limits::kBlockBytes;
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kBlock - 1, kBlock, kBlock + 1, 3 * kBlock}) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 7 % 251);
    write_text(dir / "a", text);
    const Result<File> file = File::open(dir / "a");
    REQUIRE(file.ok());
    const Result<std::string> digest = package::sha256(*file);
    REQUIRE(digest.ok());
    CHECK(*digest == package::sha256(package::as_bytes(text)));
  }
  // FIPS 180-2, appendix B.1
  write_text(dir / "abc", "abc");
  CHECK(*package::sha256(*File::open(dir / "abc")) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("digests: a file that shrinks has none") {
  const TempDir dir;
  write_text(dir / "a", std::string(1000, 'a'));
  const Result<File> file = File::open(dir / "a");
  REQUIRE(file.ok());
  std::filesystem::resize_file(dir / "a", 10);
  CHECK(package::sha256(*file).error().code == "file.changed");
}
