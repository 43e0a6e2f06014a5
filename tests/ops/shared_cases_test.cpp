// Every package of ../shared/cases, written by others from the format's description, against measured outputs.
#include <doctest/doctest.h>

#include <cstdio>
#include <set>
#include <vector>

#include "tests/support/shared_data.hpp"
#include "witin/array.hpp"
#include "witin/input.hpp"

namespace {

using namespace witin;

// All codes of a .npy of frames of this shape.
Array read_codes(const std::filesystem::path& path, const Shape& shape, int bits, bool is_signed) {
  Package package;
  package.inputs.push_back({.name = "x", .shape = shape, .bits = bits, .is_signed = is_signed});
  const auto source = open_inputs(package, std::vector<InputFile>{{"x", path}});
  REQUIRE_MESSAGE(source.ok(), source.error().line());
  Array array{shape, std::vector<std::int32_t>(static_cast<std::size_t>((*source)->frames() * element_count(shape)))};
  array.shape.insert(array.shape.begin(), (*source)->frames());
  const Status read = (*source)->read(0, 0, (*source)->frames(), Storage::kS32, array.codes.data());
  REQUIRE_MESSAGE(read.ok(), read.error().line());
  return array;
}

std::map<std::string, Array> read_inputs(const std::filesystem::path& folder, const Package& package) {
  std::map<std::string, Array> inputs;
  for (const Input& input : package.inputs) {
    const auto own = folder / ("input_" + input.name + ".npy");
    inputs[input.name] = read_codes(std::filesystem::exists(own) ? own : folder / "input.npy", input.shape, 16, true);
  }
  return inputs;
}

// Values compared, of which none may differ.
std::size_t run_case(const std::filesystem::path& folder) {
  INFO(folder.string());
  auto package = load_package(folder / "model.wpkg");
  REQUIRE_MESSAGE(package.ok(), package.error().line());
  const auto inputs = read_inputs(folder, *package);
  REQUIRE(package->outputs.size() == 1);
  const std::string output = package->outputs.front();
  const auto engine = Engine::create(*std::move(package));
  REQUIRE_MESSAGE(engine.ok(), engine.error().line());

  const auto found = run_arrays(*engine, inputs);
  REQUIRE_MESSAGE(found.ok(), found.error().line());
  const Array& y = found->at(output);
  const Array expected = read_codes(folder / "expected.npy", {y.shape.begin() + 1, y.shape.end()}, 16, true);
  CHECK(y == expected);

  // The intermediates are recorded on another path than plain runs take.
  const auto traced = trace_arrays(*engine, inputs, {.threads = 1, .block_frames = 3});
  REQUIRE_MESSAGE(traced.ok(), traced.error().line());
  CHECK(traced->at(output + "/npu_y") == y);
  return expected.codes.size();
}

// `cases` and `values`: what is known to be there; fewer mean that something was not compared.
void run_cases(const char* part, std::size_t cases, std::size_t values) {
  const auto root = test::shared_data(part);
  if (!root) return;
  std::set<std::filesystem::path> folders;
  for (const auto& entry : std::filesystem::directory_iterator(*root)) folders.insert(entry.path());
  CHECK(folders.size() >= cases);
  std::size_t compared = 0;
  for (const auto& folder : folders) compared += run_case(folder);
  std::printf("%s: %zu packages, %zu values compared\n", part, folders.size(), compared);
  CHECK(compared >= values);
}

}  // namespace

TEST_CASE("shared cases of the chip's array") { run_cases("cases/wtm2101_array", 45, 64942); }
TEST_CASE("shared cases of the training library's array") { run_cases("cases/witin_nn_array", 60, 215992); }
TEST_CASE("shared cases of the digital operators") { run_cases("cases/witin_nn_digital", 42, 50456); }
