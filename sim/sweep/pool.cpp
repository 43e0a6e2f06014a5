#include "sim/sweep/pool.hpp"

#include <algorithm>

#include "sim/guard.hpp"

namespace witin::sweep {

Pool::Pool(std::vector<std::size_t> units, int threads, Measure measure)
    : units_(std::move(units)), measure_(std::move(measure)) {
  const int workers = static_cast<int>(std::min<std::size_t>(units_.size(), static_cast<std::size_t>(threads)));
  outcomes_.reserve(units_.size());
  threads_.reserve(static_cast<std::size_t>(workers));
  try {
    for (int worker = 0; worker < workers; ++worker) {
      threads_.emplace_back([this, each = std::max(1, threads / workers)] { work(each); });
    }
  } catch (...) {
    if (threads_.empty()) throw;
  }
}

Pool::~Pool() { stop_ = true; }

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
  if (drained() || !arrived_.wait_for(lock, patience, [this] { return popped_ < outcomes_.size(); }))
    return std::nullopt;
  return std::move(outcomes_[popped_++]);
}

}  // namespace witin::sweep
