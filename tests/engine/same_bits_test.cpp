// The bytes of a full trace do not depend on instruction set, threads and blocks: every shipped network with one input.
#include <doctest/doctest.h>

#include <set>
#include <span>

#include "sim/kernels/isa.hpp"
#include "sim/package/digest.hpp"
#include "tests/support/temp_dir.hpp"
#include "witin/engine.hpp"
#include "witin/input.hpp"
#include "witin/record.hpp"

using namespace witin;

namespace {

namespace fs = std::filesystem;

std::string traced(const fs::path& folder, const fs::path& trace, const std::string& isa, const RunOptions& options) {
  Result<Package> package = load_package(folder / "model.wpkg");
  REQUIRE_MESSAGE(package.ok(), package.error().line());
  const auto engine = Engine::create(*std::move(package), {.isa = isa});
  REQUIRE_MESSAGE(engine.ok(), engine.error().line());
  CHECK(engine->isa() == isa);
  const InputFile input{"", folder / "input.npy"};
  const auto source = open_inputs(engine->package(), {&input, 1});
  REQUIRE_MESSAGE(source.ok(), source.error().line());
  auto recorder = TraceRecorder::create(*engine, (*source)->frames(), trace, {.level = TraceLevel::kFull});
  REQUIRE_MESSAGE(recorder.ok(), recorder.error().line());
  FrameSink* const sinks[]{recorder->get()};
  const Status run = engine->run(**source, sinks, options);
  REQUIRE_MESSAGE(run.ok(), run.error().line());
  const Status finished = (*recorder)->finish();
  REQUIRE_MESSAGE(finished.ok(), finished.error().line());
  const std::string bytes = test::read_text(trace);
  return package::sha256(std::as_bytes(std::span(bytes)));
}

}  // namespace

TEST_CASE("a full trace has the same sha256 on every instruction set, with any threads and blocks") {
  const test::TempDir dir;
  std::set<fs::path> folders;
  for (const auto& entry : fs::recursive_directory_iterator("golden")) {
    const fs::path folder = entry.path().parent_path();
    if (entry.path().filename() == "model.wpkg" && fs::exists(folder / "input.npy")) folders.insert(folder);
  }
  CHECK(folders.size() >= 2);
  for (const fs::path& folder : folders) {
    CAPTURE(folder.string());
    const std::string expected = traced(folder, dir / "ref.wtrace", "ref", {.threads = 1});
    CHECK(expected.size() == 64);
    for (const kernels::Isa isa : kernels::runnable_isas()) {
      const std::string name(kernels::name(isa));
      CAPTURE(name);
      for (const auto& [threads, block] : {std::pair{1, 0}, {2, 1}, {2, 7}, {3, 64}}) {
        const RunOptions options{.threads = threads, .block_frames = block};
        CHECK(traced(folder, dir / "run.wtrace", name, options) == expected);
      }
    }
  }
}
