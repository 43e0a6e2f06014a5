// One line on a terminal that says how far a run is and how long it still takes.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace witin::cli {

// "[#####-----]  50 %  500 of 1000 frames, 0:12 left", at most `columns` characters; without the bar where it is tight.
// `things`: what is counted.
[[nodiscard]] std::string progress_line(std::int64_t done, std::int64_t total, double seconds, int columns,
                                        std::string_view things = "frames");

// Drawn at most ten times a second, the first time after half a second; removed by the destructor.
class ProgressBar {
 public:
  explicit ProgressBar(bool visible, std::string_view things = "frames") : visible_(visible), things_(things) {}
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  ~ProgressBar();

  // From any thread.
  void update(std::int64_t done, std::int64_t total);

 private:
  using Clock = std::chrono::steady_clock;

  const bool visible_;
  const std::string things_;
  const Clock::time_point start_ = Clock::now();
  std::mutex mutex_;
  Clock::time_point next_ = start_ + std::chrono::milliseconds(500);
  std::int64_t drawn_ = -1;  // frames of the last drawing; blocks may finish out of order
};

}  // namespace witin::cli
