// Compares what a run produces with a trace, value by value, block by block: equal means the same integer, whatever
// the dtypes. Memory does not grow with the number of frames.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "witin/engine.hpp"
#include "witin/trace.hpp"

namespace witin::golden {

struct Difference {
  std::int64_t frame = 0;  // of the trace
  Shape index = {};        // in the frame
  std::int64_t expected = 0;
  std::int64_t found = 0;
};

struct FieldComparison {
  std::string node;
  std::string field;
  std::int64_t compared = 0;
  std::int64_t different = 0;
  std::optional<Difference> first = {};  // the one of the earliest frame
};

class CompareSink final : public FrameSink {
 public:
  // Every array of `expected` must be a field of the network with the same shape, and hold `frames` frames; an
  // `expected` of one unnamed array (a .npy) is the network's only output. Errors: compare.node, compare.field,
  // compare.shape, compare.frames, compare.dtype, compare.output.
  [[nodiscard]] static Result<std::unique_ptr<CompareSink>> create(const Engine& engine, const Trace& expected,
                                                                   bool unnamed, std::int64_t frames);
  ~CompareSink() override;
  CompareSink(const CompareSink&) = delete;
  CompareSink& operator=(const CompareSink&) = delete;

  [[nodiscard]] bool wants(std::size_t node, std::size_t field) const override;
  Status write(std::size_t node, std::size_t field, std::int64_t first, std::int64_t count, const void* codes) override;

  // After the run, in execution order.
  [[nodiscard]] std::vector<FieldComparison> comparisons() const;

 private:
  struct Pair;
  explicit CompareSink(const Trace& expected);
  Status bind(const Engine& engine, bool unnamed, std::int64_t frames);
  Status add_pair(const NodeInfo& info, std::size_t node, std::size_t trace_node, std::size_t trace_field);

  Trace expected_;
  std::vector<std::vector<std::unique_ptr<Pair>>> pairs_;  // per node and field; null: not compared
};

}  // namespace witin::golden
