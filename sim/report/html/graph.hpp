// A network as boxes and lines, coloured by what is known of each node.
#pragma once

#include <vector>

#include "sim/report/html/markup.hpp"

namespace witin::report::html {

struct GraphNode {
  std::string name;
  std::string detail = {};               // second line: the operator
  std::string label = {};                // third line: the verdict in words
  std::vector<std::size_t> inputs = {};  // earlier nodes of the graph
  Tone tone = Tone::kNeutral;
  std::string link = {};  // an anchor of the page, "#n3"; empty: none
};

struct Graph {
  std::string title;
  std::string description;            // what the picture shows, in a sentence
  std::vector<GraphNode> nodes = {};  // in execution order
  bool connected = true;              // false: inputs are unknown; boxes in execution order without lines
};

// Networks of more than package::limits::kGraphBoxes are drawn as small tiles in execution order.
[[nodiscard]] Markup graph(const Graph& graph);

}  // namespace witin::report::html
