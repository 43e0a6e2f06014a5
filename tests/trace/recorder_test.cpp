#include <doctest/doctest.h>

#include <cstring>
#include <fstream>
#include <sstream>

#include "support/temp_dir.hpp"
#include "witin/array.hpp"
#include "witin/record.hpp"
#include "witin/trace.hpp"

namespace {

using namespace witin;

Node node(std::size_t index, std::string name, std::string op, std::string input) {
  Node node;
  node.index = index;
  node.name = std::move(name);
  node.op = std::move(op);
  node.inputs = {std::move(input)};
  return node;
}

// "u" is uint8 in memory and int16 in files.
Engine network() {
  Package package;
  package.name = "pair";
  package.inputs = {{.name = "x", .shape = {2}}, {.name = "s", .shape = {3}, .is_signed = true}};
  package.nodes = {node(0, "u", "relu", "x"), node(1, "r", "relu", "s")};
  package.nodes[1].scale = 4.0;
  package.outputs = {"r"};
  return *Engine::create(package);
}

class Source final : public FrameSource {
 public:
  [[nodiscard]] std::int64_t frames() const override { return 5; }
  Status read(std::size_t input, std::int64_t first, std::int64_t count, Storage, void* codes) override {
    const std::int64_t size = input == 0 ? 2 : 3;
    for (std::int64_t i = 0; i < count * size; ++i) {
      const std::int64_t at = first * size + i;
      if (input == 0) static_cast<std::uint8_t*>(codes)[i] = static_cast<std::uint8_t>(250 - at);
      if (input == 1) static_cast<std::int8_t*>(codes)[i] = static_cast<std::int8_t>(at - 7);
    }
    return {};
  }
};

template <typename T>
std::vector<T> read_all(const Trace& trace, std::size_t at, std::size_t elements) {
  std::vector<T> values(elements);
  REQUIRE(trace.read(at, 0, 0, trace.info().frames, std::as_writable_bytes(std::span(values))).ok());
  return values;
}

}  // namespace

TEST_CASE("a trace records the nodes and fields its level and glob ask for") {
  const test::TempDir dir;
  const Engine engine = network();
  auto recorder = TraceRecorder::create(engine, 5, dir.path() / "t.wtrace");
  REQUIRE(recorder.ok());
  Source source;
  FrameSink* const sinks[] = {recorder->get()};
  REQUIRE(engine.run(source, sinks, {.threads = 2, .block_frames = 2}).ok());
  REQUIRE((*recorder)->finish().ok());

  const auto trace = Trace::open(dir.path() / "t.wtrace");
  REQUIRE(trace.ok());
  REQUIRE(trace->info().nodes.size() == 2);
  CHECK(trace->info().level == "nodes");
  CHECK(trace->info().nodes[0].fields[0].dtype == DType::kI16);
  CHECK(trace->info().nodes[0].fields[0].bits == 9);
  CHECK(trace->info().nodes[1].fields[0].dtype == DType::kI8);
  CHECK(trace->info().nodes[1].fields[0].bits == 8);
  CHECK(read_all<std::int16_t>(*trace, 0, 10) ==
        std::vector<std::int16_t>{250, 249, 248, 247, 246, 245, 244, 243, 242, 241});
  CHECK(read_all<std::int8_t>(*trace, 1, 15) == std::vector<std::int8_t>{0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7});

  const auto outputs = TraceRecorder::create(engine, 5, dir.path() / "o.wtrace", {.level = TraceLevel::kOutputs});
  REQUIRE(outputs.ok());
  CHECK(!(*outputs)->wants(0, 0));
  CHECK((*outputs)->wants(1, 0));
  CHECK(TraceRecorder::create(engine, 5, dir.path() / "n.wtrace", {.nodes = "z*"}).error().code == "record.nothing");
}

TEST_CASE("outputs are written as codes or as values") {
  const test::TempDir dir;
  const Engine engine = network();
  for (const bool dequantize : {false, true}) {
    const auto path = dir.path() / (dequantize ? "values.npz" : "codes.npz");
    auto recorder = OutputRecorder::create(engine, 5, path, {.dequantize = dequantize});
    REQUIRE(recorder.ok());
    Source source;
    FrameSink* const sinks[] = {recorder->get()};
    REQUIRE(engine.run(source, sinks).ok());
    REQUIRE((*recorder)->finish().ok());
  }
  const auto codes = Trace::open(dir.path() / "codes.npz");
  REQUIRE(codes.ok());
  CHECK(read_all<std::int8_t>(*codes, 0, 15)[14] == 7);

  std::ifstream file(dir.path() / "values.npz", std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  float last[2];
  const std::size_t data = bytes.str().find("\n", bytes.str().find("<f4")) + 1;
  std::memcpy(last, bytes.str().data() + data + 13 * sizeof(float), sizeof last);
  CHECK(last[0] == 1.5F);
  CHECK(last[1] == 1.75F);
}

TEST_CASE("output files that cannot hold the outputs are refused") {
  const test::TempDir dir;
  Package package = network().package();
  CHECK(OutputRecorder::create(*Engine::create(package), 5, dir.path() / "o.txt").error().code == "record.extension");
  package.outputs = {"u", "r"};
  const Engine two = *Engine::create(package);
  CHECK(OutputRecorder::create(two, 5, dir.path() / "o.npy").error().code == "record.several_outputs");
  CHECK(OutputRecorder::create(two, 5, dir.path() / "o.npz", {.dequantize = true}).error().code == "record.scale");
}
