#include "sim/engine/workers.hpp"

#include <tbb/global_control.h>
#include <tbb/parallel_for.h>

#include <atomic>
#include <optional>
#include <stdexcept>

#include "sim/processors.hpp"

namespace witin::engine {
namespace {

// What threads hand each other passes through here too, where the thread sanitizer sees it: into TBB it cannot look.
class HandOver {
 public:
  HandOver() { ++count; }
  ~HandOver() { ++count; }
  HandOver(const HandOver&) = delete;
  HandOver& operator=(const HandOver&) = delete;

 private:
  static inline std::atomic<std::uint64_t> count{0};
};

}  // namespace

std::unique_ptr<tbb::task_arena> Workers::take(int threads) {
  {
    const std::scoped_lock lock(mutex_);
    if (kept_ != nullptr && kept_->max_concurrency() == threads) return std::move(kept_);
  }
  return std::make_unique<tbb::task_arena>(threads);
}

void Workers::run(int threads, const std::function<void()>& work) {
  // More threads than processors are given as well, without a warning of TBB on stderr.
  std::optional<tbb::global_control> allowed;
  if (threads > processors()) {
    allowed.emplace(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(threads));
  }
  std::atomic<bool> begun{false};
  const auto work_as_task = [&](int) {
    const HandOver here;
    begun = true;
    work();
  };
  const auto run_tasks = [&] {
    const HandOver here;
    tbb::parallel_for(0, threads, work_as_task, tbb::static_partitioner());
  };
  std::unique_ptr<tbb::task_arena> arena = take(threads);
  try {
    arena->execute(run_tasks);
  } catch (const std::runtime_error&) {  // of TBB: no thread to be had
    if (begun) throw;
    work();
  }
  const std::scoped_lock lock(mutex_);
  kept_ = std::move(arena);
}

}  // namespace witin::engine
