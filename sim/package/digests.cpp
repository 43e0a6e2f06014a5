#include "sim/package/digests.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <numeric>
#include <system_error>
#include <thread>

#include "sim/package/sha256_lanes.hpp"

namespace witin::package {
namespace {

using Messages = std::span<const std::span<const std::byte>>;

// Messages by size, the largest first; threads take them one after the other. Taking and digesting allocate nothing:
// what a thread throws ends the process.
class Queue {
 public:
  explicit Queue(Messages messages) : messages_(messages), digests_(messages.size()), order_(messages.size()) {
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    std::ranges::sort(order_, std::greater(), [&](std::size_t i) { return messages[i].size(); });
  }

  void work() noexcept {
    static const bool lanes = has_sha256_lanes();
    if (lanes) return work_in_lanes();
    for (std::size_t i = 0; take(i);) digests_[i] = sha256_of(messages_[i]);
  }

  [[nodiscard]] std::vector<Sha256> digests() && { return std::move(digests_); }

 private:
  struct Lane {
    bool busy = false;
    std::size_t message = 0;
    std::span<const std::byte> rest;
  };

  [[nodiscard]] bool take(std::size_t& message) noexcept {
    const std::size_t place = next_++;
    if (place < order_.size()) message = order_[place];
    return place < order_.size();
  }

  // Lanes work for as many blocks as the shortest message has; a message that is alone is faster without.
  void work_in_lanes() noexcept {
    std::array<Lane, kSha256Lanes> lanes;
    Sha256LaneStates states{};
    for (;;) {
      const std::byte* any = nullptr;
      std::array<const std::byte*, kSha256Lanes> at{};
      std::size_t blocks = SIZE_MAX;
      std::size_t busy = 0;
      for (std::size_t l = 0; l < lanes.size(); ++l) {
        Lane& lane = lanes[l];
        if (lane.busy && lane.rest.size() < kSha256Block) finish(lane, states, l);
        while (!lane.busy && take(lane.message)) begin(lane, states, l);
        if (!lane.busy) continue;
        ++busy;
        any = at[l] = lane.rest.data();
        blocks = std::min(blocks, lane.rest.size() / kSha256Block);
      }
      if (busy < 2) break;
      for (const std::byte*& from : at) {
        if (from == nullptr) from = any;  // no message: the state of this lane is not used
      }
      sha256_lanes(states, at, blocks);
      for (Lane& lane : lanes) {
        if (lane.busy) lane.rest = lane.rest.subspan(blocks * kSha256Block);
      }
    }
    for (std::size_t l = 0; l < lanes.size(); ++l) {
      if (lanes[l].busy) finish(lanes[l], states, l);
    }
  }

  void begin(Lane& lane, Sha256LaneStates& states, std::size_t column) noexcept {
    lane.rest = messages_[lane.message];
    lane.busy = lane.rest.size() >= kSha256Block;
    if (!lane.busy) digests_[lane.message] = sha256_of(lane.rest);
    for (std::size_t i = 0; i < states.size(); ++i) states[i][column] = kSha256Start[i];
  }

  void finish(Lane& lane, const Sha256LaneStates& states, std::size_t column) noexcept {
    Sha256State state{};
    for (std::size_t i = 0; i < state.size(); ++i) state[i] = states[i][column];
    digests_[lane.message] = sha256_of(lane.rest, state, messages_[lane.message].size() - lane.rest.size());
    lane.busy = false;
  }

  Messages messages_;
  std::vector<Sha256> digests_;
  std::vector<std::size_t> order_;
  std::atomic<std::size_t> next_{0};
};

}  // namespace

std::vector<Sha256> sha256_of(Messages messages) {
  constexpr std::size_t kLarge = std::size_t{64} << 10;
  constexpr std::size_t kWorthAThread = std::size_t{512} << 10;
  Queue queue(messages);
  std::size_t bytes = 0;
  std::size_t large = 0;
  for (const auto& message : messages) {
    bytes += message.size();
    if (message.size() >= kLarge) ++large;
  }
  const std::size_t each = has_sha256_lanes() ? kSha256Lanes : 1;
  const std::size_t threads =
      std::min<std::size_t>({bytes / kWorthAThread, (large + each - 1) / each, std::thread::hardware_concurrency()});
  std::vector<std::jthread> helpers;
  try {
    while (helpers.size() + 1 < threads) helpers.emplace_back([&] { queue.work(); });
  } catch (const std::system_error&) {  // no thread to be had: this one does it all
  }
  queue.work();
  helpers.clear();
  return std::move(queue).digests();
}

}  // namespace witin::package
