// Which lines of a run the vectors take: random_idx.txt, given or made.
//
//   calibration_start = S
//   <blank>
//   net N, layer L        (L from 1), then F indices with commas; line S + index of the layer's run is taken
//
// Made: the first F of a permutation of 0 .. n - 1 (n lines from S on), which begins again where n < F. It is drawn by
// Fisher and Yates: position i is exchanged with i + r mod (n - i), r the next of SplitMix64 seeded with 2101. Layers
// with equal numbers of lines so take the same list.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "witin/error.hpp"

namespace witin::golden {

struct RandomIdx {
  std::int64_t start = 0;
  std::vector<std::vector<std::int64_t>> layers;  // of all nets, one after the other
};

[[nodiscard]] std::vector<std::int64_t> random_lines(std::int64_t available, std::int64_t wanted);

// Errors: golden.random_idx, text.*, file.*.
[[nodiscard]] Result<RandomIdx> read_random_idx(const std::filesystem::path& path);

}  // namespace witin::golden
