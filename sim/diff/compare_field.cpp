#include "sim/diff/compare_field.hpp"

#include <algorithm>
#include <cstring>
#include <mutex>

#include "sim/cancel.hpp"
#include "sim/diff/elements.hpp"
#include "sim/diff/tally.hpp"
#include "sim/guard.hpp"
#include "sim/processors.hpp"
#include "sim/share_work.hpp"

namespace witin::diff {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{256} << 10;  // of one side: two of them fit a level-2 cache
constexpr std::size_t kBufferBytes = std::size_t{48} << 20;  // of all threads, unless one frame is larger
constexpr std::size_t kPart = 2048;                          // values that are widened at a time
constexpr int kMostThreads = 8;                              // more only wait for memory

class FieldComparison {
 public:
  FieldComparison(const FieldJob& job, const CompareOptions& options, const std::function<void(std::int64_t)>& progress)
      : job_(job),
        options_(options),
        progress_(progress),
        left_(job.left->entries()[job.left_entry]),
        right_(job.right->entries()[job.right_entry]),
        values_(static_cast<std::size_t>(element_count(left_.shape))),
        left_bytes_(values_ * size_of(left_.dtype)),
        right_bytes_(values_ * size_of(right_.dtype)),
        shape_{left_.flat ? right_.shape : left_.shape, job.frames.count, options.tolerance,
               std::max<std::size_t>(options.max_examples, 1)},
        total_(shape_) {
    const std::size_t frame = std::max<std::size_t>({left_bytes_, right_bytes_, 1});
    block_ = static_cast<std::int64_t>(std::max<std::size_t>(kBlockBytes / frame, 1));
  }

  Result<FieldResult> run() {
    share_work(static_cast<std::size_t>(threads()), [this] { work_through(); });
    if (!status_) return std::move(status_).error();
    FieldResult result;
    total_.fill(result.report, job_.frames.count * static_cast<std::int64_t>(values_));
    result.bits = std::move(bits_);
    return result;
  }

 private:
  int threads() const {
    const int wanted = std::min(options_.threads > 0 ? options_.threads : processors(), kMostThreads);
    const auto block_bytes = static_cast<std::size_t>(block_) * (left_bytes_ + right_bytes_) + 1;
    const auto room = static_cast<int>(std::clamp<std::size_t>(kBufferBytes / block_bytes, 1, kMostThreads));
    const std::int64_t blocks = (job_.frames.count + block_ - 1) / block_;
    return static_cast<int>(std::min<std::int64_t>(std::min(wanted, room), std::max<std::int64_t>(blocks, 1)));
  }

  void work_through() {
    Status done = guarded("", [this]() -> Status {
      Tally tally(shape_);
      const auto together = static_cast<std::size_t>(std::min(block_, job_.frames.count));  // none of no frames
      std::vector<std::byte> left(together * left_bytes_);
      std::vector<std::byte> right(together * right_bytes_);
      while (!failed_) {
        const std::int64_t first = next_.fetch_add(block_);
        if (first >= job_.frames.count) break;
        if (is_cancelled(options_.cancel)) return cancelled("comparison");
        const std::int64_t count = std::min(block_, job_.frames.count - first);
        if (Status status = read(*job_.left, job_.left_entry, job_.left_once, true, first, count, left); !status) {
          return status;
        }
        if (Status status = read(*job_.right, job_.right_entry, job_.right_once, false, first, count, right); !status) {
          return status;
        }
        compare_block(first, count, left, right, tally);
        if (progress_) progress_(count * static_cast<std::int64_t>(values_));
      }
      const std::scoped_lock lock(mutex_);
      total_.merge(tally);
      return {};
    });
    if (done) return;
    failed_ = true;
    const std::scoped_lock lock(mutex_);
    if (status_) status_ = std::move(done);
  }

  Status read(const Side& side, std::size_t entry, bool once, bool is_left, std::int64_t first, std::int64_t count,
              std::vector<std::byte>& out) const {
    const std::size_t frame_bytes = is_left ? left_bytes_ : right_bytes_;
    const std::span<std::byte> all(out.data(), static_cast<std::size_t>(count) * frame_bytes);
    const auto within = [&side](Status status) -> Status {
      if (!status) return std::move(status).error().within(side.info().path);
      return status;
    };
    if (job_.frames.from_zero) {
      const std::int64_t at = job_.frames.left_at(first);
      return within(once ? side.read_once(entry, at, count, all) : side.read(entry, at, count, all));
    }
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t at = is_left ? job_.frames.left_at(first + i) : job_.frames.right_at(first + i);
      const auto part = all.subspan(static_cast<std::size_t>(i) * frame_bytes, frame_bytes);
      if (Status status = within(side.read(entry, at, 1, part)); !status) return status;
    }
    return {};
  }

  void compare_block(std::int64_t first, std::int64_t count, std::span<const std::byte> left,
                     std::span<const std::byte> right, Tally& tally) {
    const bool same_type = left_.dtype == right_.dtype;
    const auto frames = static_cast<std::size_t>(count);
    if (same_type && std::memcmp(left.data(), right.data(), frames * left_bytes_) == 0) return;
    std::vector<std::int64_t> frames_found;
    for (std::size_t i = 0; i < frames; ++i) {
      const auto l = left.subspan(i * left_bytes_, left_bytes_);
      const auto r = right.subspan(i * right_bytes_, right_bytes_);
      if (same_type && std::memcmp(l.data(), r.data(), left_bytes_) == 0) continue;
      const std::int64_t position = first + static_cast<std::int64_t>(i);
      const std::int64_t frame = left_.frame_numbers.empty()
                                     ? job_.right->frame_number(job_.right_entry, job_.frames.right_at(position))
                                     : job_.left->frame_number(job_.left_entry, job_.frames.left_at(position));
      if (compare_frame(position, frame, l, r, tally)) frames_found.push_back(frame);
    }
    if (frames_found.empty()) return;
    const std::scoped_lock lock(mutex_);
    if (bits_.size() == 0) bits_ = FrameBits(job_.run_frames, job_.frames_per_bit);
    for (const std::int64_t frame : frames_found) bits_.set(frame);
  }

  bool compare_frame(std::int64_t position, std::int64_t frame, std::span<const std::byte> left,
                     std::span<const std::byte> right, Tally& tally) const {
    std::int64_t l[kPart];
    std::int64_t r[kPart];
    const std::int64_t before = tally.different();
    for (std::size_t at = 0; at < values_; at += kPart) {
      const std::size_t count = std::min(kPart, values_ - at);
      widen(left_.dtype, left, at, count, l);
      widen(right_.dtype, right, at, count, r);
      if (std::memcmp(l, r, count * sizeof(l[0])) != 0) tally.add(position, frame, at, l, r, count);
    }
    return tally.different() != before;
  }

  const FieldJob& job_;
  const CompareOptions& options_;
  const std::function<void(std::int64_t)>& progress_;
  const Entry& left_;
  const Entry& right_;
  const std::size_t values_;
  const std::size_t left_bytes_;
  const std::size_t right_bytes_;
  const TallyShape shape_;
  std::int64_t block_ = 1;
  std::atomic<std::int64_t> next_ = 0;
  std::atomic<bool> failed_ = false;
  std::mutex mutex_;  // of the members below
  Tally total_;
  FrameBits bits_;
  Status status_;
};

}  // namespace

Result<FieldResult> compare_field(const FieldJob& job, const CompareOptions& options,
                                  const std::function<void(std::int64_t)>& progress) {
  return FieldComparison(job, options, progress).run();
}

}  // namespace witin::diff
