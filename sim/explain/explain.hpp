// Why a node's codes are not what the model computes: the node is computed again under every hypothesis the tool knows
// (sim/explain/hypotheses, fits.hpp), and under pairs of them, and what remains different is counted.
//
// A finding is certain only where it removes every difference, breaks nothing, the data are enough to tell, and no
// hypothesis of another cause does the same.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/explain/setup.hpp"
#include "witin/engine.hpp"

namespace witin::explain {

// What a node was given and what came out, [frames, *shape] in C order. Frames are consecutive, and start with the run
// where the node remembers frames.
struct Evidence {
  std::vector<Codes> inputs;  // in the order of Node::inputs
  Codes observed;             // npu_y
  std::int64_t frames = 0;
};

struct Finding {
  std::vector<std::string> ids;     // hypothesis ids; two: both together
  std::vector<std::string> causes;  // of each
  std::string sentence;
  std::string location;  // "columns 3, 7", "bias row 8"; empty: the whole node
  std::int64_t explained = 0;
  std::int64_t broken = 0;
  bool certain = false;
  std::vector<std::string> same_as = {};  // sentences of hypotheses that mean the same for this node
};

struct Explanation {
  std::int64_t frames = 0;     // that were looked at
  std::int64_t differing = 0;  // values that are not what the model computes from these inputs
  std::int64_t equal = 0;
  std::vector<Finding> findings = {};  // best first
  bool indistinguishable = false;      // the first findings explain everything alike
  bool complete = true;                // every pair of hypotheses was tried, or one hypothesis explains everything
};

// Errors: explain.evidence where the arrays do not fit the node or hold codes it cannot get; what the operator refuses.
[[nodiscard]] Result<Explanation> explain(const Engine& engine, std::size_t node, Evidence evidence);

}  // namespace witin::explain
