#include "sim/package/sums.hpp"

#include <algorithm>
#include <atomic>
#include <functional>
#include <numeric>

#include "sim/processors.hpp"
#include "sim/share_work.hpp"

namespace witin::package {

std::vector<Sums> sums_of(std::span<const std::span<const std::byte>> members) {
  constexpr std::size_t kWorthAThread = std::size_t{512} << 10;
  std::vector<Sums> sums(members.size());
  std::vector<std::size_t> order(members.size());  // largest first
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, std::greater(), [&](std::size_t i) { return members[i].size(); });
  std::atomic<std::size_t> next{0};
  const auto work = [&]() noexcept {  // allocates nothing
    for (std::size_t i = next++; i < order.size(); i = next++) {
      const std::span<const std::byte> member = members[order[i]];
      sums[order[i]] = {sha256_of(member), crc32(member)};
    }
  };
  std::size_t bytes = 0;
  for (const auto& member : members) bytes += member.size();
  const auto most = static_cast<std::size_t>(processors());
  share_work(std::min({bytes / kWorthAThread, members.size(), most}), work);
  return sums;
}

}  // namespace witin::package
