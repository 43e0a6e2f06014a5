// A folder the chip vendor's mapper wrote, as a side.
//
//   layer_debug/netN/<L>_<name>/roundR/output0.txt   npu_y of what the layer's table made of it, every frame
//   layer_debug/netN/<L>_<name>/roundR/input0.txt    npu_x, every frame
//   map/expected_out.bin, expected_in.bin            npu_y before the table, and npu_x, of the frames of random_idx.txt
//
// Layers stand in the order of layers.txt: nets one after the other. A folder that holds layers.txt itself is its own
// map/.
#pragma once

#include "sim/diff/side.hpp"

namespace witin::diff {

[[nodiscard]] bool looks_like_mapper(const std::filesystem::path& path);

// Errors: mapper.size where an expected_*.bin does not fit layers.txt; mapper.*, text.*, file.*.
[[nodiscard]] Result<std::unique_ptr<Side>> open_mapper_side(const std::filesystem::path& path);

}  // namespace witin::diff
