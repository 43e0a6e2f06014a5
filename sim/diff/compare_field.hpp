// Compares one array of the left side with one of the right side, in blocks, on several threads.
#pragma once

#include "sim/diff/frame_bits.hpp"
#include "sim/diff/frame_pairs.hpp"

namespace witin::diff {

struct FieldResult {
  FieldReport report;
  FrameBits bits;  // by frame of the run; empty where nothing differs
};

struct FieldJob {
  const Side* left;
  const Side* right;
  std::size_t left_entry;
  std::size_t right_entry;
  FramePairs frames;
  // The only job that reads this array of the side, from its first to its last frame.
  bool left_once = false;
  bool right_once = false;
  std::int64_t run_frames = 0;  // frames the bits are for
  std::int64_t frames_per_bit = 1;
};

// `progress` gets the values of each block. Errors: those of the sides, with the name of the side; run.cancelled.
[[nodiscard]] Result<FieldResult> compare_field(const FieldJob& job, const CompareOptions& options,
                                                const std::function<void(std::int64_t)>& progress);

}  // namespace witin::diff
