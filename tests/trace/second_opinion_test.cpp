// Other programs read what we write, and we read what they write: NumPy, Python's zipfile, libzip.
#include <doctest/doctest.h>
#include <zip.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "sim/package/byte_source.hpp"
#include "sim/package/bytes.hpp"
#include "sim/package/limits.hpp"
#include "sim/package/zip_reader.hpp"
#include "sim/trace/trace_writer.hpp"
#include "tests/support/temp_dir.hpp"
#include "witin/input.hpp"

namespace {

using namespace witin;
using test::TempDir;

// Runs second_opinion.py and returns what it printed.
std::string python(const std::string& command, const std::filesystem::path& root) {
  const std::string line = "/usr/bin/python3 tests/trace/second_opinion.py " + command + " '" + root.string() + "'";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(line.c_str(), "r"), ::pclose);
  REQUIRE(pipe != nullptr);
  std::string out;
  for (int c = std::fgetc(pipe.get()); c != EOF; c = std::fgetc(pipe.get())) out += static_cast<char>(c);
  return out;
}

bool has_python() {
  if (std::system("/usr/bin/python3 -c 'import numpy' 2>/dev/null") == 0) return true;
  std::puts("skipped: no python3-numpy");
  return false;
}

template <typename T>
std::vector<T> ramp(std::size_t count) {
  std::vector<T> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<T>(i * 7 % 120);
  return values;
}

Package inputs(std::vector<Input> declared) {
  Package package;
  package.inputs = std::move(declared);
  return package;
}

void check_codes(FrameSource& source, std::size_t input, std::size_t elements) {
  std::vector<std::int16_t> codes(elements);
  const Status status = source.read(input, 0, source.frames(), Storage::kS16, codes.data());
  REQUIRE_MESSAGE(status.ok(), status.error().line());
  CHECK(codes == ramp<std::int16_t>(elements));
}

}  // namespace

TEST_CASE("what NumPy and zipfile write is read") {
  if (!has_python()) return;
  const TempDir dir;
  python("write", dir.path());
  int arrays = 0;
  for (const auto& entry : std::filesystem::directory_iterator(dir.path())) {
    if (entry.path().extension() != ".npy") continue;
    ++arrays;
    const std::string name = entry.path().filename().string();
    const Shape shape = name.find("_5_") != std::string::npos     ? Shape{5}
                        : name.find("_4x5_") != std::string::npos ? Shape{4, 5}
                                                                  : Shape{3, 1, 2};
    for (const bool several : {false, true}) {
      const Shape frame = several ? Shape(shape.begin() + 1, shape.end()) : shape;
      auto source = open_inputs(inputs({{.name = "in", .shape = frame}}), std::vector<InputFile>{{"", entry.path()}});
      REQUIRE_MESSAGE(source.ok(), source.error().line());
      CHECK((*source)->frames() == (several ? shape.front() : 1));
      check_codes(**source, 0, static_cast<std::size_t>(element_count(shape)));
    }
  }
  CHECK(arrays == 8 * 3 * 3);
  const Package package = inputs({{.name = "in", .shape = {2}}, {.name = "b/c", .shape = {}}});
  for (const char* archive : {"savez.npz", "pipe.npz", "appended.npz"}) {
    auto source = open_inputs(package, std::vector<InputFile>{{"", dir / archive}});
    REQUIRE_MESSAGE(source.ok(), source.error().line());
    check_codes(**source, 0, 8);
    check_codes(**source, 1, 4);
  }
  CHECK(open_inputs(package, std::vector<InputFile>{{"", dir / "compressed.npz"}}).error().code == "zip.compressed");
  const auto crowded = package::File::open(dir / "crowded.zip");
  REQUIRE(crowded.ok());
  const auto directory = package::read_zip_directory(*crowded, {.max_members = package::limits::kMembers});
  REQUIRE_MESSAGE(directory.ok(), directory.error().line());
  CHECK(directory->size() == 66'000);
}

TEST_CASE("what we write is read by NumPy, zipfile and libzip") {
  const TempDir dir;
  TraceInfo info;
  info.arithmetic = Arithmetic::kWtm2101;
  info.frames = 11;
  info.nodes = {{"/conv:1/x", "conv2d", {2, 3}, {{"npu_y", DType::kI8, {2, 3}}, {"npu_acc", DType::kI32, {2, 3}}}},
                {"fc", "linear", {}, {{"npu_y", DType::kI16, {}, 12}}}};
  auto writer = trace::TraceWriter::create(dir / "t.wtrace", info);
  REQUIRE(writer.ok());
  const auto bytes = ramp<std::int8_t>(66);
  const auto words = ramp<std::int32_t>(66);
  const auto halves = ramp<std::int16_t>(11);
  CHECK(writer->write(0, 0, 0, 11, bytes.data()).ok());
  CHECK(writer->write(0, 1, 0, 11, words.data()).ok());
  CHECK(writer->write(1, 0, 5, 6, halves.data() + 5).ok());
  CHECK(writer->write(1, 0, 0, 5, halves.data()).ok());
  REQUIRE(writer->finish().ok());
  auto npy = trace::FrameFile::create_npy(dir / "o.npy", {"", DType::kI16, {}}, 11);
  REQUIRE(npy.ok());
  CHECK(npy->write(0, 0, 11, halves.data()).ok());
  REQUIRE(npy->finish().ok());
  auto npz =
      trace::FrameFile::create_zip(dir / "o.npz", {}, {{"a.npy", DType::kI8, {6}}, {"b.npy", DType::kI32, {6}}}, 11);
  REQUIRE(npz.ok());
  CHECK(npz->write(0, 0, 11, bytes.data()).ok());
  CHECK(npz->write(1, 0, 11, words.data()).ok());
  REQUIRE(npz->finish().ok());
  // No frames, no nodes.
  auto none = trace::FrameFile::create_zip(dir / "none.npz", {}, {{"a.npy", DType::kI8, {6}}}, 0);
  REQUIRE((none.ok() && none->finish().ok()));
  auto empty = trace::FrameFile::create_zip(dir / "empty.npz", {}, {}, 5);
  REQUIRE((empty.ok() && empty->finish().ok()));
  if (has_python()) CHECK(python("read", dir.path()) == "7\n");

  for (const char* name : {"t.wtrace", "o.npz", "none.npz", "empty.npz"}) {
    int error = 0;
    zip_t* archive = ::zip_open((dir / name).c_str(), ZIP_RDONLY | ZIP_CHECKCONS, &error);
    INFO(std::string(name));
    REQUIRE(archive != nullptr);
    for (zip_int64_t i = 0; i < ::zip_get_num_entries(archive, 0); ++i) {
      zip_file_t* file = ::zip_fopen_index(archive, static_cast<zip_uint64_t>(i), 0);
      REQUIRE(file != nullptr);
      std::byte block[256];
      zip_int64_t got = 0;
      while ((got = ::zip_fread(file, block, sizeof(block))) > 0) {
      }
      CHECK(got == 0);  // -1: the CRC does not hold
      CHECK(::zip_fclose(file) == 0);
    }
    ::zip_discard(archive);
    const auto ours = package::File::open(dir / name);
    REQUIRE(ours.ok());
    const auto directory = package::read_zip_directory(*ours, {.max_members = 10});
    REQUIRE_MESSAGE(directory.ok(), directory.error().line());
    for (const auto& [member, place] : *directory) {
      CHECK(place.data_offset % 64 == 0);
      CHECK(package::check_crc(*ours, member, place).ok());
    }
  }
}

TEST_CASE("what libzip writes is read") {
  const TempDir dir;
  const std::string contents[] = {"first", "second member", ""};
  const char* names[] = {"a.npy", "b/c.npy", "empty"};
  for (const bool append : {false, true}) {  // the second time libzip changes the archive of the first
    int error = 0;
    zip_t* archive = ::zip_open((dir / "l.zip").c_str(), append ? 0 : ZIP_CREATE, &error);
    REQUIRE(archive != nullptr);
    for (int i = append ? 2 : 0; i < (append ? 3 : 2); ++i) {
      zip_source_t* source = ::zip_source_buffer(archive, contents[i].data(), contents[i].size(), 0);
      const zip_int64_t index = ::zip_file_add(archive, names[i], source, ZIP_FL_ENC_UTF_8);
      REQUIRE(index == i);
      REQUIRE(::zip_set_file_compression(archive, static_cast<zip_uint64_t>(index), ZIP_CM_STORE, 0) == 0);
    }
    REQUIRE(::zip_set_archive_comment(archive, "by libzip", 9) == 0);
    REQUIRE(::zip_close(archive) == 0);
    const auto file = package::File::open(dir / "l.zip");
    REQUIRE(file.ok());
    const auto directory = package::read_zip_directory(*file, {.max_members = 10});
    REQUIRE_MESSAGE(directory.ok(), directory.error().line());
    CHECK(directory->size() == (append ? 3 : 2));
    const std::string bytes = test::read_text(dir / "l.zip");
    for (int i = 0; i < (append ? 3 : 2); ++i) {
      const auto& member = directory->at(names[i]);
      CHECK(bytes.substr(member.data_offset, member.size) == contents[i]);
      CHECK(package::check_crc(*file, names[i], member).ok());
    }
  }
}
