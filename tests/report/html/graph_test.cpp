#include "sim/report/html/graph.hpp"

#include <random>
#include <set>

#include "sim/report/html/graph_layout.hpp"
#include "tests/support/markup.hpp"

using namespace witin::report::html;

namespace {

using Inputs = std::vector<std::vector<std::size_t>>;

// No place twice; every input of a node arrives over neighbouring layers.
bool holds(const Inputs& inputs, const GraphLayout& layout) {
  std::set<std::pair<std::size_t, std::size_t>> places;
  std::set<std::size_t> nodes;
  for (const GraphLayout::Item& item : layout.items) {
    if (!places.emplace(item.layer, item.lane).second || item.lane >= layout.lanes[item.layer]) return false;
    for (const std::size_t from : item.from) {
      const GraphLayout::Item& source = layout.items.at(from);
      if (source.layer + 1 != item.layer) return false;
    }
    if (item.passing) {
      if (item.from.size() != 1 || layout.items[item.from[0]].node != item.node) return false;
      continue;
    }
    if (!nodes.insert(item.node).second || item.from.size() != inputs[item.node].size()) return false;
    for (std::size_t i = 0; i < item.from.size(); ++i) {
      if (layout.items[item.from[i]].node != inputs[item.node][i]) return false;
    }
  }
  return nodes.size() == inputs.size();
}

}  // namespace

TEST_CASE("a chain is a line, a shortcut goes round the nodes it skips") {
  const auto chain = lay_out({{}, {0}, {1}, {2}}, 100);
  REQUIRE(chain);
  CHECK(chain->lanes == std::vector<std::size_t>{1, 1, 1, 1});
  const auto residual = lay_out({{}, {0}, {1}, {2, 0}}, 100);
  REQUIRE(residual);
  CHECK(residual->lanes == std::vector<std::size_t>{1, 2, 2, 1});
  CHECK(residual->items.size() == 6);
}

TEST_CASE("random networks: no place is taken twice, every line arrives") {
  std::mt19937 random(3);
  for (int round = 0; round < 300; ++round) {
    Inputs inputs(1 + random() % 40);
    for (std::size_t node = 1; node < inputs.size(); ++node) {
      for (std::size_t i = 0, count = random() % 4; i < count; ++i) {
        // Mostly near neighbours, sometimes anything before; the same input twice is allowed.
        inputs[node].push_back(random() % 3 != 0 ? node - 1 - random() % std::min<std::size_t>(node, 3)
                                                 : random() % node);
      }
    }
    const auto layout = lay_out(inputs, 100000);
    REQUIRE(layout);
    CHECK(holds(inputs, *layout));
    CHECK(!lay_out(inputs, layout->items.size() - 1));
    CHECK(lay_out(inputs, layout->items.size()));
  }
}

TEST_CASE("names are escaped, links lead to anchors, verdicts are words") {
  Graph network{"Network", "two nodes", {{"in"}, {"a<b>", "conv2d", "12 differ", {0}, Tone::kBad, "#n0"}}};
  const std::string svg = graph(network).text;
  CHECK(witin::test::unbalanced(svg) == "");
  CHECK(svg.find("a&lt;b&gt;") != std::string::npos);
  CHECK(svg.find("<a href=\"#n0\">") != std::string::npos);
  CHECK(svg.find("\xE2\x9C\x97 12 differ") != std::string::npos);
}

TEST_CASE("the largest networks stay small and keep their culprits") {
  Graph network{"Network", "", {}};
  for (std::size_t i = 0; i < 10000; ++i) {
    GraphNode node{"node" + std::to_string(i), "relu", "equal", {}, Tone::kGood, ""};
    if (i > 0) node.inputs = {i - 1};
    network.nodes.push_back(node);
  }
  network.nodes[7777].tone = Tone::kBad;
  network.nodes[7777].link = "#n7777";
  const std::string svg = graph(network).text;
  CHECK(svg.size() < 400'000);
  CHECK(svg.find("node7777: equal") != std::string::npos);
  CHECK(svg.find("#n7777") != std::string::npos);
}
