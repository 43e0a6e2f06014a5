#include "sim/golden/placement.hpp"

#include <algorithm>

#include "sim/package/integer_lines.hpp"

namespace witin::golden {
namespace {

using array::Block;

Error bias_error(const ArrayLayer& layer, std::int64_t rows) {
  return Error{"golden.bias", "the layer's bias does not fit its bias rows",
               layer.name,    "units that " + std::to_string(rows) + " rows of -128..127 can hold",
               "more",        ""};
}

Status pack(const std::vector<ArrayLayer*>& layers) {
  for (ArrayLayer* layer : layers) {
    if (Status driven = drive(*layer, 0); !driven) return driven;
    const std::optional<std::int64_t> rows = layer->choose_bias_rows(array::kArrayBiasUnits);
    if (!rows) return bias_error(*layer, array::kArrayBiasUnits);
    layer->place = {.node = layer->name,
                    .matrix = {},
                    .columns = layer->columns,
                    .rows = layer->driven_rows(),
                    .bias_units = *rows};
  }
  std::vector<Block> blocks;
  blocks.reserve(layers.size());
  for (const ArrayLayer* layer : layers) blocks.push_back(layer->place);
  array::pack(blocks);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    layers[i]->place = blocks[i];
    if (blocks[i].placed) continue;
    return Error{"golden.no_room",
                 "the layers do not fit one array",
                 layers[i]->name,
                 "1024 columns, 2048 rows, 16 bias units for all layers",
                 std::to_string(blocks[i].columns) + " columns, " + std::to_string(blocks[i].rows) + " rows, " +
                     std::to_string(blocks[i].bias_units) + " bias units after the layers before it",
                 "see witin-sim info --array-map; give places with --place, or choose the format npz, c or hex"};
  }
  return {};
}

bool apart(std::int64_t a, std::int64_t a_size, std::int64_t b, std::int64_t b_size) {
  return a + a_size <= b || b + b_size <= a;
}

Error place_error(const std::filesystem::path& file, std::size_t line, std::string what, std::string expected,
                  std::string found) {
  return Error{"golden.place",      std::move(what),  file.string() + ": layer " + std::to_string(line + 1),
               std::move(expected), std::move(found), ""};
}

Status place_one(ArrayLayer& layer, const std::vector<std::int64_t>& at, const std::filesystem::path& file,
                 std::size_t line) {
  if (at.size() != 7) {
    return place_error(file, line, "a line is not a place", "x_start, x_end, y_start, y_end, z_start, z_end, G",
                       std::to_string(at.size()) + " numbers");
  }
  const auto within = [](std::int64_t first, std::int64_t last, std::int64_t size) {
    return 0 <= first && first <= last && last < size;
  };
  if (!within(at[0], at[1], array::kArrayColumns) || !within(at[2], at[3], array::kArrayRows) ||
      !within(at[4], at[5], array::kArrayBiasUnits)) {
    return place_error(file, line, "a place is not on the array", "x within 0..1023, y within 0..2047, z within 0..15",
                       "another range");
  }
  if (static_cast<double>(at[6]) != layer.g) {
    return place_error(file, line, "G is not the layer's", std::to_string(static_cast<std::int64_t>(layer.g)),
                       std::to_string(at[6]));
  }
  layer.place = {.node = layer.name,
                 .matrix = {},
                 .columns = at[1] - at[0] + 1,
                 .rows = at[3] - at[2] + 1,
                 .bias_units = at[5] - at[4] + 1,
                 .placed = true,
                 .x = at[0],
                 .y = at[2],
                 .z = at[4]};
  if (layer.place.columns != layer.columns) {
    return place_error(file, line, "a place has another number of columns than layer " + layer.name,
                       std::to_string(layer.columns), std::to_string(layer.place.columns));
  }
  if (Status driven = drive(layer, layer.place.rows); !driven) return driven;
  return layer.bias_fits(layer.place.bias_units) ? Status{} : Status{bias_error(layer, layer.place.bias_units)};
}

Status place_at(const std::vector<ArrayLayer*>& layers, const std::filesystem::path& file) {
  const Result<std::vector<std::string>> lines = package::read_lines(file);
  if (!lines) return Error(lines.error()).within(file.string());
  std::vector<std::vector<std::int64_t>> places;
  for (std::size_t i = 0; i < lines->size(); ++i) {
    const auto parsed = package::parse_integers((*lines)[i], file.string() + ": line " + std::to_string(i + 1));
    if (!parsed) return parsed.error();
    if (!parsed->empty()) places.push_back(*parsed);
  }
  if (places.size() != layers.size()) {
    return Error{"golden.place",
                 "the places are not those of the layers",
                 file.string(),
                 std::to_string(layers.size()) + " lines, one a layer",
                 std::to_string(places.size()),
                 ""};
  }
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (Status placed = place_one(*layers[i], places[i], file, i); !placed) return placed;
    const Block& own = layers[i]->place;
    for (std::size_t other = 0; other < i; ++other) {
      const Block& block = layers[other]->place;
      const bool rows_apart =
          apart(own.y, own.rows, block.y, block.rows) && apart(own.z, own.bias_units, block.z, block.bias_units);
      if (apart(own.x, own.columns, block.x, block.columns) || rows_apart) continue;
      return Error{"golden.overlap",
                   "two layers lie on the same cells",
                   file.string(),
                   "places apart",
                   layers[other]->name + " and " + layers[i]->name,
                   ""};
    }
  }
  return {};
}

}  // namespace

Status place_layers(const std::vector<ArrayLayer*>& layers, const std::filesystem::path& coordinates) {
  return coordinates.empty() ? pack(layers) : place_at(layers, coordinates);
}

}  // namespace witin::golden
