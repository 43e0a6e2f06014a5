// A network three times in one package, so that one run computes what a gap is made of:
//
//   library   every node in witin_nn on the library's values: what training computed
//   chip      every node in wtm2101 on the chip's values: what the chip computes
//   isolated  one node in wtm2101 on the library's values: what differs here is born in the node
//
// A node keeps its arithmetic in every copy where the package gives it a profile of its own, and where the other
// profile cannot compute it (an operator or attribute that only one of them has). On the chip a divisor and multiplier
// become g = divisor / multiplier, the one step its converter makes.
#pragma once

#include <optional>

#include "witin/package.hpp"

namespace witin::gap {

struct Copies {
  struct Node {
    std::size_t library = 0;              // positions in package.nodes
    std::optional<std::size_t> isolated;  // absent: its inputs are the same in all copies, it computes what `chip` does
    std::size_t chip = 0;
    bool kept = false;     // the same arithmetic on both sides
    std::string why = {};  // in words, where kept
  };

  Package package;
  std::vector<Node> nodes;  // of the original package
};

// An attribute that is a number; 0 where the node has none.
[[nodiscard]] double number_of(const Node& node, std::string_view attribute);

// Errors: of a node that neither profile can compute; gap.same where no node's arithmetic can change.
[[nodiscard]] Result<Copies> make_copies(const Package& original);

}  // namespace witin::gap
