// No allocation that fails ends the program or leaves half a file: at every one of them, alone or with all that follow,
// an operation of the library completes or returns resource.memory. Part of the program of allocations.cpp, whose
// operator new fails as planned. Traces and reports are left out: the destructor of nlohmann's documents allocates.
#include <doctest/doctest.h>

#include <functional>
#include <thread>

#include "sim/diff/compare.hpp"
#include "sim/sweep/pool.hpp"
#include "tests/support/package_builder.hpp"
#include "tests/support/planned_new.hpp"
#include "tests/support/temp_dir.hpp"
#include "witin/input.hpp"
#include "witin/record.hpp"

namespace {

using namespace witin;
using test::Fails;

const std::filesystem::path kCase = "golden/digits_cnn", kModel = kCase / "model.wpkg",
                            kTrace = kCase / "expected.wtrace";

// An operation that was prepared; returns the code of its error, or nothing.
using Operation = std::function<const char*()>;

const char* code_of(const Error& error) { return error.code == "resource.memory" ? "resource.memory" : "another code"; }

// Prepares and does the operation with a failure at each of its allocations.
void fail_everywhere(Fails fails, const std::function<Operation()>& prepare) {
  std::int64_t refused = 0;
  for (std::int64_t earlier = 0;; ++earlier) {
    const Operation operation = prepare();
    const char* code = nullptr;
    bool happened = false;
    {
      const test::FailingNew failing(earlier, fails);
      code = operation();
      happened = failing.happened();
    }
    if (!happened) {
      CHECK(code == nullptr);
      MESSAGE(refused, " of ", earlier, " points");  // the others can do without, as a sort without its buffer
      CHECK(refused > 0);
      CHECK(earlier - refused <= earlier / 10);
      return;
    }
    CAPTURE(earlier);
    if (code != nullptr) REQUIRE(std::string(code) == "resource.memory");
    refused += code != nullptr ? 1 : 0;
  }
}

void fail_everywhere(const std::function<Operation()>& prepare) {
  fail_everywhere(Fails::kOnce, prepare);
  fail_everywhere(Fails::kFromThenOn, prepare);
}

template <typename Work>
Operation returning_code(Work work) {
  return [work = std::move(work)]() -> const char* {
    const auto done = work();
    return done.ok() ? nullptr : code_of(done.error());
  };
}

Package package_of(const std::filesystem::path& path) {
  Result<Package> package = load_package(path);
  REQUIRE_MESSAGE(package.ok(), package.error().line());
  return *std::move(package);
}

// A package whose digests are worth several threads.
std::string large_package() {
  test::PackageBuilder builder;
  constexpr std::int64_t kExtent = 1024;
  for (const char* const id : {"w", "b", "c"}) {
    builder.tensors[id] = test::npy(DType::kI8, {kExtent, kExtent}, std::string(kExtent * kExtent, id[0]));
    builder.manifest["tensors"][id] = {{"dtype", "int8"}, {"shape", {kExtent, kExtent}}};
  }
  builder.manifest["nodes"][0]["tensors"]["more"] = "c";
  return builder.bytes();
}

}  // namespace

TEST_CASE("memory that fails while a package is loaded") {
  fail_everywhere([] { return returning_code([] { return load_package(kModel); }); });
}

TEST_CASE("memory that fails while a network is prepared") {
  const Package package = package_of(kModel);
  fail_everywhere([&] {
    const auto copy = std::make_shared<Package>(package);
    return returning_code([copy] { return Engine::create(std::move(*copy)); });
  });
}

TEST_CASE("memory that fails while a network runs from a file to a file") {
  const Result<Engine> engine = Engine::create(package_of(kModel));
  REQUIRE(engine.ok());
  const test::TempDir folder;
  const std::filesystem::path output = folder / "out.npy";
  const InputFile file{"", kCase / "input.npy"};
  RunOptions options;
  options.threads = 1;
  options.frames = 4;
  SUBCASE("without noise") {}
  SUBCASE("with noise") {
    options.noise.model = *NoiseModel::parse("normal:4");
    options.noise.seed = 1;
  }
  const auto run = [&]() -> Status {
    auto source = open_inputs(engine->package(), std::span(&file, 1));
    if (!source) return std::move(source).error();
    auto outputs = OutputRecorder::create(*engine, 4, output);
    if (!outputs) return std::move(outputs).error();
    FrameSink* const sinks[] = {outputs->get()};
    if (Status status = engine->run(**source, sinks, options); !status) return status;
    return (*outputs)->finish();
  };
  fail_everywhere([&] {
    std::filesystem::remove(output);  // of a success
    CHECK(folder.empty());
    return returning_code(run);
  });
  CHECK(std::filesystem::exists(output));
}

TEST_CASE("memory that fails while two runs are compared") {
  diff::CompareOptions options;
  options.threads = 1;
  fail_everywhere([&] {
    return returning_code([&]() -> Status {
      auto left = diff::open_side(kTrace);
      if (!left) return std::move(left).error();
      auto report = diff::compare(**left, **left, options);
      if (!report) return std::move(report).error();
      return {};
    });
  });
}

TEST_CASE("memory that fails in the helpers of a digest") {
  const test::TempDir folder;
  const std::filesystem::path path = folder / "large.wpkg";
  test::write_text(path, large_package());
  std::string found;
  {
    const test::NoMemoryElsewhere elsewhere;
    const Result<Package> package = load_package(path);
    found = package.ok() ? "loaded" : package.error().code;
  }
  CHECK(found == "loaded");
  fail_everywhere([&] { return returning_code([&] { return load_package(path); }); });
}

TEST_CASE("memory that fails in the helpers of a comparison") {
  std::string found;
  const auto side = diff::open_side(kTrace);
  REQUIRE(side.ok());
  diff::CompareOptions options;
  options.threads = 3;
  {
    const test::NoMemoryElsewhere elsewhere;
    const auto report = diff::compare(**side, **side, options);
    found = report.ok() ? "compared" : report.error().code;
  }
  CHECK((found == "compared" || found == "resource.memory"));
}

TEST_CASE("memory that fails in the workers of a sweep") {
  std::size_t failed = 0, units = 0;
  {
    sweep::Pool pool({0, 1, 2, 3, 4, 5, 6, 7}, 3,
                     [](std::size_t, int, const std::atomic<bool>&) -> Result<sweep::Measurement> {
                       return sweep::Measurement{.nodes = std::vector<sweep::NodeError>(1)};
                     });
    const test::NoMemoryElsewhere elsewhere;
    while (!pool.drained()) {
      const auto outcome = pool.pop(std::chrono::milliseconds(1000));
      if (!outcome) continue;
      ++units;
      if (!outcome->measurement) failed += outcome->measurement.error().code == "resource.memory" ? 1U : 1000U;
    }
  }
  CHECK(units == 8);
  CHECK(failed <= units);
}

TEST_CASE("memory that fails in the threads of a run") {
  const Result<Engine> engine = Engine::create(package_of(kModel));
  REQUIRE(engine.ok());
  const InputFile file{"", kCase / "input.npy"};
  const auto source = open_inputs(engine->package(), std::span(&file, 1));
  REQUIRE(source.ok());
  RunOptions options;
  options.threads = 3;
  options.block_frames = 1;
  std::string found;
  {
    const test::NoMemoryElsewhere elsewhere;
    const Status run = engine->run(**source, {}, options);
    found = run.ok() ? "run" : run.error().code;
  }
  CHECK((found == "run" || found == "resource.memory"));
}
