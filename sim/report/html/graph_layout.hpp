// Places of a network's nodes: layers from left to right, wrapped into bands like lines of text.
//
// A node's layer is one more than the largest of its inputs'. Inside a layer every node has a lane: that of its first
// input where it is free. A value that is read further on holds a lane in each layer it passes, so that no line runs
// behind a node.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace witin::report::html {

struct GraphLayout {
  struct Item {
    std::size_t node = 0;
    std::size_t layer = 0;
    std::size_t lane = 0;
    bool passing = false;           // the node's value on its way, not the node
    std::vector<std::size_t> from;  // items of the layer before
  };

  std::vector<Item> items;         // layer by layer
  std::vector<std::size_t> lanes;  // of each layer: one more than the largest lane in use
};

// `inputs` of each node are earlier nodes; others are left out. Nothing where it would take more than `most` items.
[[nodiscard]] std::optional<GraphLayout> lay_out(const std::vector<std::vector<std::size_t>>& inputs, std::size_t most);

}  // namespace witin::report::html
