#include "sim/report/html/heat_map.hpp"

#include <algorithm>
#include <numeric>

#include "sim/package/limits.hpp"
#include "sim/report/html/svg.hpp"
#include "sim/report/table.hpp"

namespace witin::report::html {
namespace {

constexpr int kLevels = 8;
constexpr int kGridLeft = 72, kSums = 56, kGridTop = 26 + kSums + 6, kGap = 6;

// The cells that are drawn.
struct Grid {
  std::vector<std::int64_t> row_starts;
  std::vector<std::int64_t> column_starts;
  std::vector<std::int64_t> counts;
  std::vector<std::int64_t> values;
  [[nodiscard]] std::size_t rows() const { return row_starts.size() - 1; }
  [[nodiscard]] std::size_t columns() const { return column_starts.size() - 1; }
};

// The first cells of groups of `per` neighbours, and the end.
std::vector<std::size_t> groups(std::size_t cells, std::size_t most) {
  const std::size_t per = (cells + most - 1) / most;
  std::vector<std::size_t> firsts;
  for (std::size_t i = 0; i < cells; i += std::max<std::size_t>(1, per)) firsts.push_back(i);
  firsts.push_back(cells);
  return firsts;
}

Grid drawn_grid(const HeatMap& map) {
  Grid grid;
  if (map.row_starts.size() < 2 || map.column_starts.size() < 2) return {{0}, {0}, {}, {}};
  const std::size_t cell_columns = map.column_starts.size() - 1;
  const auto rows = groups(map.row_starts.size() - 1, package::limits::kMapRows);
  const auto columns = groups(cell_columns, package::limits::kMapColumns);
  for (const std::size_t row : rows) grid.row_starts.push_back(map.row_starts[row]);
  for (const std::size_t column : columns) grid.column_starts.push_back(map.column_starts[column]);
  const auto sum = [&](const std::vector<std::int64_t>& cells, std::size_t r, std::size_t c) {
    std::int64_t total = 0;
    for (std::size_t row = rows[r]; row < rows[r + 1]; ++row) {
      for (std::size_t column = columns[c]; column < columns[c + 1]; ++column) {
        total += cells[row * cell_columns + column];
      }
    }
    return total;
  };
  for (std::size_t r = 0; r + 1 < rows.size(); ++r) {
    for (std::size_t c = 0; c + 1 < columns.size(); ++c) {
      grid.counts.push_back(sum(map.counts, r, c));
      if (!map.values.empty()) grid.values.push_back(sum(map.values, r, c));
    }
  }
  return grid;
}

// Counts over the largest share, compared without division: share = count / value.
struct Share {
  std::int64_t count = 0;
  std::int64_t value = 1;
  [[nodiscard]] double ratio() const { return static_cast<double>(count) / static_cast<double>(value); }
};

Share share_of(const Grid& grid, std::size_t cell) {
  if (grid.values.empty()) return {grid.counts[cell], 1};
  return {grid.counts[cell], std::max<std::int64_t>(1, grid.values[cell])};
}

int level_of(double ratio, double largest) {
  if (!(ratio > 0)) return 0;
  return std::clamp(static_cast<int>(kLevels * ratio / largest) + 1, 1, kLevels);
}

std::string span_of(const std::vector<std::int64_t>& starts, std::size_t cell) {
  const std::int64_t last = starts[cell + 1] - 1;
  if (starts[cell] >= last) return std::to_string(starts[cell]);
  return std::to_string(starts[cell]) + "\xE2\x80\x93" + std::to_string(last);
}

void draw_cells(Svg& svg, const Grid& grid, double largest, int cell_width, int cell_height) {
  std::vector<std::vector<Svg::Box>> boxes(kLevels + 1);
  for (std::size_t r = 0; r < grid.rows(); ++r) {
    int run_level = 0;
    for (std::size_t c = 0; c < grid.columns(); ++c) {
      const int level = level_of(share_of(grid, r * grid.columns() + c).ratio(), largest);
      std::vector<Svg::Box>& of_level = boxes[static_cast<std::size_t>(level)];
      if (level != 0 && level == run_level) {
        of_level.back().width += cell_width;
      } else if (level != 0) {
        of_level.push_back({kGridLeft + static_cast<int>(c) * cell_width, kGridTop + static_cast<int>(r) * cell_height,
                            cell_width, cell_height});
      }
      run_level = level;
    }
  }
  for (std::size_t level = 1; level < boxes.size(); ++level) {
    svg.boxes(boxes[level], "heat h" + std::to_string(level));
  }
}

// Sums over columns above the map; the largest are named.
void draw_column_sums(Svg& svg, const Grid& grid, const HeatMap& map, int cell_width) {
  std::vector<std::int64_t> sums(grid.columns());
  for (std::size_t i = 0; i < grid.counts.size(); ++i) sums[i % grid.columns()] += grid.counts[i];
  const std::int64_t largest = std::ranges::max(sums);
  const std::int64_t total = std::accumulate(sums.begin(), sums.end(), std::int64_t{0});
  if (total == 0) return;
  const double base = kGridTop - kGap;
  for (std::size_t c = 0; c < sums.size(); ++c) {
    if (sums[c] == 0) continue;
    const double height = std::max(1.0, kSums * (static_cast<double>(sums[c]) / static_cast<double>(largest)));
    svg.rect(kGridLeft + static_cast<double>(c) * cell_width, base - height, std::max(1, cell_width - 1), height, "sum",
             map.column_title + " " + span_of(grid.column_starts, c) + ": " + counted(sums[c], "difference"));
  }
  // The largest first; no name over another, none for what is lost in the crowd.
  std::vector<std::size_t> order(sums.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return sums[a] > sums[b]; });
  std::vector<double> taken;
  for (std::size_t i = 0; i < order.size() && taken.size() < 6; ++i) {
    const std::size_t c = order[i];
    if (sums[c] * 8 < largest || (sums[c] * static_cast<std::int64_t>(sums.size()) < 2 * total && i > 0)) break;
    const double x = kGridLeft + (static_cast<double>(c) + 0.5) * cell_width;
    if (std::ranges::any_of(taken, [&](double other) { return x - other < 46 && other - x < 46; })) continue;
    taken.push_back(x);
    const double height = kSums * (static_cast<double>(sums[c]) / static_cast<double>(largest));
    svg.text(x, base - height - 4, span_of(grid.column_starts, c), "tick strong", Anchor::kMiddle);
  }
}

void draw_row_sums(Svg& svg, const Grid& grid, const HeatMap& map, double x, int cell_height) {
  std::vector<std::int64_t> sums(grid.rows());
  for (std::size_t i = 0; i < grid.counts.size(); ++i) sums[i / grid.columns()] += grid.counts[i];
  const std::int64_t largest = std::max<std::int64_t>(1, std::ranges::max(sums));
  for (std::size_t r = 0; r < sums.size(); ++r) {
    if (sums[r] == 0) continue;
    const double width = std::max(1.0, kSums * (static_cast<double>(sums[r]) / static_cast<double>(largest)));
    svg.rect(x, kGridTop + static_cast<double>(r) * cell_height, width, std::max(1, cell_height - 1), "sum",
             map.row_title + " " + span_of(grid.row_starts, r) + ": " + counted(sums[r], "difference"));
  }
}

// Names of every so many cells, so that they do not touch.
void draw_names(Svg& svg, const Grid& grid, const HeatMap& map, int cell_width, int cell_height) {
  const int bottom = kGridTop + static_cast<int>(grid.rows()) * cell_height;
  const int right = kGridLeft + static_cast<int>(grid.columns()) * cell_width;
  const auto every = [](int room, int cell) { return static_cast<std::size_t>(std::max(1, (room + cell - 1) / cell)); };
  for (std::size_t c = 0; c < grid.columns(); c += every(44, cell_width)) {
    const double x = kGridLeft + (static_cast<double>(c) + 0.5) * cell_width;
    svg.text(x, bottom + 16, std::to_string(grid.column_starts[c]), "tick", Anchor::kMiddle);
  }
  for (std::size_t r = 0; r < grid.rows(); r += every(18, cell_height)) {
    const double y = kGridTop + (static_cast<double>(r) + 0.5) * cell_height + 4;
    svg.text(kGridLeft - 8, y, std::to_string(grid.row_starts[r]), "tick", Anchor::kEnd);
  }
  svg.text((kGridLeft + right) / 2.0, bottom + 36, map.column_title, "label", Anchor::kMiddle);
  svg.text_upwards(16, (kGridTop + bottom) / 2.0, map.row_title, "label");
}

void draw_legend(Svg& svg, const Grid& grid, double largest, double y) {
  const auto shown = [&](int level) {
    const double bound = largest * level / kLevels;
    if (grid.values.empty()) return grouped(static_cast<std::int64_t>(bound));
    return fixed(100 * bound, largest < 0.02 ? 2 : largest < 0.2 ? 1 : 0) + " %";
  };
  const std::string what = grid.values.empty() ? "differences of a cell" : "share of a cell that differs";
  svg.text(kGridLeft, y, what + ": 0 to " + shown(1), "tick");
  const double x = kGridLeft + 260;
  for (int level = 1; level <= kLevels; ++level) {
    svg.rect(x + 18 * (level - 1), y - 10, 18, 12, "heat h" + std::to_string(level));
  }
  svg.text(x + 18 * kLevels + 8, y, shown(kLevels - 1) + " to " + shown(kLevels), "tick");
}

}  // namespace

std::vector<std::int64_t> even_starts(std::int64_t extent, std::size_t cells) {
  const auto used = std::min(extent, static_cast<std::int64_t>(cells));
  std::vector<std::int64_t> starts;
  for (std::int64_t i = 0; i <= used; ++i) {
    // extent * i / used without overflow
    const std::int64_t whole = used == 0 ? 0 : extent / used;
    const std::int64_t rest = used == 0 ? 0 : extent % used;
    starts.push_back(whole * i + rest * i / std::max<std::int64_t>(1, used));
  }
  return starts;
}

Markup heat_map(const HeatMap& map) {
  const Grid grid = drawn_grid(map);
  const auto columns = static_cast<int>(grid.columns());
  const auto rows = static_cast<int>(grid.rows());
  if (columns == 0 || rows == 0) return {};
  const int cell_width = std::clamp(500 / columns, 4, 28);
  const int cell_height = std::clamp(220 / rows, 4, 18);
  const int right = kGridLeft + std::max(columns * cell_width, 1);
  const int bottom = kGridTop + rows * cell_height;
  double largest = 0;
  for (std::size_t i = 0; i < grid.counts.size(); ++i) largest = std::max(largest, share_of(grid, i).ratio());

  Svg svg(std::max(right + kGap + kSums + 16, kGridLeft + 500), bottom + 68, map.title, map.description);
  svg.rect(kGridLeft, kGridTop, columns * cell_width, rows * cell_height, "field");
  if (largest > 0) {
    draw_cells(svg, grid, largest, cell_width, cell_height);
    draw_column_sums(svg, grid, map, cell_width);
    draw_row_sums(svg, grid, map, right + kGap, cell_height);
    draw_legend(svg, grid, largest, bottom + 60);
  }
  draw_names(svg, grid, map, cell_width, cell_height);
  return std::move(svg).finish();
}

}  // namespace witin::report::html
