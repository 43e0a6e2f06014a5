// Traces and outputs: what is written is what is read, by us and by NumPy, whatever the order of the blocks.
#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <thread>

#include "sim/trace/trace_writer.hpp"
#include "tests/support/temp_dir.hpp"

namespace {

using namespace witin;
using test::TempDir;

constexpr std::int64_t kFrames = 257;

TraceInfo description() {
  TraceInfo info;
  info.package_name = "two \"layers\" é";
  info.package_sha256 = std::string(64, 'a');
  info.arithmetic = Arithmetic::kNb01;
  info.simulator = "0.1.0";
  info.level = "full";
  info.frames = kFrames;
  info.nodes = {
      {"conv1", "conv2d", {2, 3, 1}, {{"npu_y", DType::kI8, {2, 3, 1}, 8}, {"npu_acc", DType::kI32, {2, 3, 1}}}},
      {"/fc/out", "linear", {}, {{"npu_y", DType::kI16, {}, 12}}}};
  return info;
}

// The value of element `i` of a field, as its bytes.
std::vector<std::byte> content(const TraceField& field, std::int64_t frames, unsigned seed) {
  std::vector<std::byte> bytes(static_cast<std::size_t>(frames * element_count(field.shape)) * size_of(field.dtype));
  std::minstd_rand random(seed);
  std::ranges::generate(bytes, [&] { return static_cast<std::byte>(random() >> 8); });
  return bytes;
}

struct Block {
  std::size_t node;
  std::size_t field;
  std::int64_t first;
  std::int64_t count;
};

std::vector<Block> blocks_of(const TraceInfo& info, std::int64_t size) {
  std::vector<Block> blocks;
  for (std::size_t node = 0; node < info.nodes.size(); ++node) {
    for (std::size_t field = 0; field < info.nodes[node].fields.size(); ++field) {
      for (std::int64_t first = 0; first < info.frames; first += size) {
        blocks.push_back({node, field, first, std::min(size, info.frames - first)});
      }
    }
  }
  return blocks;
}

Status write_block(trace::TraceWriter& writer, const TraceInfo& info, const Block& block) {
  const TraceField& field = info.nodes[block.node].fields[block.field];
  const auto bytes = content(field, info.frames, static_cast<unsigned>(block.node * 10 + block.field + 1));
  const std::size_t frame = bytes.size() / static_cast<std::size_t>(info.frames);
  return writer.write(block.node, block.field, block.first, block.count,
                      bytes.data() + static_cast<std::size_t>(block.first) * frame);
}

void write_trace(const std::filesystem::path& path, const TraceInfo& info, const std::vector<Block>& blocks) {
  auto writer = trace::TraceWriter::create(path, info);
  REQUIRE_MESSAGE(writer.ok(), writer.error().line());
  for (const Block& block : blocks) REQUIRE(write_block(*writer, info, block).ok());
  const Status status = writer->finish();
  REQUIRE_MESSAGE(status.ok(), status.error().line());
}

}  // namespace

TEST_CASE("a trace is read back as it was written") {
  const TempDir dir;
  const TraceInfo info = description();
  write_trace(dir / "t.wtrace", info, blocks_of(info, 100));
  const auto trace = Trace::open(dir / "t.wtrace");
  REQUIRE_MESSAGE(trace.ok(), trace.error().line());
  CHECK(trace->info().package_name == info.package_name);
  CHECK(trace->info().package_sha256 == info.package_sha256);
  CHECK(trace->info().arithmetic == Arithmetic::kNb01);
  CHECK(trace->info().noise.empty());
  CHECK(!trace->info().seed);
  CHECK(trace->info().level == "full");
  CHECK(trace->info().frames == kFrames);
  REQUIRE(trace->info().nodes.size() == 2);
  CHECK(trace->info().nodes[0].op == "conv2d");
  CHECK(trace->info().nodes[0].fields[0].bits == 8);
  CHECK(!trace->info().nodes[0].fields[1].bits);
  CHECK(trace->info().nodes[1].name == "/fc/out");
  for (const Block& block : blocks_of(info, 37)) {
    const TraceField& field = trace->info().nodes[block.node].fields[block.field];
    const auto expected = content(field, kFrames, static_cast<unsigned>(block.node * 10 + block.field + 1));
    const std::size_t frame = expected.size() / kFrames;
    std::vector<std::byte> got(static_cast<std::size_t>(block.count) * frame);
    REQUIRE(trace->read(block.node, block.field, block.first, block.count, got).ok());
    CHECK(std::equal(got.begin(), got.end(),
                     expected.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(block.first) * frame)));
  }
}

TEST_CASE("a trace has the same bytes for every order and size of blocks and every number of threads") {
  const TempDir dir;
  const TraceInfo info = description();
  write_trace(dir / "t.wtrace", info, blocks_of(info, kFrames));
  const std::string expected = test::read_text(dir / "t.wtrace");
  std::mt19937 random(1);
  for (const std::int64_t size : {1, 2, 63, 256, 257}) {
    auto blocks = blocks_of(info, size);
    for (int repeat = 0; repeat < 3; ++repeat) {
      std::ranges::shuffle(blocks, random);
      write_trace(dir / "u.wtrace", info, blocks);
      CHECK(test::read_text(dir / "u.wtrace") == expected);
    }
    auto writer = trace::TraceWriter::create(dir / "v.wtrace", info);
    REQUIRE(writer.ok());
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (std::size_t i = t; i < blocks.size(); i += 4) {
          if (!write_block(*writer, info, blocks[i]).ok()) std::abort();
        }
      });
    }
    for (auto& thread : threads) thread.join();
    REQUIRE(writer->finish().ok());
    CHECK(test::read_text(dir / "v.wtrace") == expected);
  }
}

TEST_CASE("a frame that is missing, written twice or outside the trace is a defect that is noticed") {
  const TempDir dir;
  const TraceInfo info = description();
  auto blocks = blocks_of(info, 64);
  auto writer = trace::TraceWriter::create(dir / "t.wtrace", info);
  REQUIRE(writer.ok());
  for (std::size_t i = 1; i < blocks.size(); ++i) REQUIRE(write_block(*writer, info, blocks[i]).ok());
  CHECK(writer->finish().error().code == "internal.incomplete");
  CHECK(write_block(*writer, info, blocks[1]).error().code == "internal.frame_file");
  CHECK(write_block(*writer, info, {0, 0, 0, 65}).error().code == "internal.frame_file");
  const char data[64]{};
  CHECK(writer->write(0, 0, kFrames, 1, data).error().code == "internal.frame_file");
  CHECK(writer->write(0, 0, -1, 1, data).error().code == "internal.frame_file");
  REQUIRE(write_block(*writer, info, blocks[0]).ok());
  CHECK(writer->finish().ok());
  CHECK(Trace::open(dir / "t.wtrace").ok());
}

TEST_CASE("a single .npy is read as a trace of one node") {
  const TempDir dir;
  const std::vector<std::int16_t> codes{1, -2, 3, -4, 5, -6};
  auto file = trace::FrameFile::create_npy(dir / "expected.npy", {"", DType::kI16, {3}}, 2);
  REQUIRE(file.ok());
  REQUIRE(file->write(0, 0, 2, codes.data()).ok());
  REQUIRE(file->finish().ok());
  const auto trace = Trace::open(dir / "expected.npy");
  REQUIRE(trace.ok());
  CHECK(trace->info().frames == 2);
  REQUIRE(trace->info().nodes.size() == 1);
  CHECK(trace->info().nodes[0].name == "expected");
  CHECK(trace->info().nodes[0].fields[0].name == "npu_y");
  std::vector<std::int16_t> found(3);
  REQUIRE(trace->read(0, 0, 1, 1, std::as_writable_bytes(std::span(found))).ok());
  CHECK(found == std::vector<std::int16_t>{-4, 5, -6});
}

TEST_CASE("a sealed file has no name before it is finished") {
  const TempDir dir;
  const std::int8_t code = 1;
  {
    auto file = trace::FrameFile::create_npy(dir / "a.npy", {"", DType::kI8, {}}, 1);
    REQUIRE(file.ok());
    CHECK(file->seal().error().code == "internal.incomplete");
    REQUIRE(file->write(0, 0, 1, &code).ok());
    REQUIRE(file->seal().ok());
    CHECK_FALSE(std::filesystem::exists(dir / "a.npy"));
  }
  CHECK(dir.empty());
  auto file = trace::FrameFile::create_zip(dir / "a.npz", {}, {{"a.npy", DType::kI8, {}}}, 1);
  REQUIRE(file.ok());
  REQUIRE(file->write(0, 0, 1, &code).ok());
  REQUIRE(file->seal().ok());
  REQUIRE(file->finish().ok());
  CHECK(Trace::open(dir / "a.npz").ok());
}
