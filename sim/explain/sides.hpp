// Explains the nodes that a comparison of two sides found to differ where they need not: takes what each of them was
// given and gave from the sides, and asks which of the two the model agrees with.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/diff/report.hpp"
#include "sim/diff/side.hpp"
#include "sim/explain/explain.hpp"

namespace witin::explain {

enum class WrongSide : std::uint8_t {
  kUnknown,  // could not be looked at: `reason` says why
  kNeither,  // both are what the model computes of their inputs
  kLeft,
  kRight,
  kBoth,
};
[[nodiscard]] std::string_view name(WrongSide side);  // "unknown", "neither", "left", "right", "both"

struct NodeExplanation {
  std::string node;
  std::string op = {};
  WrongSide wrong = WrongSide::kUnknown;
  std::string reason = {};  // a sentence; empty: explained
  std::int64_t first_frame = 0;
  std::int64_t frames = 0;      // that were looked at
  std::int64_t all_frames = 0;  // for which there are codes
  bool consecutive = true;      // false: frames between them are missing
  std::optional<Explanation> left = {};
  std::optional<Explanation> right = {};
};

struct Explanations {
  std::vector<NodeExplanation> nodes = {};  // in execution order
  std::size_t left_out = 0;                 // beyond the first kExplainedNodes
};

// `report`: of these two sides. `inputs`: the network's input, or null where there is none. Errors: run.cancelled;
// those of reading the sides. What keeps one node from being explained is its `reason`.
[[nodiscard]] Result<Explanations> explain_sides(const Engine& engine, const diff::Side& left, const diff::Side& right,
                                                 const diff::Report& report, FrameSource* inputs,
                                                 const std::atomic<bool>* cancel = nullptr);

}  // namespace witin::explain
