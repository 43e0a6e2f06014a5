// Which array of the left side is compared with which of the right side.
//
//   by node and field   the same names on both sides
//   after the table     a mapper's layer_debug output of node n is what n's ReLU or look-up table made of it: npu_y of
//                       the node that reads n, where there is one, else of n
//   by layer            where both sides have only positions of layers: the k-th is the k-th; where one side has, the
//                       k-th layer is the k-th node on the array
//   the only one        an array without a name is the other side's only one, or its network's only output, of that
//   size
#pragma once

#include "sim/diff/compare.hpp"

namespace witin::diff {

struct Match {
  std::size_t left;
  std::size_t right;
  std::string node;          // under which it is reported
  bool by_position = false;  // both count frames their own way: the i-th is the i-th
};

struct Matches {
  std::vector<Match> pairs = {};  // in execution order
  std::vector<Missing> missing = {};
  std::vector<std::string> notes = {};
};

// Errors: diff.ambiguous, diff.dtype.
[[nodiscard]] Result<Matches> match(const Side& left, const Side& right, const CompareOptions& options);

}  // namespace witin::diff
