// One run: frames cut into blocks, blocks shared among threads once (one fork, one join), results handed to sinks.
//
// Stateful networks run their blocks in order on the calling thread. An error stops the run; of several, the one of
// the earliest frames is reported, so that the report does not depend on the threads.
#pragma once

#include <mutex>

#include "sim/engine/plan.hpp"
#include "sim/engine/workers.hpp"
#include "sim/kernels/buffer.hpp"
#include "sim/ops/noisy.hpp"

namespace witin::engine {

class Runner {
 public:
  Runner(const Plan& plan, Workers& workers, FrameSource& source, std::span<FrameSink* const> sinks,
         const RunOptions& options);

  Status run();

 private:
  // Memory of one worker; made on its first block, reused for all others.
  struct Workspace {
    std::vector<kernels::Buffer> slots;                       // block_frames frames each
    std::vector<std::vector<std::vector<std::byte>>> fields;  // per node and wanted field
    std::vector<std::unique_ptr<ops::State>> states;
    ops::Scratch scratch;
  };

  [[nodiscard]] std::unique_ptr<Workspace> make_workspace() const;
  Status draw_noise();
  Status run_block(Workspace& workspace, std::int64_t first, std::int64_t count);
  Status run_step(Workspace& workspace, std::size_t step, std::int64_t first, std::int64_t count);
  Status run_timed(std::size_t step, const ops::Run& run) const;
  Status run_in_order();
  Status run_in_parallel(int threads);
  [[nodiscard]] std::int64_t next_block(std::int64_t left, int threads) const;
  void finished(std::int64_t frames);

  const Plan& plan_;
  Workers& workers_;
  FrameSource& source_;
  std::span<FrameSink* const> sinks_;
  const RunOptions& options_;
  std::int64_t end_ = 0;
  std::int64_t block_frames_ = 1;
  std::vector<std::vector<bool>> wanted_;                 // per node and field
  std::vector<std::unique_ptr<const ops::Noise>> noise_;  // per node; null: none
  std::atomic<std::int64_t> done_{0};
};

}  // namespace witin::engine
