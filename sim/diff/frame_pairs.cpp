#include "sim/diff/frame_pairs.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace witin::diff {
namespace {

bool in_range(std::int64_t frame, const CompareOptions& options) {
  return frame >= options.first_frame && (options.end_frame < 0 || frame < options.end_frame);
}

// How many of the frames 0 .. frames - 1 were asked for.
std::int64_t asked(std::int64_t frames, const CompareOptions& options) {
  const std::int64_t end = options.end_frame < 0 ? frames : std::min(frames, options.end_frame);
  return std::max<std::int64_t>(end - options.first_frame, 0);
}

std::int64_t number(const Entry& entry, std::int64_t position) {
  return entry.frame_numbers.empty() ? position : entry.frame_numbers[static_cast<std::size_t>(position)];
}

}  // namespace

FramePairs pair_frames(const Entry& left, const Entry& right, bool by_position, const CompareOptions& options) {
  FramePairs pairs;
  if (by_position || (left.frame_numbers.empty() && right.frame_numbers.empty())) {
    pairs.first = options.first_frame;
    pairs.count = asked(std::min(left.frames, right.frames), options);
    pairs.missing_left = asked(right.frames, options) - pairs.count;
    pairs.missing_right = asked(left.frames, options) - pairs.count;
    return pairs;
  }
  pairs.from_zero = false;
  // The sampled side leads; where both are, the left one.
  const bool left_leads = !left.frame_numbers.empty();
  const Entry& leader = left_leads ? left : right;
  const Entry& other = left_leads ? right : left;
  // A sample may hold a frame several times: the first is the first of the other side, the second the second.
  std::unordered_map<std::int64_t, std::size_t> place;
  std::vector<std::size_t> again(other.frame_numbers.size());  // where the same frame stands next; itself: nowhere
  for (std::size_t i = other.frame_numbers.size(); i-- > 0;) {
    again[i] = std::exchange(place.try_emplace(other.frame_numbers[i], i).first->second, i);
  }
  for (std::int64_t i = 0; i < leader.frames; ++i) {
    const std::int64_t frame = number(leader, i);
    if (!in_range(frame, options)) continue;
    const auto found = place.find(frame);
    const bool there = other.frame_numbers.empty() ? frame < other.frames : found != place.end();
    if (!there) {
      ++(left_leads ? pairs.missing_right : pairs.missing_left);
      continue;
    }
    (left_leads ? pairs.left : pairs.right).push_back(i);
    std::int64_t counterpart = frame;
    if (!other.frame_numbers.empty()) {
      counterpart = static_cast<std::int64_t>(found->second);
      found->second = again[found->second];
    }
    (left_leads ? pairs.right : pairs.left).push_back(counterpart);
  }
  pairs.count = static_cast<std::int64_t>(pairs.left.size());
  return pairs;
}

}  // namespace witin::diff
