// No frame allocates: a run of 2 N frames calls operator new as often as one of N, for every package of golden/, from
// codes in memory, and for one from a file to a file. A program of its own, because it replaces operator new.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <filesystem>

#include "sim/ops/codes.hpp"
#include "tests/support/planned_new.hpp"
#include "tests/support/temp_dir.hpp"
#include "witin/input.hpp"
#include "witin/record.hpp"

namespace {

using namespace witin;

// Codes of the whole range of each input.
class CodesOf final : public FrameSource {
 public:
  CodesOf(const Package& package, std::int64_t frames) : package_(package), frames_(frames) {}
  [[nodiscard]] std::int64_t frames() const override { return frames_; }
  Status read(std::size_t input, std::int64_t first, std::int64_t count, Storage storage, void* codes) override {
    const Input& of = package_.inputs[input];
    const CodeRange range = of.range();
    const std::int64_t elements = element_count(of.shape);
    ops::with_element(storage, [&]<typename Code>(Code*) {
      for (std::int64_t i = 0; i < count * elements; ++i) {
        const std::int64_t step = (first * elements + i) * 7919 % (std::int64_t{range.hi} - range.lo + 1);
        static_cast<Code*>(codes)[i] = static_cast<Code>(range.lo + step);
      }
    });
    return {};
  }

 private:
  const Package& package_;
  std::int64_t frames_;
};

class Nowhere final : public FrameSink {
 public:
  [[nodiscard]] bool wants(std::size_t, std::size_t field) const override { return field == 0; }
  Status write(std::size_t, std::size_t, std::int64_t, std::int64_t, const void*) override { return {}; }
};

constexpr std::int64_t kFrames = 24;

std::int64_t allocations_of(const Engine& engine, FrameSource& source, FrameSink& sink, std::int64_t frames) {
  FrameSink* const sinks[] = {&sink};
  RunOptions options;
  options.threads = 1;
  options.block_frames = 4;
  options.frames = frames;
  const std::int64_t before = test::allocations();
  const Status run = engine.run(source, sinks, options);
  const std::int64_t after = test::allocations();
  REQUIRE_MESSAGE(run.ok(), run.error().line());
  return after - before;
}

}  // namespace

TEST_CASE("a run of twice the frames allocates as often") {
  std::size_t networks = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator("golden")) {
    if (entry.path().filename() != "model.wpkg") continue;
    CAPTURE(entry.path().string());
    Result<Package> package = load_package(entry.path());
    REQUIRE_MESSAGE(package.ok(), package.error().line());
    const Result<Engine> engine = Engine::create(*std::move(package));
    REQUIRE_MESSAGE(engine.ok(), engine.error().line());
    std::int64_t counts[2];
    for (const std::int64_t times : {1, 2}) {
      CodesOf source(engine->package(), times * kFrames);
      Nowhere sink;
      counts[times - 1] = allocations_of(*engine, source, sink, times * kFrames);
    }
    CHECK(counts[0] == counts[1]);
    CHECK(counts[0] > 0);
    ++networks;
  }
  MESSAGE(networks, " networks");
  CHECK(networks >= 60);
}

TEST_CASE("from a file to a file as well") {
  const std::filesystem::path golden = "golden/digits_cnn";
  const test::TempDir folder;
  Result<Package> package = load_package(golden / "model.wpkg");
  REQUIRE(package.ok());
  const Result<Engine> engine = Engine::create(*std::move(package));
  REQUIRE(engine.ok());
  std::int64_t counts[2];
  for (const std::int64_t times : {1, 2}) {
    const InputFile file{"", golden / "input.npy"};
    const auto source = open_inputs(engine->package(), std::span(&file, 1));
    REQUIRE(source.ok());
    const auto output = OutputRecorder::create(*engine, times * kFrames, folder / "out.npy");
    REQUIRE(output.ok());
    counts[times - 1] = allocations_of(*engine, **source, **output, times * kFrames);
    REQUIRE((*output)->finish().ok());
  }
  CHECK(counts[0] == counts[1]);
}
