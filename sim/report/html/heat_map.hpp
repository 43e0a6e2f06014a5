// Where differences lie: frames downwards, channels to the right, with their sums along both edges.
#pragma once

#include <vector>

#include "sim/report/html/markup.hpp"

namespace witin::report::html {

struct HeatMap {
  std::string title;
  std::string description;  // what the picture shows, in a sentence
  std::string row_title = "frame";
  std::string column_title = "channel";
  // Cell (r, c) covers rows row_starts[r] to row_starts[r + 1] - 1 of the data, and columns likewise.
  std::vector<std::int64_t> row_starts = {};
  std::vector<std::int64_t> column_starts = {};
  std::vector<std::int64_t> counts = {};  // [rows, columns] of cells: how many values differ
  std::vector<std::int64_t> values = {};  // [rows, columns]: how many were compared; empty: unknown
};

// Maps of more than package::limits::kMapRows or kMapColumns are summed into as many cells.
//
// Eight levels up to the largest share of a cell (largest count where `values` is empty). A cell with a single
// difference is seen: the lowest level is never invisible. The columns that hold most are named above their sums.
[[nodiscard]] Markup heat_map(const HeatMap& map);

// The bounds of `cells` cells of nearly equal size over `extent` rows or columns; fewer where there are fewer.
[[nodiscard]] std::vector<std::int64_t> even_starts(std::int64_t extent, std::size_t cells);

}  // namespace witin::report::html
