#include "sim/diff/origin.hpp"

#include <algorithm>
#include <bit>
#include <set>

#include "sim/diff/fields.hpp"

namespace witin::diff {
namespace {

// What is known of everything a node reads.
struct Inputs {
  FrameBits differ;
  bool unknown = false;  // something it reads was not compared
  bool assumed = false;  // it reads an input of the network
};

class Tracer {
 public:
  Tracer(const Evidence& evidence, const std::vector<std::string>& network_inputs)
      : evidence_(evidence), network_inputs_(network_inputs.begin(), network_inputs.end()) {}

  Inputs inputs_of(const std::string& node, std::set<std::string>& visited) const {
    Inputs inputs;
    const auto found = evidence_.find(node);
    if (found == evidence_.end() || !found->second.reads || !visited.insert(node).second) {
      inputs.unknown = true;
      return inputs;
    }
    const NodeEvidence& own = found->second;
    for (const std::string& name : *own.reads) add(name, inputs, visited);
    if (own.lookahead) inputs.differ.spread_from_first(*own.lookahead);
    return inputs;
  }

 private:
  void add(const std::string& name, Inputs& inputs, std::set<std::string>& visited) const {
    const auto found = evidence_.find(name);
    if (found == evidence_.end()) {
      (network_inputs_.contains(name) ? inputs.assumed : inputs.unknown) = true;
      return;
    }
    const NodeEvidence& read = found->second;
    inputs.differ |= read.output;
    if (read.output_compared) return;
    if (read.driven_compared) {
      inputs.differ |= read.driven;
      return;
    }
    const Inputs behind = inputs_of(name, visited);
    inputs.differ |= behind.differ;
    inputs.unknown = inputs.unknown || behind.unknown;
    inputs.assumed = inputs.assumed || behind.assumed;
  }

  const Evidence& evidence_;
  std::set<std::string, std::less<>> network_inputs_;
};

void count(const NodeEvidence& own, Inputs inputs, NodeReport& report) {
  const bool only_driven = !own.results.any();  // what drives it differs, and nothing it made of that
  const FrameBits& differ = only_driven ? own.driven : own.results;
  const bool direct = own.driven_compared && !only_driven;
  if (!direct && is_recurrent(own.op)) {
    FrameBits state = own.output;
    state.only_after_first();
    inputs.differ |= state;
  }
  std::uint64_t born = 0;
  std::uint64_t inherited = 0;
  std::uint64_t unknown = 0;
  for (std::size_t i = 0; i < differ.size(); ++i) {
    const std::uint64_t here = differ.word(i);
    const std::uint64_t driven = direct ? own.driven.word(i) : ~std::uint64_t{0};
    const std::uint64_t graph = inputs.differ.word(i);
    born += static_cast<std::uint64_t>(std::popcount(here & ~driven));
    const std::uint64_t rest = here & driven;
    const bool cannot_tell = inputs.unknown || (direct && inputs.assumed);
    inherited += static_cast<std::uint64_t>(std::popcount(rest & graph));
    (cannot_tell ? unknown : born) += static_cast<std::uint64_t>(std::popcount(rest & ~graph));
    if (!cannot_tell && inputs.assumed && (rest & ~graph) != 0) report.assumes_equal_input = true;
  }
  report.frames_born = static_cast<std::int64_t>(born);
  report.frames_inherited = static_cast<std::int64_t>(inherited);
  report.frames_unknown = static_cast<std::int64_t>(unknown);
  report.frames_different = report.frames_born + report.frames_inherited + report.frames_unknown;
  if (report.frames_born > 0) {
    report.origin = Origin::kCulprit;
  } else if (report.frames_unknown > 0) {
    report.origin = Origin::kUnknown;
  } else if (report.frames_inherited > 0) {
    report.origin = Origin::kInherited;
  }
}

}  // namespace

void find_origins(const Evidence& evidence, const std::vector<std::string>& network_inputs, Report& report) {
  const Tracer tracer(evidence, network_inputs);
  for (NodeReport& node : report.nodes) {
    const auto found = evidence.find(node.node);
    if (found == evidence.end() || (!found->second.results.any() && !found->second.driven.any())) continue;
    std::set<std::string> visited;
    count(found->second, tracer.inputs_of(node.node, visited), node);
  }
}

}  // namespace witin::diff
