// Every input of the corpus and every regression, through the same functions that are fuzzed, in any build.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/fuzz/check.hpp"
#include "tests/fuzz/targets.hpp"
#include "tests/support/temp_dir.hpp"

namespace fs = std::filesystem;
using witin::fuzz::Finding;
using witin::fuzz::kTargets;
using witin::fuzz::Target;

namespace {

const fs::path kFolder = "tests/fuzz";

std::vector<fs::path> files_of(const fs::path& folder) {
  std::vector<fs::path> files;
  if (!fs::is_directory(folder)) return files;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

std::size_t replay(const Target& target, const char* which) {
  const std::vector<fs::path> files = files_of(kFolder / which / target.name);
  for (const fs::path& file : files) {
    INFO(file.string());
    const std::string content = witin::test::read_text(file);
    try {
      target.run(std::as_bytes(std::span(content)));
    } catch (const Finding& finding) {
      FAIL_CHECK(finding.what);
    }
  }
  return files.size();
}

void replay(std::string_view name) {
  const Target& target = *std::ranges::find(kTargets, name, &Target::name);
  CHECK(replay(target, "corpus") > 0);
  replay(target, "regressions");
}

}  // namespace

TEST_CASE("fuzz: corpus and regressions of package") { replay("package"); }
TEST_CASE("fuzz: corpus and regressions of npy") { replay("npy"); }
TEST_CASE("fuzz: corpus and regressions of manifest") { replay("manifest"); }
TEST_CASE("fuzz: corpus and regressions of trace") { replay("trace"); }
TEST_CASE("fuzz: corpus and regressions of mapper") { replay("mapper"); }
TEST_CASE("fuzz: corpus and regressions of capture") { replay("capture"); }
TEST_CASE("fuzz: corpus and regressions of noise") { replay("noise"); }
TEST_CASE("fuzz: corpus and regressions of diff") { replay("diff"); }
TEST_CASE("fuzz: corpus and regressions of kernels") { replay("kernels"); }

TEST_CASE("fuzz: every folder of inputs belongs to a target") {
  for (const char* which : {"corpus", "regressions"}) {
    for (const fs::path& folder : files_of(kFolder / which)) {
      CAPTURE(folder.string());
      CHECK(std::ranges::find(kTargets, folder.filename().string(), &Target::name) != kTargets.end());
    }
  }
}
