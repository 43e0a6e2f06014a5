#include "sim/package/mapper_files.hpp"

#include <charconv>
#include <cmath>
#include <optional>

#include "sim/package/integer_lines.hpp"
#include "sim/package/json_value.hpp"
#include "sim/package/limits.hpp"

namespace witin::package {
namespace {

constexpr std::int64_t kMostFrame = std::int64_t{1} << 40;

// Nothing where the line holds something else.
std::vector<std::int64_t> integers_in(std::string_view line) {
  const auto values = parse_integers(line, "");
  return values ? *values : std::vector<std::int64_t>{};
}

Error damaged(std::string_view code, std::size_t line, std::string_view expected, std::string_view found) {
  return Error{std::string(code),
               "the file is not what it should be",
               "line " + std::to_string(line + 1),
               std::string(expected),
               in_quotes(found),
               ""};
}

std::optional<LogRow> log_row(std::string_view line) {
  LogRow row;
  std::size_t column = 0;
  while (true) {
    const std::size_t end = std::min(line.find('\t'), line.size());
    std::string_view word = line.substr(0, end);
    while (word.ends_with(' ')) word.remove_suffix(1);
    while (word.starts_with(' ')) word.remove_prefix(1);
    if (!word.empty()) {
      double value = 0;
      const auto [next, error] = std::from_chars(word.data(), word.data() + word.size(), value);
      if (error != std::errc() || next != word.data() + word.size() || column > row.figures.size()) return std::nullopt;
      if (column == 0) {
        if (!(value >= 0 && value < 1e6) || value != std::floor(value)) return std::nullopt;
        row.layer = static_cast<std::int64_t>(value);
      } else {
        row.figures[column - 1] = value;
      }
      ++column;
    }
    if (end == line.size()) break;
    line.remove_prefix(end + 1);
  }
  return column == row.figures.size() + 1 ? std::optional(row) : std::nullopt;
}

}  // namespace

Result<std::vector<MappedLayer>> read_layers(const std::filesystem::path& path) {
  const auto lines = read_lines(path);
  if (!lines) return lines.error();
  std::vector<MappedLayer> layers;
  for (std::size_t i = 0; i < lines->size(); ++i) {
    if ((*lines)[i].empty()) continue;
    const std::vector<std::int64_t> place = integers_in((*lines)[i]);
    const auto is_range = [&place](std::size_t at) {
      return place[at] >= 0 && place[at] <= place[at + 1] && place[at + 1] < 65'536;
    };
    if (place.size() != 7 || !is_range(0) || !is_range(2) || layers.size() == limits::kNodes) {
      return damaged("mapper.layers", i, "x_start, x_end, y_start, y_end, z_start, z_end, G", (*lines)[i]);
    }
    layers.push_back({place[3] - place[2] + 1, place[1] - place[0] + 1});
  }
  return layers;
}

Result<std::vector<std::vector<std::int64_t>>> read_sampled_frames(const std::filesystem::path& path) {
  const auto lines = read_lines(path);
  if (!lines) return lines.error();
  constexpr std::string_view kStart = "calibration_start = ";
  std::optional<std::int64_t> start;
  std::vector<std::vector<std::int64_t>> layers;
  for (std::size_t i = 0; i < lines->size(); ++i) {
    const std::string& line = (*lines)[i];
    if (line.empty() || line.starts_with("net ")) continue;
    const bool is_start = line.starts_with(kStart);
    std::string_view rest = line;
    if (is_start) rest.remove_prefix(kStart.size());
    std::vector<std::int64_t> values = integers_in(rest);
    bool good = !values.empty() && is_start == !start && (!is_start || values.size() == 1);
    for (const std::int64_t value : values) good = good && value >= 0 && value < kMostFrame;
    if (!good) return damaged("mapper.random_idx", i, "calibration_start = S, then lines of indices", line);
    if (is_start) {
      start = values.front();
      continue;
    }
    for (std::int64_t& value : values) value += *start;
    layers.push_back(std::move(values));
  }
  return layers;
}

Result<std::vector<std::pair<LogRow, LogRow>>> read_program_log(const std::filesystem::path& path) {
  const auto lines = read_lines(path);
  if (!lines) return lines.error();
  std::vector<std::pair<LogRow, LogRow>> pairs;
  bool inside = false;
  std::optional<LogRow> raw;
  for (std::size_t i = 0; i < lines->size(); ++i) {
    const std::string& line = (*lines)[i];
    const bool starts = line.find("STAT START") != std::string::npos;
    const bool ends = line.find("STAT END") != std::string::npos;
    if (starts || ends) {
      if (raw || starts == inside) return damaged("mapper.log", i, "STAT START, pairs of rows, STAT END", line);
      inside = starts;
      continue;
    }
    if (!inside || line.find('\t') == std::string::npos) continue;
    const std::optional<LogRow> row = log_row(line);
    if (!row || (raw && raw->layer != row->layer)) {
      return damaged("mapper.log", i, "12 numbers, two rows a layer", line);
    }
    if (raw) {
      pairs.emplace_back(*raw, *row);
      raw.reset();
    } else {
      raw = row;
    }
  }
  if (inside) return damaged("mapper.log", lines->size(), "STAT END", "the end of the file");
  return pairs;
}

}  // namespace witin::package
