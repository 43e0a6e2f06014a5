// Which stored frames of two arrays are the same frame of the run.
#pragma once

#include <vector>

#include "sim/diff/compare.hpp"

namespace witin::diff {

struct FramePairs {
  // Of each compared frame the stored positions on both sides, unless `from_zero`: then frame first + i is at that
  // position on both sides.
  std::vector<std::int64_t> left = {};
  std::vector<std::int64_t> right = {};
  bool from_zero = true;
  std::int64_t first = 0;
  std::int64_t count = 0;
  std::int64_t missing_left = 0;  // frames that only the right side has
  std::int64_t missing_right = 0;

  [[nodiscard]] std::int64_t left_at(std::int64_t i) const {
    return from_zero ? first + i : left[static_cast<std::size_t>(i)];
  }
  [[nodiscard]] std::int64_t right_at(std::int64_t i) const {
    return from_zero ? first + i : right[static_cast<std::size_t>(i)];
  }
};

// Frames within [options.first_frame, options.end_frame). A side that holds a sample of the frames misses none of the
// others. `by_position`: the i-th frame is the i-th frame, whatever their numbers.
[[nodiscard]] FramePairs pair_frames(const Entry& left, const Entry& right, bool by_position,
                                     const CompareOptions& options);

}  // namespace witin::diff
