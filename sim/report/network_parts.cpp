#include "sim/report/network_parts.hpp"

#include <algorithm>
#include <map>
#include <numeric>

#include "sim/report/table.hpp"

namespace witin::report {
namespace {

constexpr std::size_t kLater = static_cast<std::size_t>(-1);  // a node that is not drawn yet
constexpr std::string_view kDash = "\xE2\x80\x93";

// The bounds of groups of `per`.
std::vector<std::int64_t> group_starts(std::int64_t extent, std::int64_t per, std::int64_t first) {
  std::vector<std::int64_t> starts;
  for (std::int64_t at = 0; at < extent; at += per) starts.push_back(first + at);
  starts.push_back(first + extent);
  return starts;
}

std::string span_of(std::int64_t lo, std::int64_t hi) {
  return lo == hi ? std::to_string(lo) : std::to_string(lo) + std::string(kDash) + std::to_string(hi);
}

}  // namespace

std::string node_anchor(std::size_t position) { return "n" + std::to_string(position); }

html::Markup network_graph(const std::vector<NetworkNode>& nodes, std::string_view description,
                           std::string_view outside) {
  html::Graph graph{"The network", std::string(description), {}};
  graph.connected = std::ranges::any_of(nodes, [](const NetworkNode& node) { return !node.inputs.empty(); });
  std::map<std::string, std::size_t, std::less<>> known;  // name -> position in the drawing
  for (const NetworkNode& node : nodes) known.emplace(node.name, kLater);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    for (const std::string& input : nodes[i].inputs) {
      if (known.contains(input)) continue;
      known.emplace(input, graph.nodes.size());
      graph.nodes.push_back({input, std::string(outside), "", {}, html::Tone::kNeutral, ""});
    }
  }
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    html::GraphNode drawn{nodes[i].name, nodes[i].op, nodes[i].label, {}, nodes[i].tone, nodes[i].link};
    for (const std::string& input : nodes[i].inputs) {
      if (const std::size_t at = known.find(input)->second; at != kLater) drawn.inputs.push_back(at);
    }
    known[nodes[i].name] = graph.nodes.size();
    graph.nodes.push_back(std::move(drawn));
  }
  return html::graph(graph);
}

html::Markup difference_map(const diff::HeatMap& map, std::int64_t frames, const Shape& shape, std::string_view node,
                            std::int64_t first_frame) {
  if (map.rows == 0 || map.columns == 0) return {};
  html::HeatMap drawn{"Where the differences of " + std::string(node) + " lie",
                      "Frames downwards, channels to the right; " + leading_channels(map, shape)};
  drawn.row_starts = group_starts(frames, map.frames_per_row, first_frame);
  drawn.column_starts = group_starts(channels_of(shape), map.channels_per_column, 0);
  if (drawn.row_starts.size() != map.rows + 1 || drawn.column_starts.size() != map.columns + 1) return {};
  drawn.counts = map.different;
  const std::int64_t channel_values = element_count(shape) / std::max<std::int64_t>(1, channels_of(shape));
  for (std::size_t r = 0; r < map.rows; ++r) {
    for (std::size_t c = 0; c < map.columns; ++c) {
      drawn.values.push_back((drawn.row_starts[r + 1] - drawn.row_starts[r]) *
                             (drawn.column_starts[c + 1] - drawn.column_starts[c]) * channel_values);
    }
  }
  return html::heat_map(drawn);
}

std::int64_t channels_of(const Shape& shape) { return shape.empty() ? 1 : shape.front(); }

std::string leading_channels(const diff::HeatMap& map, const Shape& shape) {
  std::vector<std::int64_t> sums(map.columns);
  for (std::size_t i = 0; i < map.different.size(); ++i) sums[i % map.columns] += map.different[i];
  return leading_channels(sums, map.channels_per_column, channels_of(shape));
}

std::string leading_channels(const std::vector<std::int64_t>& differences, std::int64_t channels_per_group,
                             std::int64_t channels) {
  const std::int64_t total = std::accumulate(differences.begin(), differences.end(), std::int64_t{0});
  if (total == 0 || channels <= 1) return {};
  const auto touched = std::ranges::count_if(differences, [](std::int64_t count) { return count != 0; });
  const auto groups = static_cast<std::int64_t>(differences.size());
  const std::string unit = channels_per_group == 1 ? " channels" : " groups of channels";
  std::vector<std::size_t> order(differences.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return differences[a] > differences[b]; });
  if (groups > 2 && differences[order[0]] * groups < 2 * total) {
    return "they are spread over " + std::to_string(touched) + " of " + std::to_string(groups) + unit +
           ", none holds twice its share";
  }
  std::string out;
  for (std::size_t i = 0; i < std::min<std::size_t>(3, order.size()) && differences[order[i]] != 0; ++i) {
    const std::int64_t first = static_cast<std::int64_t>(order[i]) * channels_per_group;
    const std::int64_t last = std::min(first + channels_per_group, channels) - 1;
    const std::string share = percent(differences[order[i]], total);
    if (i == 0) {
      out = (first == last ? "channel " : "channels ") + span_of(first, last) + (first == last ? " holds " : " hold ") +
            share + " of them";
    } else {
      out += ", then " + span_of(first, last) + " (" + share + ")";
    }
  }
  return out + "; " + std::to_string(touched) + " of " + std::to_string(groups) + unit + " touched";
}

html::Markup error_histogram(const std::vector<diff::HistogramBin>& bins, std::string_view node) {
  html::Histogram drawn{"Errors of " + std::string(node), "How large the differences are", "error in LSB", {}};
  std::int64_t previous = 0;
  bool any = false;
  for (const diff::HistogramBin& bin : bins) {
    if (bin.lo <= 0 && bin.hi >= 0) continue;  // the equal values
    // Small gaps are shown as empty bars, so that the shape of the distribution is not lost.
    for (std::int64_t gap = previous + 1; any && gap < bin.lo && bin.lo - previous < 8; ++gap) {
      if (gap != 0) drawn.bins.push_back({std::to_string(gap), 0});
    }
    drawn.bins.push_back(
        {bin.lo == bin.hi ? std::to_string(bin.lo) : std::to_string(bin.lo) + ".." + std::to_string(bin.hi),
         bin.count});
    previous = bin.hi;
    any = true;
  }
  return html::histogram(drawn);
}

}  // namespace witin::report
