// Golden vectors of a network: what goes in, what lies on the array, what must come out, for benches, firmware and
// hardware. The formats: sim/golden/formats.md.
//
// The folder appears complete or not at all; the same packages, inputs and options give the same bytes. Memory does not
// grow with the number of frames: the run is kept beside the folder while it is written.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "witin/engine.hpp"

namespace witin::golden {

enum class Format : std::uint8_t { kMapper, kNpz, kC, kHex };

struct Net {
  const Engine* engine = nullptr;
  FrameSource* source = nullptr;
};

struct GoldenOptions {
  Format format = Format::kMapper;
  std::optional<std::int64_t> frames = {};  // taken; mapper: 100, others: all from the first on
  std::optional<std::int64_t> start = {};   // first frame taken; mapper: 10 where a net has more frames, others: 0
  std::filesystem::path place = {};         // mapper: coordinates instead of the packer
  std::filesystem::path random_idx = {};    // mapper: random_idx.txt instead of frames, start and a permutation
  bool replace = false;                     // a folder that holds files
  RunOptions run = {};                      // threads, progress, cancel
};

struct WrittenLayer {
  std::size_t net = 0;
  std::string name;
  std::int64_t rows = 0;  // as driven
  std::int64_t columns = 0;
  std::int64_t bias_rows = 0;
  std::int64_t lines = 0;           // in the vectors
  std::vector<std::int64_t> place;  // mapper: first column, first row, first bias unit
};

struct Written {
  std::int64_t start = 0;
  std::int64_t frames = 0;
  std::vector<WrittenLayer> layers;
  std::vector<Error> left_out;  // nodes that are no layers of 8-bit codes; formats c and hex write their results only
  std::vector<std::string> files;
};

// Several nets: format mapper only. Errors: golden.*, output.*, and those of the run.
[[nodiscard]] Result<Written> write_golden(std::span<const Net> nets, const std::filesystem::path& folder,
                                           const GoldenOptions& options);

}  // namespace witin::golden
