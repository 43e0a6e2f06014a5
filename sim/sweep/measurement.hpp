// What one unit of a sweep finds: integers only, so that neither threads nor ranks can change them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "witin/error.hpp"

namespace witin::sweep {

// Output codes of a node against those of the noiseless run, over all frames; errors in LSB of the node.
struct NodeError {
  std::int64_t different = 0;  // values that are not equal
  std::uint64_t squares = 0;   // sum of squared errors
  std::int64_t largest = 0;    // largest error, without its sign

  friend bool operator==(const NodeError&, const NodeError&) = default;
};

struct Measurement {
  std::int64_t correct = 0;   // frames whose first largest output is at the label's index; 0 without labels
  std::int64_t agreeing = 0;  // frames whose first largest output is where the noiseless run has it
  std::vector<NodeError> nodes = {};

  friend bool operator==(const Measurement&, const Measurement&) = default;
};

// A measurement of unit `unit`, as journals and ranks pass it on: decimal numbers separated by spaces.
struct Record {
  std::size_t unit = 0;
  Measurement measurement = {};

  friend bool operator==(const Record&, const Record&) = default;
};

[[nodiscard]] std::string to_text(const Record& record);
[[nodiscard]] std::optional<Record> parse_record(std::string_view text);

}  // namespace witin::sweep
