#include "sim/diff/tally.hpp"

#include <algorithm>
#include <bit>

#include "sim/frame_index.hpp"
#include "sim/package/limits.hpp"

namespace witin::diff {
namespace {

std::int64_t divide_up(std::int64_t value, std::int64_t by) { return (value + by - 1) / by; }

}  // namespace

std::int64_t error_of(std::int64_t left, std::int64_t right) {
  std::int64_t error = 0;
  if (__builtin_sub_overflow(right, left, &error)) return right > left ? kLargestError : -kLargestError;
  return std::clamp(error, -kLargestError, kLargestError);
}

Tally::Tally(const TallyShape& of)
    : of_(&of),
      channels_(of.shape.empty() ? 1 : std::max<std::int64_t>(of.shape.front(), 1)),
      channel_values_(std::max<std::int64_t>(element_count(of.shape) / channels_, 1)),
      channels_per_group_(divide_up(channels_, static_cast<std::int64_t>(package::limits::kChannelGroups))),
      channels_per_column_(divide_up(channels_, static_cast<std::int64_t>(package::limits::kMapColumns))),
      frames_per_row_(
          std::max<std::int64_t>(divide_up(of.frames, static_cast<std::int64_t>(package::limits::kMapRows)), 1)) {}

std::size_t Tally::bin_of(std::int64_t magnitude) {
  if (magnitude <= kExact) return static_cast<std::size_t>(magnitude - 1);
  return static_cast<std::size_t>(kExact) + static_cast<std::size_t>(std::bit_width(std::uint64_t(magnitude) - 1)) - 4;
}

void Tally::add(std::int64_t position, std::int64_t frame, std::size_t first, const std::int64_t* left,
                const std::int64_t* right, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    if (left[i] != right[i]) add_value(position, frame, first + i, left[i], right[i]);
  }
}

void Tally::add_value(std::int64_t position, std::int64_t frame, std::size_t element, std::int64_t left,
                      std::int64_t right) {
  if (groups_.empty()) {
    groups_.resize(static_cast<std::size_t>(divide_up(channels_, channels_per_group_)));
    columns_ = static_cast<std::size_t>(divide_up(channels_, channels_per_column_));
    map_.resize(static_cast<std::size_t>(divide_up(of_->frames, frames_per_row_)) * columns_);
  }
  const std::int64_t error = error_of(left, right);
  const std::int64_t magnitude = error < 0 ? -error : error;
  ++different_;
  beyond_ += magnitude > of_->tolerance ? 1 : 0;
  frames_different_ += last_position_ == position ? 0 : 1;
  last_position_ = position;
  error_sum_ += error;
  magnitude_sum_ += magnitude;
  largest_ = std::max(largest_, magnitude);
  ++(error > 0 ? above_ : below_)[bin_of(magnitude)];
  const std::int64_t channel = static_cast<std::int64_t>(element) / channel_values_;
  ChannelGroup& group = groups_[static_cast<std::size_t>(channel / channels_per_group_)];
  ++group.different;
  group.error_sum += error;
  ++map_[static_cast<std::size_t>(position / frames_per_row_) * columns_ +
         static_cast<std::size_t>(channel / channels_per_column_)];
  if (examples_.size() < of_->max_examples || (!examples_.empty() && position < examples_.back().position)) {
    add_example({position, {frame, index_of(element, of_->shape), left, right}});
  }
}

// Values of one frame come in their order, so that equal positions keep it.
void Tally::add_example(Positioned example) {
  const auto place = std::ranges::upper_bound(examples_, example.position, {}, &Positioned::position);
  examples_.insert(place, std::move(example));
  if (examples_.size() > of_->max_examples) examples_.pop_back();
}

void Tally::merge(const Tally& other) {
  if (other.different_ == 0) return;
  if (groups_.empty()) {
    groups_.resize(other.groups_.size());
    map_.resize(other.map_.size());
    columns_ = other.columns_;
  }
  different_ += other.different_;
  beyond_ += other.beyond_;
  frames_different_ += other.frames_different_;
  error_sum_ += other.error_sum_;
  magnitude_sum_ += other.magnitude_sum_;
  largest_ = std::max(largest_, other.largest_);
  for (std::size_t i = 0; i < kSide; ++i) {
    above_[i] += other.above_[i];
    below_[i] += other.below_[i];
  }
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    groups_[i].different += other.groups_[i].different;
    groups_[i].error_sum += other.groups_[i].error_sum;
  }
  for (std::size_t i = 0; i < map_.size(); ++i) map_[i] += other.map_[i];
  for (const Positioned& example : other.examples_) add_example(example);
}

void Tally::fill(FieldReport& report, std::int64_t values) const {
  report.shape = of_->shape;
  report.frames = of_->frames;
  report.values = values;
  report.different = different_;
  report.beyond = beyond_;
  report.frames_different = frames_different_;
  report.largest_error = largest_;
  if (values > 0) {
    report.mean_error = static_cast<double>(error_sum_) / static_cast<double>(values);
    report.mean_absolute_error = static_cast<double>(magnitude_sum_) / static_cast<double>(values);
  }
  const auto bounds = [](std::size_t bin) -> std::pair<std::int64_t, std::int64_t> {
    const auto exact = static_cast<std::size_t>(kExact);
    if (bin < exact) return {static_cast<std::int64_t>(bin) + 1, static_cast<std::int64_t>(bin) + 1};
    return {(kExact << (bin - exact)) + 1, kExact << (bin - exact + 1)};
  };
  for (std::size_t bin = kSide; bin-- > 0;) {
    if (below_[bin] != 0) report.histogram.push_back({-bounds(bin).second, -bounds(bin).first, below_[bin]});
  }
  if (values > different_) report.histogram.push_back({0, 0, values - different_});
  for (std::size_t bin = 0; bin < kSide; ++bin) {
    if (above_[bin] != 0) report.histogram.push_back({bounds(bin).first, bounds(bin).second, above_[bin]});
  }
  report.channels = channels_;
  report.channels_per_group = channels_per_group_;
  report.channel_groups = groups_;
  if (!map_.empty()) {
    report.map = {map_.size() / columns_, columns_, frames_per_row_, channels_per_column_, map_};
  }
  for (const Positioned& positioned : examples_) report.examples.push_back(positioned.example);
}

}  // namespace witin::diff
