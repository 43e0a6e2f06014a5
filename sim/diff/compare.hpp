// Compares two sides value by value: equal means the same integer, whatever the dtypes. Blocks that are equal cost one
// pass; details are worked out only where values differ.
#pragma once

#include <atomic>
#include <functional>

#include "sim/diff/report.hpp"
#include "sim/diff/side.hpp"

namespace witin::diff {

struct CompareOptions {
  std::int64_t tolerance = 0;  // largest absolute error that is let pass, in LSB
  std::string nodes = "*";     // only nodes whose names match this glob (fnmatch)
  std::int64_t first_frame = 0;
  std::int64_t end_frame = -1;   // -1: all
  std::size_t max_examples = 5;  // of each field
  int threads = 0;               // 0: one per processor
  const std::atomic<bool>* cancel = nullptr;
  std::function<void(std::int64_t done, std::int64_t total)> progress = {};  // in values; from any thread
};

// Arrays of one name but of different shapes count as missing on both sides. Errors: diff.nothing where no value was
// compared; diff.ambiguous where an array without a name fits several of the other side; diff.dtype; run.cancelled;
// those of the sides.
[[nodiscard]] Result<Report> compare(const Side& left, const Side& right, const CompareOptions& options = {});

}  // namespace witin::diff
