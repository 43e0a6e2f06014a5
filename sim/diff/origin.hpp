// Tells, frame by frame, whether a node's differences were born in it or came with its inputs.
//
// Inputs are equal in a frame where the codes that drive the node (npu_x, or a recurrent node's inp and states) were
// compared and are equal, or where every node it reads was compared and is equal; nodes that were not compared are
// looked through to what they read. Nodes that remember frames inherit from every earlier frame of their inputs, and
// from as many later ones as they see; recurrent ones also from their own earlier outputs.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/diff/frame_bits.hpp"
#include "sim/diff/report.hpp"

namespace witin::diff {

// What was compared of one node.
struct NodeEvidence {
  std::string op = {};
  std::optional<std::vector<std::string>> reads = {};  // absent: unknown
  std::optional<std::int64_t> lookahead = {};
  bool output_compared = false;  // npu_y, in every frame of the run
  bool driven_compared = false;  // the codes that drive it, in every frame of the run
  FrameBits output = {};         // where npu_y differs
  FrameBits driven = {};         // where the codes that drive it differ
  FrameBits results = {};        // where any field but those differs
};

using Evidence = std::map<std::string, NodeEvidence>;

// Fills origin and frames_* of the nodes of `report`.
void find_origins(const Evidence& evidence, const std::vector<std::string>& network_inputs, Report& report);

}  // namespace witin::diff
