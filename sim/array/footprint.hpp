// How much of the array a network needs: the blocks its matrices are, and where a simple packer puts them.
//
// One array has 1024 columns, 2048 weight rows and 16 bias units of two rows (sim/arith/numerics.md). A block takes
// `columns` columns, `rows` of the weight rows and `bias_units` of the bias units; blocks may share columns where
// their rows and bias units are disjoint. A matrix wider than kBlockColumns is cut into blocks of columns, as the
// vendor's mapper does; one with several groups into one block a group; k_split into one block a part. A matrix with
// two polarities has twice the rows. Nodes of mode "digital" take no room.
//
// The packer takes the blocks in the order of the network and puts each where it lies lowest, leftmost among equals.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/array/array_size.hpp"
#include "witin/engine.hpp"

namespace witin::array {

inline constexpr std::int64_t kBlockColumns = 896;

struct Block {
  std::string node;
  std::string matrix;  // tensor role: "weight", "weight_ifo", ...
  std::int64_t columns = 0;
  std::int64_t rows = 0;
  std::int64_t bias_units = 0;
  bool placed = false;
  std::int64_t x = 0;  // first column
  std::int64_t y = 0;  // first weight row
  std::int64_t z = 0;  // first bias unit
};

struct Footprint {
  std::vector<Block> blocks;
  std::int64_t cells = 0;    // weight cells all blocks need
  std::int64_t columns = 0;  // columns, rows and bias units that placed blocks reach
  std::int64_t rows = 0;
  std::int64_t bias_units = 0;

  [[nodiscard]] bool fits() const;
  // Share of the array's weight cells, in percent; above 100 where they are too many.
  [[nodiscard]] double percent() const;
};

[[nodiscard]] Footprint footprint(const Engine& engine);

// Gives each block its place, where there is room.
void pack(std::vector<Block>& blocks);

}  // namespace witin::array
