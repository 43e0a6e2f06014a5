// Counts differences between the copies of a network while they run. Codes of a block are kept from the library's copy
// of a node to the chip's, which comes later in the same block.
#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "sim/gap/gap.hpp"

namespace witin::gap {

class GapSink final : public FrameSink {
 public:
  // `engine` runs copies.package; `report.nodes` has its names, one for each of copies.nodes. Both must outlive the
  // sink.
  GapSink(const Engine& engine, const Copies& copies, std::int64_t frames, Report& report);
  ~GapSink() override;
  GapSink(const GapSink&) = delete;
  GapSink& operator=(const GapSink&) = delete;

  [[nodiscard]] bool wants(std::size_t node, std::size_t field) const override;
  Status write(std::size_t node, std::size_t field, std::int64_t first, std::int64_t count, const void* codes) override;

 private:
  struct Block;
  struct Counter;
  void count_block(Counter& counter, const Block& block, std::int64_t first, std::int64_t frames) const;

  std::int64_t frames_;
  std::vector<std::unique_ptr<Counter>> counters_;  // one for each node of the original network
  std::vector<std::size_t> node_of_;                // of each copy
};

}  // namespace witin::gap
