#include "sim/golden/random_idx.hpp"

#include <algorithm>
#include <string>
#include <unordered_map>

#include "sim/package/integer_lines.hpp"

namespace witin::golden {
namespace {

constexpr std::uint64_t kSeed = 2101;

class SplitMix64 {
 public:
  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

 private:
  std::uint64_t state_ = kSeed;
};

}  // namespace

std::vector<std::int64_t> random_lines(std::int64_t available, std::int64_t wanted) {
  std::vector<std::int64_t> lines;
  std::unordered_map<std::int64_t, std::int64_t> moved;  // what stands at a position, where it is not itself
  const auto at = [&moved](std::int64_t i) {
    const auto found = moved.find(i);
    return found == moved.end() ? i : found->second;
  };
  SplitMix64 random;
  const std::int64_t drawn = std::min(available, wanted);
  for (std::int64_t i = 0; i < drawn; ++i) {
    const auto j = i + static_cast<std::int64_t>(random.next() % static_cast<std::uint64_t>(available - i));
    lines.push_back(at(j));
    moved[j] = at(i);
  }
  for (std::int64_t i = drawn; i < wanted; ++i) lines.push_back(lines[static_cast<std::size_t>(i - drawn)]);
  return lines;
}

Result<RandomIdx> read_random_idx(const std::filesystem::path& path) {
  const Result<std::vector<std::string>> lines = package::read_lines(path);
  if (!lines) return Error(lines.error()).within(path.string());
  const auto refuse = [&path](std::size_t line, std::string expected) {
    return Error{"golden.random_idx",
                 "the file is not a random_idx.txt",
                 path.string() + ": line " + std::to_string(line + 1),
                 std::move(expected),
                 "something else",
                 ""};
  };
  constexpr std::string_view kStart = "calibration_start = ";
  if (lines->empty() || !lines->front().starts_with(kStart)) return refuse(0, "calibration_start = S");
  RandomIdx out;
  const auto numbers = [&](std::size_t line, std::string_view text) {
    return package::parse_integers(text, path.string() + ": line " + std::to_string(line + 1));
  };
  const auto start = numbers(0, std::string_view(lines->front()).substr(kStart.size()));
  if (!start) return start.error();
  if (start->size() != 1 || start->front() < 0) return refuse(0, "calibration_start = S");
  out.start = start->front();
  for (std::size_t i = 1; i < lines->size(); ++i) {
    const std::string& line = (*lines)[i];
    if (line.empty() || line.starts_with("net ")) continue;
    const auto indices = numbers(i, line);
    if (!indices) return indices.error();
    if (indices->empty() || std::ranges::min(*indices) < 0) return refuse(i, "indices from 0 on");
    if (!out.layers.empty() && indices->size() != out.layers.front().size()) {
      return refuse(i, std::to_string(out.layers.front().size()) + " indices, as the layers before it");
    }
    out.layers.push_back(*indices);
  }
  return out;
}

}  // namespace witin::golden
