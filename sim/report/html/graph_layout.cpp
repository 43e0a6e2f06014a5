#include "sim/report/html/graph_layout.hpp"

#include <algorithm>

namespace witin::report::html {
namespace {

constexpr std::size_t kNone = static_cast<std::size_t>(-1);

class Lanes {
 public:
  std::size_t take(std::size_t wanted) {
    std::size_t lane = wanted;
    if (lane == kNone || is_taken(lane)) lane = first_free();
    if (lane >= taken_.size()) taken_.resize(lane + 1);
    taken_[lane] = true;
    return lane;
  }
  [[nodiscard]] std::size_t count() const { return taken_.size(); }

 private:
  [[nodiscard]] bool is_taken(std::size_t lane) const { return lane < taken_.size() && taken_[lane]; }
  [[nodiscard]] std::size_t first_free() const {
    return static_cast<std::size_t>(std::ranges::find(taken_, false) - taken_.begin());
  }
  std::vector<bool> taken_;
};

}  // namespace

std::optional<GraphLayout> lay_out(const std::vector<std::vector<std::size_t>>& inputs, std::size_t most) {
  std::vector<std::size_t> layer(inputs.size());
  for (std::size_t node = 0; node < inputs.size(); ++node) {
    for (const std::size_t input : inputs[node]) {
      if (input < node) layer[node] = std::max(layer[node], layer[input] + 1);
    }
  }
  const std::size_t layers = inputs.empty() ? 0 : std::ranges::max(layer) + 1;
  std::vector<std::vector<std::size_t>> nodes_of(layers);
  std::vector<std::size_t> last(inputs.size());  // the last layer that reads a node
  std::size_t items = 0;
  for (std::size_t node = 0; node < inputs.size(); ++node) {
    nodes_of[layer[node]].push_back(node);
    last[node] = layer[node];
    for (const std::size_t input : inputs[node]) {
      if (input < node) last[input] = std::max(last[input], layer[node]);
    }
  }
  for (std::size_t node = 0; node < inputs.size(); ++node) {
    items += 1 + (last[node] > layer[node] ? last[node] - layer[node] - 1 : 0);
    if (items > most) return std::nullopt;
  }

  GraphLayout layout;
  std::vector<std::size_t> here(inputs.size(), kNone);  // the item of a live value in the layer before
  std::vector<std::size_t> live;
  for (std::size_t l = 0; l < layers; ++l) {
    Lanes lanes;
    std::vector<std::size_t> added;
    for (const std::size_t node : nodes_of[l]) {
      GraphLayout::Item item{.node = node, .layer = l, .from = {}};
      for (const std::size_t input : inputs[node]) {
        if (input < node) item.from.push_back(here[input]);
      }
      item.lane = lanes.take(item.from.empty() ? kNone : layout.items[item.from.front()].lane);
      added.push_back(layout.items.size());
      layout.items.push_back(std::move(item));
    }
    std::vector<std::size_t> still;
    for (const std::size_t node : live) {
      if (last[node] <= l) continue;
      const std::size_t lane = lanes.take(layout.items[here[node]].lane);
      layout.items.push_back({.node = node, .layer = l, .lane = lane, .passing = true, .from = {here[node]}});
      here[node] = layout.items.size() - 1;
      still.push_back(node);
    }
    for (const std::size_t item : added) {
      const std::size_t node = layout.items[item].node;
      here[node] = item;
      if (last[node] > l) still.push_back(node);
    }
    live = std::move(still);
    layout.lanes.push_back(lanes.count());
  }
  return layout;
}

}  // namespace witin::report::html
