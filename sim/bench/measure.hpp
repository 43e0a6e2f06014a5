// How fast a network runs: the fastest of several runs, with the time of every node, beside what the core can do.
#pragma once

#include <memory>
#include <vector>

#include "witin/engine.hpp"

namespace witin::bench {

struct Measurement {
  std::int64_t frames = 0;  // of one run
  std::int64_t runs = 0;
  int threads = 1;
  double seconds = 0;                // of the fastest run
  std::vector<double> node_seconds;  // of that run, all threads together
  double peak_macs = 0;              // a second, of one core; 0: the path has none

  [[nodiscard]] std::int64_t macs(const Engine& engine) const;  // of one run
};

// Runs as `options` say, without sinks, until `seconds` have passed, at least three times.
[[nodiscard]] Result<Measurement> measure(const Engine& engine, FrameSource& source, RunOptions options,
                                          double seconds);

// Codes drawn evenly from every input's range, the same on each call.
[[nodiscard]] std::unique_ptr<FrameSource> random_source(const Package& package, std::int64_t frames);

}  // namespace witin::bench
