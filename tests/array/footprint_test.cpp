#include "sim/array/footprint.hpp"

#include <doctest/doctest.h>

#include <set>

#include "sim/report/array_map.hpp"
#include "witin/package.hpp"

namespace {

using namespace witin;

// linear layers K x N one after another, with `units` of bias in column 0.
Engine chain(std::vector<std::pair<std::int64_t, std::int64_t>> shapes, std::int32_t units,
             const char* neg_in = "none") {
  static const std::vector<std::byte> kZeros(std::size_t{8} << 20);
  Package package;
  auto biases = std::make_shared<std::vector<std::vector<std::int32_t>>>();
  package.inputs = {{.name = "in", .shape = {shapes.front().first}}};
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const auto [k, n] = shapes[i];
    biases->emplace_back(static_cast<std::size_t>(n)).front() = 128 * units;
    Node node;
    node.index = i;
    node.name = "fc" + std::to_string(i);
    node.op = "linear";
    node.inputs = {i == 0 ? "in" : "relu" + std::to_string(i - 1)};
    node.tensors = {{"weight", package.tensors.size()}, {"bias", package.tensors.size() + 1}};
    node.attributes = {{"g", std::int64_t{1024}}, {"neg_in", std::string(neg_in)}};
    package.tensors.push_back(
        {"w" + std::to_string(i), DType::kI8, {k, n}, std::span(kZeros).first(static_cast<std::size_t>(k * n))});
    package.tensors.push_back({"b" + std::to_string(i), DType::kI32, {n}, std::as_bytes(std::span(biases->back()))});
    package.nodes.push_back(node);
    Node relu;
    relu.name = "relu" + std::to_string(i);
    relu.op = "relu";
    relu.inputs = {node.name};
    package.nodes.push_back(relu);
  }
  package.outputs = {package.nodes.back().name};
  package.storage = biases;
  const auto engine = Engine::create(package);
  REQUIRE_MESSAGE(engine.ok(), engine.error().line());
  return *engine;
}

// Every cell of the array and every bias unit of every column belongs to one block at most.
void check_disjoint(const array::Footprint& footprint) {
  std::set<std::pair<std::int64_t, std::int64_t>> cells;
  std::set<std::pair<std::int64_t, std::int64_t>> units;
  for (const array::Block& block : footprint.blocks) {
    if (!block.placed) continue;
    CHECK(block.x + block.columns <= 1024);
    CHECK(block.y + block.rows <= 2048);
    CHECK(block.z + block.bias_units <= 16);
    bool alone = true;
    for (std::int64_t x = block.x; x < block.x + block.columns; ++x) {
      for (std::int64_t y = block.y; y < block.y + block.rows; ++y) alone = cells.emplace(x, y).second && alone;
      for (std::int64_t z = block.z; z < block.z + block.bias_units; ++z) alone = units.emplace(x, z).second && alone;
    }
    CHECK(alone);
  }
}

}  // namespace

TEST_CASE("footprint: blocks lie side by side, share columns and never overlap") {
  const array::Footprint all = array::footprint(chain({{800, 256}, {256, 256}, {256, 256}, {256, 256}, {256, 2}}, 300));
  REQUIRE(all.blocks.size() == 5);
  CHECK(all.fits());
  CHECK(all.cells == 800 * 256 + 3 * 256 * 256 + 512);
  CHECK(all.blocks[0].bias_units == 2);  // 300 units need three rows
  CHECK(all.blocks[3].x == 768);
  CHECK(all.blocks[4].y == 256);  // on top of the second block, which is lower than the first
  CHECK(all.bias_units == 4);
  check_disjoint(all);
}

TEST_CASE("footprint: two polarities take twice the rows, wide layers several blocks") {
  CHECK(array::footprint(chain({{100, 10}}, 0, "pn")).blocks[0].rows == 200);
  const array::Footprint wide = array::footprint(chain({{100, 2000}}, 1));
  REQUIRE(wide.blocks.size() == 3);
  CHECK(wide.blocks[2].columns == 2000 - 2 * 896);
  CHECK(wide.fits());
  check_disjoint(wide);
}

TEST_CASE("footprint: a network that is too large is said to be") {
  const array::Footprint rows = array::footprint(chain({{2000, 800}, {800, 800}}, 0));
  CHECK(!rows.fits());
  CHECK(rows.blocks[0].placed);
  CHECK(!rows.blocks[1].placed);
  const array::Footprint units = array::footprint(chain({{10, 800}, {800, 800}, {800, 800}}, 127 * 16));
  CHECK(units.blocks[0].bias_units == 8);
  CHECK(units.blocks[1].placed);
  CHECK(!units.blocks[2].placed);
  check_disjoint(units);
}

TEST_CASE("footprint: the map draws every block and lists those without room") {
  const std::string map = report::array_map(array::footprint(chain({{2000, 800}, {800, 800}}, 1)), "a<b");
  CHECK(map.find("<title>fc0 weight: 800 columns, 2000 rows, 1 bias units</title>") != std::string::npos);
  CHECK(map.find("no room for fc1 weight: 800 columns, 800 rows, 1 bias units") != std::string::npos);
  CHECK(map.find("a<b") == std::string::npos);
}
