// What a run did, as a summary a person reads and as a document a program reads.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "sim/report/accuracy.hpp"
#include "sim/report/node_stats.hpp"
#include "witin/engine.hpp"

namespace witin::report {

struct RunReport {
  std::int64_t first_frame = 0;
  std::int64_t frames = 0;
  std::vector<NodeStats> stats = {};  // one for each node; empty: not counted
  std::optional<Accuracy> accuracy = {};
  std::filesystem::path output = {};  // the files that were written; empty: none
  std::filesystem::path trace = {};
};

// A table of the nodes; needs stats.
[[nodiscard]] std::string summary(const Engine& engine, const RunReport& report);
// "99.17 %", hundredths rounded half up.
[[nodiscard]] std::string percent_of_frames(const Accuracy& accuracy);
// "accuracy: 357 of 360 frames, 99.17 %"
[[nodiscard]] std::string summary(const Accuracy& accuracy);
// witin.run
[[nodiscard]] std::string document(const Engine& engine, const RunReport& report);

}  // namespace witin::report
