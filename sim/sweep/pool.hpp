// Units measured by the threads of one process, taken in order; whoever waits gets the results as they come.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "sim/sweep/measurement.hpp"

namespace witin::sweep {

// Measures a unit on `threads` threads; ends soon with an error once `stop` is true.
using Measure = std::function<Result<Measurement>(std::size_t unit, int threads, const std::atomic<bool>& stop)>;

class Pool {
 public:
  // Units are done side by side, one a thread; where there are fewer units than threads, a unit gets several. Goes on
  // with the threads that can be had; std::system_error where there is none.
  Pool(std::vector<std::size_t> units, int threads, Measure measure);
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool();  // stops

  struct Outcome {
    std::size_t unit = 0;
    Result<Measurement> measurement;
  };
  // Waits at most `patience` for the next result.
  [[nodiscard]] std::optional<Outcome> pop(std::chrono::milliseconds patience);
  [[nodiscard]] bool drained() const { return popped_ == units_.size(); }

 private:
  void work(int threads);

  const std::vector<std::size_t> units_;
  const Measure measure_;
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<Outcome> outcomes_;  // in the order of their coming; holds all without growing
  std::size_t popped_ = 0;
  std::vector<std::jthread> threads_;
};

}  // namespace witin::sweep
