// Files of the chip vendor's mapper and burning tool (map/layers.txt, random_idx.txt, program.log), read as data.
//
//   layers.txt      a line a layer: x_start, x_end, y_start, y_end, z_start, z_end, G; ends inclusive
//   random_idx.txt  "calibration_start = S"; per layer "net n, layer l" and a line of F indices: frame S + index
//   program.log     "STAT START k" .. "STAT END k": per layer two rows of 12 numbers between tabs, the layer first
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <utility>
#include <vector>

#include "witin/error.hpp"

namespace witin::package {

struct MappedLayer {
  std::int64_t rows = 0;     // K: inputs as driven
  std::int64_t columns = 0;  // N: outputs
};

// Codes mapper.layers; text.*, file.*.
[[nodiscard]] Result<std::vector<MappedLayer>> read_layers(const std::filesystem::path& path);

// Per layer the frames of the whole run that were sampled. Codes mapper.random_idx; text.*, file.*.
[[nodiscard]] Result<std::vector<std::vector<std::int64_t>>> read_sampled_frames(const std::filesystem::path& path);

struct LogRow {
  std::int64_t layer = 0;
  std::array<double, 11> figures{};
};

// Pairs of rows, raw and corrected, in the order of the log. Code mapper.log where a block is damaged; text.*, file.*.
[[nodiscard]] Result<std::vector<std::pair<LogRow, LogRow>>> read_program_log(const std::filesystem::path& path);

}  // namespace witin::package
