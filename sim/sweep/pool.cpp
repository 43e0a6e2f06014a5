#include "sim/sweep/pool.hpp"

#include <algorithm>

#include "sim/guard.hpp"

namespace witin::sweep {

Pool::Pool(std::vector<std::size_t> units, int threads, Measure measure)
    : units_(std::move(units)), measure_(std::move(measure)) {
  const int workers = static_cast<int>(std::min<std::size_t>(units_.size(), static_cast<std::size_t>(threads)));
  for (int worker = 0; worker < workers; ++worker) {
    threads_.emplace_back([this, each = std::max(1, threads / workers)] { work(each); });
  }
}

Pool::~Pool() {
  stop_ = true;
  for (std::thread& thread : threads_) thread.join();
}

void Pool::work(int threads) {
  while (!stop_) {
    const std::size_t next = next_.fetch_add(1);
    if (next >= units_.size()) return;
    Outcome outcome{units_[next], guarded("", [&] { return measure_(units_[next], threads, stop_); })};
    const std::scoped_lock lock(mutex_);
    outcomes_.push_back(std::move(outcome));
    arrived_.notify_one();
  }
}

std::optional<Pool::Outcome> Pool::pop(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  if (drained() || !arrived_.wait_for(lock, patience, [this] { return !outcomes_.empty(); })) return std::nullopt;
  Outcome outcome = std::move(outcomes_.front());
  outcomes_.pop_front();
  ++popped_;
  return outcome;
}

}  // namespace witin::sweep
