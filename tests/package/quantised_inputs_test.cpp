// Real values for inputs that quantise one network input in several ways (manifest key "x-quantises").
#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <vector>

#include "tests/support/package_builder.hpp"
#include "tests/support/temp_dir.hpp"
#include "witin/input.hpp"

namespace {

using namespace witin;
using test::PackageBuilder;
using test::TempDir;

Package two_quantisations() {
  PackageBuilder builder;
  builder.manifest["inputs"] = PackageBuilder::Json::parse(R"([
    {"name": "in", "shape": [2], "bits": 8, "neg_in": "pn", "scale": 64, "x-quantises": "in"},
    {"name": "in:fine", "shape": [2], "bits": 10, "neg_in": "pn", "scale": 256, "x-quantises": "in"}])");
  auto package = builder.load();
  REQUIRE_MESSAGE(package.ok(), package.error().line());
  return std::move(package).value();
}

// Two frames: ties of the coarse scale, and values beyond both ranges.
std::filesystem::path float_file(const TempDir& folder) {
  const std::array<float, 4> values{0.0078125F, 0.0234375F, -4.0F, 100.0F};
  std::string raw(sizeof values, '\0');
  std::memcpy(raw.data(), values.data(), raw.size());
  test::write_text(folder / "x.npy", test::npy(DType::kF32, {2, 2}, raw));
  return folder / "x.npy";
}

std::vector<std::int32_t> codes(FrameSource& source, std::size_t input) {
  std::vector<std::int32_t> out(4);
  const Status status = source.read(input, 0, 2, Storage::kS32, out.data());
  REQUIRE_MESSAGE(status.ok(), status.error().line());
  return out;
}

std::string code_of(const Package& package, const std::vector<InputFile>& files, bool quantize) {
  const auto source = open_inputs(package, files, {quantize});
  return source.ok() ? "" : source.error().code;
}

}  // namespace

TEST_CASE("one file of real values is quantised for every input that reads it") {
  const TempDir folder;
  const Package package = two_quantisations();
  const auto file = float_file(folder);
  for (const std::string name : {"", "in"}) {
    const auto source = open_inputs(package, std::vector<InputFile>{{name, file}}, {.quantize = true});
    REQUIRE_MESSAGE(source.ok(), source.error().line());
    CHECK(codes(**source, 0) == std::vector<std::int32_t>{0, 2, -255, 255});
    CHECK(codes(**source, 1) == std::vector<std::int32_t>{2, 6, -1023, 1023});
  }
}

TEST_CASE("inputs that quantise one network input are one when quantised and several when given as codes") {
  const TempDir folder;
  const Package package = two_quantisations();
  const auto file = float_file(folder);
  CHECK(code_of(package, {{"in", file}, {"in", file}}, true) == "input.duplicate");
  CHECK(code_of(package, {{"in:fine", file}}, true) == "input.unknown");
  CHECK(code_of(package, {}, true) == "input.missing");
  test::write_text(folder / "codes.npy", test::npy(DType::kI8, {2, 2}, "\1\2\3\4"));
  const auto integers = folder / "codes.npy";
  CHECK(code_of(package, {{"", integers}}, false) == "input.ambiguous");
  CHECK(code_of(package, {{"in", integers}}, false) == "input.missing");
  CHECK(code_of(package, {{"in", integers}, {"in:fine", integers}}, false).empty());
}
