// Counts over the output codes of every node of a run: exact integers that do not depend on threads or blocks.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "witin/engine.hpp"

namespace witin::report {

struct NodeStats {
  std::int64_t values = 0;
  std::int64_t zeros = 0;
  std::int64_t saturated = 0;  // codes at an end of the node's range, where that end is not 0 (ReLU cuts there)
  std::int32_t min = 0;
  std::int32_t max = 0;
  std::vector<std::int32_t> first = {};  // the first codes of the first frame, at most kFirstCodes
};

inline constexpr std::size_t kFirstCodes = 8;

class NodeStatsSink final : public FrameSink {
 public:
  explicit NodeStatsSink(std::span<const NodeInfo> nodes);
  ~NodeStatsSink() override;
  NodeStatsSink(const NodeStatsSink&) = delete;
  NodeStatsSink& operator=(const NodeStatsSink&) = delete;

  [[nodiscard]] bool wants(std::size_t node, std::size_t field) const override;
  Status write(std::size_t node, std::size_t field, std::int64_t first, std::int64_t count, const void* codes) override;

  // After the run; one for each node.
  [[nodiscard]] std::vector<NodeStats> stats() const;

 private:
  struct Counter;
  std::vector<std::unique_ptr<Counter>> counters_;
};

}  // namespace witin::report
