// Packages of an independent writer: each loads, its tensors hold plausible bytes, its inputs open.
#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "tests/support/shared_data.hpp"
#include "witin/input.hpp"
#include "witin/package.hpp"

TEST_CASE("every package and input of the shared cases is read") {
  const auto root = witin::test::shared_data("cases");
  if (!root) return;
  int packages = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(*root)) {
    if (entry.path().extension() != ".wpkg") continue;
    ++packages;
    auto package = witin::load_package(entry.path());
    INFO(entry.path().string());
    REQUIRE_MESSAGE(package.ok(), package.error().line());
    for (const witin::Tensor& tensor : package->tensors) {
      CHECK(tensor.bytes.size() ==
            static_cast<std::size_t>(witin::element_count(tensor.shape)) * witin::size_of(tensor.dtype));
    }
    std::vector<witin::InputFile> files;
    const auto folder = entry.path().parent_path();
    for (const witin::Input& input : package->inputs) {
      const auto own = folder / ("input_" + input.name + ".npy");
      files.push_back({input.name, std::filesystem::exists(own) ? own : folder / "input.npy"});
    }
    auto source = witin::open_inputs(*package, files);
    REQUIRE_MESSAGE(source.ok(), source.error().line());
    for (std::size_t i = 0; i < package->inputs.size(); ++i) {
      const witin::Input& input = package->inputs[i];
      const auto elements = static_cast<std::size_t>((*source)->frames() * witin::element_count(input.shape));
      std::vector<std::int32_t> codes(elements);
      const auto status = (*source)->read(i, 0, (*source)->frames(), witin::Storage::kS32, codes.data());
      REQUIRE_MESSAGE(status.ok(), status.error().line());
      const witin::CodeRange range = input.range();
      CHECK(std::ranges::all_of(codes, [&](std::int32_t code) { return range.lo <= code && code <= range.hi; }));
    }
  }
  CHECK(packages == 147);
}
