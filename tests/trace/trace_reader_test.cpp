// Traces and arrays from anywhere: every refusal, and no crash whatever the bytes.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "sim/package/bytes.hpp"
#include "sim/package/npy.hpp"
#include "sim/trace/frame_file.hpp"
#include "sim/trace/trace_header.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/zip_builder.hpp"
#include "witin/trace.hpp"

namespace {

using namespace witin;
using test::TempDir;
using test::write_text;
using test::ZipFile;
using Json = nlohmann::ordered_json;

std::string npy(const Shape& shape, std::string_view data, DType dtype = DType::kI8) {
  return package::npy_header(dtype, shape) + std::string(data);
}

// Two frames of two nodes.
struct Builder {
  Json header = Json::parse(R"({
    "format": "witin.wtrace", "version": 1, "package": {"name": "small", "sha256": "00"}, "arithmetic": "witin_nn",
    "noise": {"model": "mbs", "levels": [1, 2.5, null, true]}, "seed": 7, "simulator": "x", "level": "full",
    "frames": 2,
    "nodes": [{"name": "a", "op": "linear", "shape": [3], "fields": ["npu_y", "npu_acc"], "bits": 8},
              {"name": "b/c", "op": "relu", "shape": [], "fields": ["npu_y"]}]})");
  std::vector<std::pair<std::string, std::string>> members{{"a/npu_y.npy", npy({2, 3}, "123456")},
                                                           {"a/npu_acc.npy", npy({2, 1}, "xxxxyyyy", DType::kI32)},
                                                           {"b/c/npu_y.npy", npy({2}, "78")}};

  [[nodiscard]] std::string bytes() const {
    ZipFile zip;
    if (!header.is_null()) zip.parts.emplace_back("trace.json", header.dump());
    for (const auto& [name, data] : members) zip.parts.emplace_back(name, data);
    return zip.bytes();
  }

  [[nodiscard]] Result<Trace> open(const TempDir& dir) const {
    write_text(dir / "t.wtrace", bytes());
    return Trace::open(dir / "t.wtrace");
  }
};

template <typename Edit>
std::string after(Edit edit) {
  const TempDir dir;
  Builder builder;
  edit(builder);
  const auto trace = builder.open(dir);
  if (trace.ok()) return "";
  const std::string prefix = (dir / "t.wtrace").string() + ": ";
  CHECK(trace.error().where.starts_with(prefix));
  return trace.error().code + " " + trace.error().where.substr(prefix.size());
}

std::string with(const std::string& pointer, Json value) {
  return after([&](Builder& builder) { builder.header[Json::json_pointer(pointer)] = std::move(value); });
}

std::string without(const std::string& pointer) {
  return after([&](Builder& builder) {
    const Json::json_pointer place(pointer);
    builder.header[place.parent_pointer()].erase(place.back());
  });
}

std::string member(std::size_t index, const std::string& data) {
  return after([&](Builder& builder) { builder.members[index].second = data; });
}

std::string read(const Trace& trace, std::size_t node, std::size_t field, std::int64_t first, std::int64_t count) {
  const TraceField& info = trace.info().nodes[node].fields[field];
  std::string out(static_cast<std::size_t>(count * element_count(info.shape)) * size_of(info.dtype), '?');
  const Status status = trace.read(node, field, first, count, std::as_writable_bytes(std::span(out)));
  return status.ok() ? out : status.error().code;
}

}  // namespace

TEST_CASE("a trace of another writer is read") {
  const TempDir dir;
  const auto trace = Builder().open(dir);
  REQUIRE_MESSAGE(trace.ok(), trace.error().line());
  CHECK(trace->info().noise == R"({"model":"mbs","levels":[1,2.5,null,true]})");
  CHECK(trace->info().seed == 7);
  CHECK(trace->info().nodes[0].shape == Shape{3});
  CHECK(trace->info().nodes[0].fields[0].bits == 8);
  CHECK(trace->info().nodes[0].fields[1].dtype == DType::kI32);
  CHECK(trace->info().nodes[0].fields[1].shape == Shape{1});
  CHECK(!trace->info().nodes[1].fields[0].bits);
  CHECK(read(*trace, 0, 0, 0, 2) == "123456");
  CHECK(read(*trace, 0, 0, 1, 1) == "456");
  CHECK(read(*trace, 0, 1, 1, 1) == "yyyy");
  CHECK(read(*trace, 1, 0, 0, 2) == "78");
  CHECK(read(*trace, 1, 0, 2, 0).empty());
  CHECK(read(*trace, 1, 0, 1, 2) == "internal.frames");
  char small[1];
  CHECK(trace->read(0, 0, 0, 1, std::as_writable_bytes(std::span(small))).error().code == "internal.frames");
  // The description is written again as the same description.
  const auto again = trace::read_header(trace::write_header(trace->info()));
  REQUIRE(again.ok());
  CHECK(trace::write_header(*again) == trace::write_header(trace->info()));
}

TEST_CASE("what may be left out of trace.json") {
  for (const char* pointer : {"/noise", "/seed", "/simulator", "/level", "/nodes/0/bits"})
    CHECK(without(pointer) == "");
  CHECK(with("/noise", nullptr) == "");
  CHECK(with("/seed", nullptr) == "");
  CHECK(with("/x-note", 1) == "");
  CHECK(with("/nodes/0/x-note", 1) == "");
}

TEST_CASE("descriptions that are refused") {
  CHECK(with("/format", "witin.wpkg") == "trace.format trace.json/format");
  CHECK(with("/version", 2) == "trace.version trace.json/version");
  CHECK(with("/arithmetic", "x") == "trace.value trace.json/arithmetic");
  CHECK(with("/noise", "none") == "trace.type trace.json/noise");
  CHECK(with("/seed", -1) == "trace.value trace.json/seed");
  CHECK(with("/frames", -1) == "trace.value trace.json/frames");
  CHECK(with("/frames", 2.0) == "trace.type trace.json/frames");
  CHECK(with("/more", 1) == "trace.unknown_key trace.json/more");
  CHECK(with("/package/more", 1) == "trace.unknown_key trace.json/package/more");
  CHECK(with("/nodes/0/more", 1) == "trace.unknown_key trace.json/nodes/0/more");
  CHECK(with("/nodes/0/name", "..") == "trace.name trace.json/nodes/0/name");
  CHECK(with("/nodes/0/name", "b/c") == "trace.duplicate_name trace.json/nodes/1");
  CHECK(with("/nodes/0/fields/1", "npu_y") == "trace.duplicate_name trace.json/nodes/0/fields/1");
  CHECK(with("/nodes/0/fields/1", "a/b") == "trace.name trace.json/nodes/0/fields/1");
  CHECK(with("/nodes/0/bits", 0) == "trace.value trace.json/nodes/0/bits");
  CHECK(with("/nodes/0/shape/0", 0) == "trace.value trace.json/nodes/0/shape/0");
  for (const char* key : {"format", "version", "package", "arithmetic", "frames", "nodes"}) {
    CHECK(without("/" + std::string(key)) == "trace.missing_key trace.json");
  }
  for (const char* key : {"name", "op", "shape", "fields"}) {
    CHECK(without("/nodes/1/" + std::string(key)) == "trace.missing_key trace.json/nodes/1");
  }
  CHECK(after([](Builder& builder) { builder.header = "text"; }) == "trace.type trace.json");
}

TEST_CASE("arrays that are not what the description says") {
  CHECK(member(0, npy({2, 4}, "12345678")) == "trace.shape a/npu_y.npy");
  CHECK(member(0, npy({3, 3}, "123456789")) == "trace.shape a/npu_y.npy");
  CHECK(member(0, npy({6}, "123456")) == "trace.shape a/npu_y.npy");
  CHECK(member(1, npy({}, "1")) == "trace.shape a/npu_acc.npy");
  CHECK(member(0, "no npy") == "npy.magic a/npu_y.npy");
  CHECK(member(0, npy({2, 3}, "12345")) == "npy.length a/npu_y.npy");
  std::string unsigned32 = npy({2}, "12345678", DType::kI32);
  unsigned32.replace(unsigned32.find("<i4"), 3, "<u4");
  CHECK(member(2, unsigned32) == "npy.dtype b/c/npu_y.npy");
  CHECK(with("/nodes/0/fields/1", "npu_v") == "trace.missing_member a/npu_v.npy");
  CHECK(after([](Builder& builder) { builder.members.emplace_back("d/npu_y.npy", npy({2}, "12")); }) ==
        "trace.unlisted_member d/npu_y.npy");
  CHECK(after([](Builder& builder) { builder.header["nodes"].erase(1); }) == "trace.unlisted_member b/c/npu_y.npy");
}

TEST_CASE("an archive or a directory of arrays is read by the names of its members") {
  const TempDir dir;
  Builder builder;
  builder.header = nullptr;
  builder.members.emplace_back("out.npy", npy({2, 2}, "abcd"));
  const auto check = [&](const std::filesystem::path& path) {
    const auto trace = Trace::open(path);
    REQUIRE_MESSAGE(trace.ok(), trace.error().line());
    CHECK(trace->info().frames == 2);
    CHECK(!trace->info().arithmetic);
    REQUIRE(trace->info().nodes.size() == 3);
    CHECK(trace->info().nodes[0].name == "a");
    CHECK(trace->info().nodes[0].fields[0].name == "npu_acc");
    CHECK(trace->info().nodes[0].fields[1].name == "npu_y");
    CHECK(trace->info().nodes[0].shape == Shape{3});
    CHECK(trace->info().nodes[1].name == "b/c");
    CHECK(trace->info().nodes[2].name == "out");
    CHECK(trace->info().nodes[2].fields[0].name == "npu_y");
    CHECK(read(*trace, 0, 1, 0, 2) == "123456");
    CHECK(read(*trace, 1, 0, 1, 1) == "8");
    CHECK(read(*trace, 2, 0, 1, 1) == "cd");
  };
  write_text(dir / "t.npz", builder.bytes());
  check(dir / "t.npz");
  for (const auto& [name, data] : builder.members) {
    std::filesystem::create_directories((dir / "folder" / name).parent_path());
    write_text(dir / "folder" / name, data);
  }
  write_text(dir / "folder/notes.txt", "other files are not looked at");
  check(dir / "folder");

  write_text(dir / "folder/out.npy", npy({3, 2}, "abcdef"));
  CHECK(Trace::open(dir / "folder").error().code == "trace.frames");
  write_text(dir / "folder/out.npy", npy({}, "a"));
  CHECK(Trace::open(dir / "folder").error().code == "trace.shape");
  std::filesystem::create_directory(dir / "folder/out");
  write_text(dir / "folder/out.npy", npy({2, 2}, "abcd"));
  write_text(dir / "folder/out/npu_y.npy", npy({2, 2}, "abcd"));
  CHECK(Trace::open(dir / "folder").error().code == "trace.duplicate_name");
  std::filesystem::create_directory(dir / "bare");
  CHECK(Trace::open(dir / "bare").error().code == "trace.empty");
  CHECK(Trace::open(dir / "none").error().code == "file.open");
  write_text(dir / "x.npz", "text");
  CHECK(Trace::open(dir / "x.npz").error().code == "zip.not_a_zip");
  builder.members.emplace_back("read.me", "text");
  write_text(dir / "y.npz", builder.bytes());
  CHECK(Trace::open(dir / "y.npz").error().code == "trace.unlisted_member");
}

TEST_CASE("a directory whose files change is an error, not a crash") {
  const TempDir dir;
  write_text(dir / "a.npy", npy({2, 3}, "123456"));
  const auto trace = Trace::open(dir.path());
  REQUIRE(trace.ok());
  std::filesystem::resize_file(dir / "a.npy", 130);
  CHECK(read(*trace, 0, 0, 0, 1) == "file.changed");
  std::filesystem::remove(dir / "a.npy");
  CHECK(read(*trace, 0, 0, 0, 1) == "file.open");
}

TEST_CASE("a trace that is cut off at any byte is refused") {
  const TempDir dir;
  const std::string bytes = Builder().bytes();
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    write_text(dir / "t.wtrace", std::string_view(bytes).substr(0, length));
    INFO(length);
    CHECK(!Trace::open(dir / "t.wtrace").ok());
  }
}

TEST_CASE("a flipped bit of a trace is refused when it is opened or read, or changes nothing") {
  const TempDir dir;
  const std::string bytes = Builder().bytes();
  const auto content = [](const Result<Trace>& trace) -> std::string {
    std::string out = trace::write_header(trace->info());
    for (std::size_t node = 0; node < trace->info().nodes.size(); ++node) {
      for (std::size_t field = 0; field < trace->info().nodes[node].fields.size(); ++field) {
        const std::string values = read(*trace, node, field, 0, 2);
        if (values == "zip.crc") return values;
        out += values;
      }
    }
    return out;
  };
  write_text(dir / "t.wtrace", bytes);
  const auto whole = Trace::open(dir / "t.wtrace");
  REQUIRE(whole.ok());
  const std::string expected = content(whole);
  int same = 0;
  int noticed = 0;
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string changed = bytes;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    write_text(dir / "u.wtrace", changed);
    const auto trace = Trace::open(dir / "u.wtrace");
    if (!trace.ok()) continue;
    const std::string found = content(trace);
    INFO(bit);
    CHECK((found == "zip.crc" || found == expected));
    ++(found == expected ? same : noticed);
  }
  CHECK(noticed > 100);  // data and npy headers
  CHECK(same < 4 * (16 + 32 + 48));
}

TEST_CASE("read once: the CRC is compared at the end, and by whoever reads a frame again") {
  const TempDir dir;
  const auto once = [](const Trace& trace, std::int64_t first, std::int64_t count) {
    std::vector<std::byte> out(static_cast<std::size_t>(3 * count));
    const Status status = trace.read_once(0, 0, first, count, out);
    return status.ok() ? std::string(package::as_text(out)) : status.error().code;
  };
  const auto whole = Builder().open(dir);
  REQUIRE(whole.ok());
  for (int pass = 0; pass < 2; ++pass) {
    CHECK(once(*whole, 1, 1) == "456");
    CHECK(once(*whole, 0, 1) == "123");
  }
  const auto stopped = Trace::open(dir / "t.wtrace");
  REQUIRE(stopped.ok());
  CHECK(once(*stopped, 0, 1) == "123");
  CHECK(once(*stopped, 0, 2) == "123456");

  std::string bytes = Builder().bytes();
  bytes[bytes.find("123456") + 5] = '7';
  write_text(dir / "u.wtrace", bytes);
  for (const std::int64_t count : {std::int64_t{1}, std::int64_t{2}}) {
    const auto wrong = Trace::open(dir / "u.wtrace");
    REQUIRE(wrong.ok());
    CHECK(once(*wrong, 0, count) == (count == 2 ? "zip.crc" : "123"));
    CHECK(once(*wrong, 0, 2) == "zip.crc");
    CHECK(once(*wrong, 0, 2) == "zip.crc");
  }
}

TEST_CASE("read once: the CRC of an array without values is compared too") {
  const TempDir dir;
  for (const Shape& shape : {Shape{0, 3}, Shape{2, 0}}) {
    CAPTURE(to_string(shape));
    for (const bool damaged : {false, true}) {
      ZipFile zip;
      zip.parts.emplace_back("a/npu_y.npy", npy(shape, ""));
      if (damaged) zip.parts[0].central.crc = ++zip.parts[0].local.crc;
      write_text(dir / "t.npz", zip.bytes());
      const auto trace = Trace::open(dir / "t.npz");
      REQUIRE(trace.ok());
      for (int pass = 0; pass < 2; ++pass) {
        CHECK(trace->read_once(0, 0, 0, shape[0], {}).ok() == !damaged);
        CHECK(trace->read_once(0, 0, 0, 0, {}).ok() == !damaged);
      }
    }
  }
}
