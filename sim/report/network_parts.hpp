// What the pages about a network share: its drawing, where differences lie, how large they are.
#pragma once

#include <string>
#include <vector>

#include "sim/diff/report.hpp"
#include "sim/report/html/graph.hpp"
#include "sim/report/html/heat_map.hpp"
#include "sim/report/html/histogram.hpp"

namespace witin::report {

struct NetworkNode {
  std::string name;
  std::string op;
  std::string label;  // the verdict in words
  std::vector<std::string> inputs;
  html::Tone tone = html::Tone::kNeutral;
  std::string link = {};  // "#n3": where the page says more; empty: nowhere
};

// Nodes in execution order. Inputs that are no nodes are drawn as well; `outside` says what they are. Where no node has
// inputs they are taken to be unknown.
[[nodiscard]] html::Markup network_graph(const std::vector<NetworkNode>& nodes, std::string_view description,
                                         std::string_view outside);
// The anchor of what a page says of the node at this position: "n3".
[[nodiscard]] std::string node_anchor(std::size_t position);

// `frames` and `channels`: their extents; first_frame: the number of the first one.
[[nodiscard]] html::Markup difference_map(const diff::HeatMap& map, std::int64_t frames, const Shape& shape,
                                          std::string_view node, std::int64_t first_frame = 0);

// "channel 13 holds 81.2 % of them, then 40 (9.1 %); 3 of 64 channels touched" of the differences of groups of
// `channels_per_group` channels; empty where there are none or only one channel.
[[nodiscard]] std::string leading_channels(const std::vector<std::int64_t>& differences,
                                           std::int64_t channels_per_group, std::int64_t channels);
[[nodiscard]] std::string leading_channels(const diff::HeatMap& map, const Shape& shape);
[[nodiscard]] std::int64_t channels_of(const Shape& shape);  // axis 0 of a frame

// Bars of the errors that are not zero.
[[nodiscard]] html::Markup error_histogram(const std::vector<diff::HistogramBin>& bins, std::string_view node);

}  // namespace witin::report
