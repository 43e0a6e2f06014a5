// Counts of random codes of every storage, against counting one code at a time, for any order and size of blocks.
#include "sim/report/node_stats.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <thread>

using namespace witin;
using report::NodeStats;
using report::NodeStatsSink;

namespace {

constexpr std::int64_t kFrameSize = 37;
constexpr std::int64_t kFrames = 1009;  // together more than one chunk of the counter

NodeInfo node_of(CodeRange range) {
  NodeInfo node{.name = "n", .op = "o", .shape = {kFrameSize}, .range = range, .inputs = {}, .fields = {}};
  node.fields.push_back({"npu_y", {kFrameSize}, storage_for(range), range});
  return node;
}

NodeStats count_slowly(const std::vector<std::int32_t>& codes, CodeRange range) {
  NodeStats stats{.min = codes[0], .max = codes[0]};
  for (const std::int32_t code : codes) {
    ++stats.values;
    if (code == 0) ++stats.zeros;
    if (code != 0 && (code == range.lo || code == range.hi)) ++stats.saturated;
    stats.min = std::min(stats.min, code);
    stats.max = std::max(stats.max, code);
  }
  stats.first.assign(codes.begin(), codes.begin() + 8);
  return stats;
}

void check_equal(const NodeStats& a, const NodeStats& b) {
  CHECK(a.values == b.values);
  CHECK(a.zeros == b.zeros);
  CHECK(a.saturated == b.saturated);
  CHECK(a.min == b.min);
  CHECK(a.max == b.max);
  CHECK(a.first == b.first);
}

template <typename Code>
void check_range(CodeRange range, std::minstd_rand& random) {
  const std::vector<NodeInfo> nodes{node_of(range)};
  std::vector<std::int32_t> wide(static_cast<std::size_t>(kFrameSize * kFrames));
  for (std::int32_t& code : wide) {
    // Ends and zero are frequent.
    const auto draw = random();
    const auto width = static_cast<std::uint64_t>(std::int64_t{range.hi} - range.lo + 1);
    code = draw % 5 == 0 ? range.hi : draw % 5 == 1 ? range.lo : range.lo + static_cast<std::int32_t>(random() % width);
    if (draw % 7 == 0 && range.lo <= 0 && range.hi >= 0) code = 0;
  }
  const std::vector<Code> codes(wide.begin(), wide.end());
  const NodeStats expected = count_slowly(wide, range);
  for (const std::int64_t block : {std::int64_t{1}, std::int64_t{64}, kFrames}) {
    NodeStatsSink sink(nodes);
    CHECK(sink.wants(0, 0));
    CHECK_FALSE(sink.wants(0, 1));
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 3; ++thread) {
      threads.emplace_back([&, thread] {
        for (std::int64_t first = (kFrames - 1) / block * block; first >= 0; first -= block) {
          if (first / block % 3 != thread) continue;
          (void)sink.write(0, 0, first, std::min(block, kFrames - first), codes.data() + first * kFrameSize);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    check_equal(sink.stats().front(), expected);
  }
}

}  // namespace

TEST_CASE("codes of a node are counted exactly") {
  std::minstd_rand random(7);
  check_range<std::int8_t>({-128, 127}, random);
  check_range<std::int8_t>({0, 127}, random);
  check_range<std::int8_t>({-128, 0}, random);
  check_range<std::int8_t>({5, 5}, random);
  check_range<std::int8_t>({0, 0}, random);
  check_range<std::uint8_t>({0, 255}, random);
  check_range<std::int16_t>({-2048, 2047}, random);
  check_range<std::int16_t>({-255, 255}, random);
  check_range<std::int32_t>({-100000, 100000}, random);
}

TEST_CASE("a node without frames has counted nothing") {
  const std::vector<NodeInfo> nodes{node_of({0, 1})};
  const NodeStats stats = NodeStatsSink(nodes).stats().front();
  CHECK(stats.values == 0);
  CHECK(stats.first.empty());
}
