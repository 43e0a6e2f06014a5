// Every limit of a report, one below, at and above it: nothing is left out that fits, and what is left out is said.
#include "sim/package/limits.hpp"

#include "sim/gap/gap.hpp"
#include "sim/report/diff_page.hpp"
#include "sim/report/gap_page.hpp"
#include "sim/report/html/graph.hpp"
#include "sim/report/html/heat_map.hpp"
#include "sim/report/html/histogram.hpp"
#include "sim/report/html/line_chart.hpp"
#include "sim/report/html/page.hpp"
#include "tests/support/markup.hpp"

namespace {

using namespace witin;
using test::occurrences;
namespace html = report::html;
namespace limits = package::limits;

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::vector<std::size_t> around(std::size_t limit) { return {limit - 1, limit, limit + 1}; }

html::Graph chain_of(std::size_t nodes, html::Tone tone) {
  html::Graph network{"Network", "", {}};
  for (std::size_t i = 0; i < nodes; ++i) {
    network.nodes.push_back({"n" + std::to_string(i), "relu", "label", {}, tone, "#n" + std::to_string(i)});
    if (i > 0) network.nodes.back().inputs = {i - 1};
  }
  return network;
}

diff::Report differing(std::size_t nodes, std::size_t examples) {
  diff::Report report;
  for (std::size_t i = 0; i < nodes; ++i) {
    diff::NodeReport node;
    node.node = "n" + std::to_string(i);
    node.origin = diff::Origin::kCulprit;
    node.frames_different = 1;
    diff::FieldReport field;
    field.field = "npu_y";
    field.shape = {1};
    field.frames = field.values = 100'000;
    field.different = static_cast<std::int64_t>(examples);
    field.histogram = {{1, 1, field.different}};
    field.channel_groups = {{field.different, field.different}};
    field.map = {.rows = 1, .columns = 1, .frames_per_row = 100'000, .channels_per_column = 1, .different = {1}};
    for (std::size_t k = 0; k < examples; ++k) field.examples.push_back({std::int64_t(700'000 + k), {0}, 0, 1});
    node.fields.push_back(field);
    report.nodes.push_back(node);
  }
  report.counts.different = static_cast<std::int64_t>(nodes * examples);
  return report;
}

}  // namespace

TEST_CASE("limits of reports: rows of a table") {
  for (const std::size_t rows : around(limits::kTableRows)) {
    html::Page page("t", "a");
    page.table({{{"node"}}, std::vector<std::vector<html::Cell>>(rows, {"row"})});
    CHECK(occurrences(page.text(), "<td>") == std::min(rows, limits::kTableRows));
    CHECK(holds(page.text(), "1 further row left out.") == (rows > limits::kTableRows));
  }
}

TEST_CASE("limits of reports: bars") {
  for (const std::size_t bars : around(limits::kBars)) {
    html::Histogram errors{"Errors", "", "LSB", {}};
    for (std::size_t i = 0; i < bars; ++i) errors.bins.push_back({"b" + std::to_string(i), 1});
    const std::string svg = html::histogram(errors).text;
    CHECK(occurrences(svg, ": 1 value<") == (bars > limits::kBars ? limits::kBars - 1 : bars));
    CHECK(holds(svg, "and 2 more: 2 values") == (bars > limits::kBars));
  }
}

TEST_CASE("limits of reports: curves, and the points of one") {
  for (const std::size_t curves : around(limits::kCurves)) {
    html::LineChart chart{"t", "d", "x", "y", {}, {}, {}};
    for (std::size_t i = 0; i < curves; ++i) chart.series.push_back({"s", {{0, 0, 0, 0}, {1, 1, 1, 1}}});
    const std::string svg = html::line_chart(chart).text;
    CHECK(occurrences(svg, "<polyline") == std::min(curves, limits::kCurves));
    CHECK(holds(svg, "1 further curves are not drawn") == (curves > limits::kCurves));
  }
  for (const std::size_t points : around(limits::kCurvePoints)) {
    html::LineChart chart{"t", "d", "x", "y", {}, {}, {{"s", {}}}};
    for (std::size_t i = 0; i < points; ++i) chart.series[0].points.push_back({double(i), 1, 1, 1});
    const std::string svg = html::line_chart(chart).text;
    const std::size_t begin = svg.find("points=\"", svg.find("<polyline")) + 8;
    CHECK(occurrences(svg.substr(begin, svg.find('"', begin) - begin), ",") == std::min(points, limits::kCurvePoints));
  }
}

TEST_CASE("limits of reports: boxes of a network, then tiles, and those with links") {
  for (const std::size_t nodes : around(limits::kGraphBoxes)) {
    const std::string svg = html::graph(chain_of(nodes, html::Tone::kGood)).text;
    CHECK(holds(svg, "One tile a node") == (nodes > limits::kGraphBoxes));
  }
  for (const std::size_t linked : around(limits::kLinkedTiles)) {
    html::Graph network = chain_of(2 * limits::kGraphBoxes, html::Tone::kGood);
    for (std::size_t i = 0; i < linked; ++i) network.nodes[i].tone = html::Tone::kBad;
    CHECK(occurrences(html::graph(network).text, "<a href") == std::min(linked, limits::kLinkedTiles));
  }
}

TEST_CASE("limits of reports: cells of a map") {
  for (const std::size_t rows : around(limits::kMapRows)) {
    for (const std::size_t columns : around(limits::kMapColumns)) {
      html::HeatMap map{"t", "d"};
      map.row_starts = html::even_starts(static_cast<std::int64_t>(rows), rows);
      map.column_starts = html::even_starts(static_cast<std::int64_t>(columns), columns);
      map.counts.assign(rows * columns, 1);
      const std::string svg = html::heat_map(map).text;
      CHECK(occurrences(svg, "<title>channel") == (columns > limits::kMapColumns ? (columns + 1) / 2 : columns));
      CHECK(occurrences(svg, "<title>frame") == (rows > limits::kMapRows ? (rows + 1) / 2 : rows));
    }
  }
}

TEST_CASE("limits of reports: nodes that are described, and their examples") {
  for (const std::size_t nodes : around(limits::kDescribedNodes)) {
    const std::string page = report::diff_page(differing(nodes, 1));
    CHECK(occurrences(page, "The first ones:") == std::min(nodes, limits::kDescribedNodes));
    CHECK(holds(page, "1 further nodes that differ are not described.") == (nodes > limits::kDescribedNodes));
    gap::Report gap;
    gap.frames = 1;
    for (std::size_t i = 0; i < nodes; ++i) {
      gap::NodeGap node;
      node.name = "n" + std::to_string(i);
      node.shape = {1};
      node.values = node.born.different = node.free.different = node.frames_different = 1;
      node.map = {.rows = 1, .columns = 1, .frames_per_row = 1, .channels_per_column = 1, .different = {1}};
      gap.nodes.push_back(node);
    }
    CHECK(occurrences(report::gap_page(gap), "<h3") == std::min(nodes, limits::kDescribedNodes));
  }
  for (const std::size_t examples : around(limits::kShownExamples)) {
    CHECK(occurrences(report::diff_page(differing(1, examples)), "<td class=\"number\">7000") ==
          std::min(examples, limits::kShownExamples));
  }
}
