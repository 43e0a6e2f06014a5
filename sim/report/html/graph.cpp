#include "sim/report/html/graph.hpp"

#include <algorithm>

#include "sim/package/limits.hpp"
#include "sim/report/html/graph_layout.hpp"
#include "sim/report/html/svg.hpp"

namespace witin::report::html {
namespace {

constexpr double kWidth = 1040;
constexpr double kBoxWidth = 140, kBoxHeight = 58, kColumn = 168, kLane = 74, kMargin = 28, kBandGap = 22;
constexpr std::size_t kColumns = 6;

void draw_box(Svg& svg, const GraphNode& node, double x, double y) {
  const std::string tone(class_of(node.tone));
  if (!node.link.empty()) svg.open_link(node.link);
  svg.rect(x, y, kBoxWidth, kBoxHeight, "node " + tone, node.name + " (" + node.detail + "): " + node.label, 7);
  svg.rect(x, y + 6, 5, kBoxHeight - 12, "stripe " + tone);
  svg.text(x + 14, y + 19, shortened(node.name, 17), "node-name");
  svg.text(x + 14, y + 34, shortened(node.detail, 20), "node-detail");
  const std::string sign(sign_of(node.tone));
  svg.text(x + 14, y + 50, shortened(sign + (sign.empty() ? "" : " ") + node.label, 21), "node-label " + tone);
  if (!node.link.empty()) svg.close_link();
}

class Boxes {
 public:
  Boxes(const Graph& graph, const GraphLayout& layout) : graph_(graph), layout_(layout) {
    double top = 8;
    for (std::size_t first = 0; first < layout.lanes.size(); first += kColumns) {
      std::size_t lanes = 1;
      for (std::size_t l = first; l < std::min(first + kColumns, layout.lanes.size()); ++l) {
        lanes = std::max(lanes, layout.lanes[l]);
      }
      tops_.push_back(top);
      top += static_cast<double>(lanes) * kLane + kBandGap;
    }
    height_ = top;
  }

  Markup draw() {
    const std::size_t columns = std::min(layout_.lanes.size(), kColumns);
    const double width = std::min(kWidth, 2 * kMargin + static_cast<double>(columns) * kColumn);
    Svg svg(width, height_, graph_.title, graph_.description);
    for (const GraphLayout::Item& item : layout_.items) {
      if (graph_.connected) draw_lines(svg, item);
    }
    for (const GraphLayout::Item& item : layout_.items) {
      if (!item.passing) draw_box(svg, graph_.nodes[item.node], left(item), top(item));
    }
    return std::move(svg).finish();
  }

 private:
  [[nodiscard]] static double left(const GraphLayout::Item& item) {
    return kMargin + static_cast<double>(item.layer % kColumns) * kColumn;
  }
  [[nodiscard]] double top(const GraphLayout::Item& item) const {
    return tops_[item.layer / kColumns] + static_cast<double>(item.lane) * kLane;
  }
  [[nodiscard]] double middle(const GraphLayout::Item& item) const { return top(item) + kBoxHeight / 2; }

  void draw_lines(Svg& svg, const GraphLayout::Item& item) const {
    const std::string line = "edge " + std::string(class_of(edge_tone(item)));
    if (item.passing) svg.line(left(item), middle(item), left(item) + kBoxWidth, middle(item), line);
    for (const std::size_t from : item.from) {
      const GraphLayout::Item& source = layout_.items[from];
      const std::string own = "edge " + std::string(class_of(edge_tone(source)));
      const double end = left(source) + kBoxWidth;
      if (source.layer / kColumns == item.layer / kColumns) {
        svg.curve(end, middle(source), left(item), middle(item), own);
        continue;
      }
      // Over the end of a band: the line leaves to the right and comes in from the left, in its source's lane.
      const double out = kMargin + static_cast<double>(kColumns) * kColumn - 8;
      svg.line(end, middle(source), out, middle(source), own);
      svg.polygon({{out, middle(source) - 4}, {out + 7, middle(source)}, {out, middle(source) + 4}},
                  "arrow " + std::string(class_of(edge_tone(source))));
      const double entry = tops_[item.layer / kColumns] + static_cast<double>(source.lane) * kLane + kBoxHeight / 2;
      svg.curve(2, entry, left(item), middle(item), own);
    }
  }

  // A line has the colour of what flows along it.
  [[nodiscard]] Tone edge_tone(const GraphLayout::Item& item) const {
    const Tone tone = graph_.nodes[item.node].tone;
    return tone == Tone::kBad || tone == Tone::kWarn ? tone : Tone::kNeutral;
  }

  const Graph& graph_;
  const GraphLayout& layout_;
  std::vector<double> tops_;  // of bands
  double height_ = 0;
};

// Long networks: a tile a node, in rows of 60. What is neither equal nor left out keeps its name and link.
Markup tiles(const Graph& graph) {
  constexpr int kTile = 15, kStep = 17, kRow = 60;
  const auto rows = static_cast<int>((graph.nodes.size() + kRow - 1) / kRow);
  Svg svg(kWidth, rows * kStep + 30, graph.title, graph.description);
  svg.text(4, 16, "One tile a node, in execution order, " + std::to_string(kRow) + " in a row", "tick");
  std::vector<std::vector<Svg::Box>> plain(6);
  std::size_t linked = 0;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const GraphNode& node = graph.nodes[i];
    const int x = 4 + static_cast<int>(i % kRow) * kStep;
    const int y = 26 + static_cast<int>(i / kRow) * kStep;
    const bool special = node.tone == Tone::kBad || node.tone == Tone::kWarn || node.tone == Tone::kMissing;
    if (!special || linked >= package::limits::kLinkedTiles) {
      plain[static_cast<std::size_t>(node.tone)].push_back({x, y, kTile, kTile});
      continue;
    }
    ++linked;
    if (!node.link.empty()) svg.open_link(node.link);
    svg.rect(x, y, kTile, kTile, "tile " + std::string(class_of(node.tone)), node.name + ": " + node.label);
    svg.text(x + kTile / 2.0, y + 12, sign_of(node.tone), "node-label " + std::string(class_of(node.tone)),
             Anchor::kMiddle);
    if (!node.link.empty()) svg.close_link();
  }
  for (const Tone tone : {Tone::kNeutral, Tone::kGood, Tone::kBad, Tone::kWarn, Tone::kMissing, Tone::kMuted}) {
    svg.boxes(plain[static_cast<std::size_t>(tone)], "tile " + std::string(class_of(tone)));
  }
  return std::move(svg).finish();
}

}  // namespace

Markup graph(const Graph& graph) {
  std::vector<std::vector<std::size_t>> inputs;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const bool chained = !graph.connected && i > 0;
    inputs.push_back(chained ? std::vector<std::size_t>{i - 1} : graph.nodes[i].inputs);
  }
  const auto layout = lay_out(inputs, package::limits::kGraphBoxes);
  return layout ? Boxes(graph, *layout).draw() : tiles(graph);
}

}  // namespace witin::report::html
