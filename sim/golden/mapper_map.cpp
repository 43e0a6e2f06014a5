// layers.txt, map.csv, map.txt.
#include "sim/golden/mapper.hpp"

namespace witin::golden {
namespace {

constexpr std::int64_t kFirstBiasRow = 2048;
constexpr std::int64_t kImageRows = 2080;

// The odd row of a bias unit, which carries the bias.
std::int64_t bias_row(std::int64_t unit) { return kFirstBiasRow + 1 + 2 * unit; }

// Calls use(column, row, value) for each cell of a layer: weight rows, then bias rows.
template <typename Use>
void for_each_cell(const ArrayLayer& layer, Use&& use) {
  const array::Block& place = layer.place;
  for (std::int64_t k = 0; k < place.rows; ++k) {
    for (std::int64_t n = 0; n < place.columns; ++n) use(place.x + n, place.y + k, layer.driven_weight(k, n));
  }
  const std::vector<std::int32_t> bias = layer.bias_rows(place.bias_units);
  for (std::int64_t row = 0; row < place.bias_units; ++row) {
    for (std::int64_t n = 0; n < place.columns; ++n) {
      use(place.x + n, bias_row(place.z + row), bias[static_cast<std::size_t>(row * place.columns + n)]);
    }
  }
}

}  // namespace

Status write_map(const MapperFolder& folder) {
  TextFile layers(folder.root / "map" / "layers.txt");
  TextFile csv(folder.root / "map" / "map.csv");
  std::vector<std::int16_t> image(static_cast<std::size_t>(kImageRows * array::kArrayColumns), 0);
  for (const MapperNet& net : folder.nets) {
    for (const MapperLayer& layer : net.layers) {
      const array::Block& place = layer.array.place;
      for (const std::int64_t number : {place.x, place.x + place.columns - 1, place.y, place.y + place.rows - 1,
                                        place.z, place.z + place.bias_units - 1}) {
        layers << number << ", ";
      }
      layers << static_cast<std::int64_t>(layer.array.g) << "\n";
      for_each_cell(layer.array, [&](std::int64_t column, std::int64_t row, std::int32_t value) {
        csv << column << ',' << row << ',' << std::int64_t{value} << '\n';
        image[static_cast<std::size_t>(row * array::kArrayColumns + column)] = static_cast<std::int16_t>(value);
      });
    }
  }
  TextFile map(folder.root / "map" / "map.txt");
  for (std::size_t i = 0; i < image.size(); ++i) {
    map << std::int64_t{image[i]} << ((i + 1) % static_cast<std::size_t>(array::kArrayColumns) == 0 ? '\n' : ' ');
  }
  for (TextFile* file : {&layers, &csv, &map}) {
    if (Status closed = file->close(); !closed) return closed;
  }
  return {};
}

Status write_params(const MapperFolder& folder) {
  for (std::size_t n = 0; n < folder.nets.size(); ++n) {
    for (std::size_t l = 0; l < folder.nets[n].layers.size(); ++l) {
      const ArrayLayer& layer = folder.nets[n].layers[l].array;
      const auto path = folder.root / "params" / ("net" + std::to_string(n)) / ("layer" + std::to_string(l + 1));
      TextFile weight(path / "weight.txt");
      TextFile bias(path / "bias.txt");
      TextFile high(path / "bias_high.txt");
      const auto end = [&layer](std::int64_t column) { return column + 1 == layer.columns ? '\n' : ' '; };
      for (std::int64_t k = 0; k < layer.place.rows; ++k) {
        for (std::int64_t c = 0; c < layer.columns; ++c) weight << std::int64_t{layer.driven_weight(k, c)} << end(c);
      }
      const std::vector<std::int32_t> rows = layer.bias_rows(layer.place.bias_units);
      for (std::size_t i = 0; i < rows.size(); ++i) {
        bias << std::int64_t{rows[i]} << end(static_cast<std::int64_t>(i) % layer.columns);
      }
      for (std::int64_t c = 0; c < layer.columns; ++c) high << '0' << end(c);
      for (TextFile* file : {&weight, &bias, &high}) {
        if (Status closed = file->close(); !closed) return closed;
      }
    }
  }
  return {};
}

}  // namespace witin::golden
