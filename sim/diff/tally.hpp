// The statistics of one pair of arrays, gathered block by block by several threads and merged.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "sim/diff/report.hpp"

namespace witin::diff {

// Errors beyond +-kLargestError count as these: codes are at most 32 bits wide, other integers are shown but not
// summed.
inline constexpr std::int64_t kLargestError = std::int64_t{1} << 32;

// right - left within +-kLargestError.
[[nodiscard]] std::int64_t error_of(std::int64_t left, std::int64_t right);

// What all tallies of one pair share.
struct TallyShape {
  Shape shape;              // of one frame
  std::int64_t frames = 0;  // that will be compared
  std::int64_t tolerance = 0;
  std::size_t max_examples = 0;
};

class Tally {
 public:
  explicit Tally(const TallyShape& of);

  // One frame that differs: `position` among the compared ones, `frame` of the run. Values begin at element `first` of
  // the frame; parts of a frame come one after the other, `first` 0 begins it.
  void add(std::int64_t position, std::int64_t frame, std::size_t first, const std::int64_t* left,
           const std::int64_t* right, std::size_t count);
  void merge(const Tally& other);

  [[nodiscard]] std::int64_t different() const { return different_; }
  [[nodiscard]] std::int64_t beyond() const { return beyond_; }
  // Fills what does not depend on names; `values` were compared.
  void fill(FieldReport& report, std::int64_t values) const;

 private:
  static constexpr std::int64_t kExact = 8;  // errors up to this have bins of their own, wider ones share powers of two
  static constexpr std::size_t kSide = 8 + 30;
  struct Positioned {
    std::int64_t position;
    Example example;
  };

  static std::size_t bin_of(std::int64_t magnitude);
  void add_value(std::int64_t position, std::int64_t frame, std::size_t element, std::int64_t left, std::int64_t right);
  void add_example(Positioned example);

  const TallyShape* of_;
  std::int64_t channels_;
  std::int64_t channel_values_;
  std::int64_t channels_per_group_;
  std::int64_t channels_per_column_;
  std::int64_t frames_per_row_;
  std::int64_t different_ = 0;
  std::int64_t beyond_ = 0;
  std::int64_t frames_different_ = 0;
  std::int64_t last_position_ = -1;
  std::int64_t error_sum_ = 0;
  std::int64_t magnitude_sum_ = 0;
  std::int64_t largest_ = 0;
  std::array<std::int64_t, kSide> above_{};  // by bin of right - left > 0
  std::array<std::int64_t, kSide> below_{};
  std::vector<ChannelGroup> groups_;
  std::vector<std::int64_t> map_;
  std::size_t columns_ = 0;
  std::vector<Positioned> examples_;  // ascending
};

}  // namespace witin::diff
