// The threads of an engine's runs. They are kept from run to run: one that has gone to sleep starts 80 microseconds
// late, and on a processor that is slow for as long again.
#pragma once

#include <tbb/task_arena.h>

#include <functional>
#include <memory>
#include <mutex>

namespace witin::engine {

class Workers {
 public:
  // Calls work() `threads` times, in this thread and in others as they come, or once where no other is to be had; it
  // returns when all have ended. A call that comes late may find nothing left to do. Exceptions of work() pass through.
  // Safe from several threads: a run beside another one has threads of its own.
  void run(int threads, const std::function<void()>& work);

 private:
  std::unique_ptr<tbb::task_arena> take(int threads);

  std::mutex mutex_;
  std::unique_ptr<tbb::task_arena> kept_;  // of the last run
};

}  // namespace witin::engine
