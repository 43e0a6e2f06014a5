#include "sim/report/node_stats.hpp"

#include <algorithm>
#include <mutex>

#include "sim/ops/codes.hpp"

namespace witin::report {
namespace {

constexpr std::int32_t kNoCode = INT32_MIN;  // stands for an end of the range that does not count as saturated

template <typename Code>
NodeStats count_codes(const Code* codes, std::size_t size, std::int32_t lo, std::int32_t hi) {
  // Counters of 32 bits within a chunk and no branches: the compiler makes vectors of it.
  constexpr std::size_t kChunk = 1 << 14;
  NodeStats stats{.values = static_cast<std::int64_t>(size), .min = codes[0], .max = codes[0]};
  for (std::size_t begin = 0; begin < size; begin += kChunk) {
    const std::size_t end = std::min(size, begin + kChunk);
    std::int32_t zeros = 0;
    std::int32_t saturated = 0;
    Code min = codes[begin];
    Code max = codes[begin];
    for (std::size_t i = begin; i < end; ++i) {
      const Code code = codes[i];
      zeros += code == 0 ? 1 : 0;
      saturated += (code == lo ? 1 : 0) + (code == hi ? 1 : 0);
      min = std::min(min, code);
      max = std::max(max, code);
    }
    stats.zeros += zeros;
    stats.saturated += saturated;
    stats.min = std::min<std::int32_t>(stats.min, min);
    stats.max = std::max<std::int32_t>(stats.max, max);
  }
  return stats;
}

}  // namespace

struct NodeStatsSink::Counter {
  Storage storage;
  std::size_t frame_size;
  std::int32_t lo;
  std::int32_t hi;
  std::mutex mutex;
  NodeStats stats;
};

NodeStatsSink::NodeStatsSink(std::span<const NodeInfo> nodes) {
  for (const NodeInfo& node : nodes) {
    auto counter = std::make_unique<Counter>();
    counter->storage = node.fields.front().storage;
    counter->frame_size = static_cast<std::size_t>(element_count(node.shape));
    counter->lo = node.range.lo != 0 ? node.range.lo : kNoCode;
    counter->hi = node.range.hi != 0 && node.range.hi != node.range.lo ? node.range.hi : kNoCode;
    counters_.push_back(std::move(counter));
  }
}

NodeStatsSink::~NodeStatsSink() = default;

bool NodeStatsSink::wants(std::size_t, std::size_t field) const { return field == 0; }

Status NodeStatsSink::write(std::size_t node, std::size_t, std::int64_t first, std::int64_t count, const void* codes) {
  Counter& counter = *counters_[node];
  const std::size_t size = counter.frame_size * static_cast<std::size_t>(count);
  if (size == 0) return {};
  const NodeStats block = ops::with_element(counter.storage, [&]<typename Code>(Code*) {
    return count_codes(static_cast<const Code*>(codes), size, counter.lo, counter.hi);
  });
  const std::scoped_lock lock(counter.mutex);
  NodeStats& sum = counter.stats;
  sum.min = sum.values == 0 ? block.min : std::min(sum.min, block.min);
  sum.max = sum.values == 0 ? block.max : std::max(sum.max, block.max);
  sum.values += block.values;
  sum.zeros += block.zeros;
  sum.saturated += block.saturated;
  if (first == 0) {
    sum.first.resize(std::min(kFirstCodes, counter.frame_size));
    ops::widen(counter.storage, codes, 0, sum.first);
  }
  return {};
}

std::vector<NodeStats> NodeStatsSink::stats() const {
  std::vector<NodeStats> all;
  for (const auto& counter : counters_) all.push_back(counter->stats);
  return all;
}

}  // namespace witin::report
