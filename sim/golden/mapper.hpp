// The folder the chip vendor's mapper writes (sim/golden/formats.md, "mapper").
#pragma once

#include "sim/golden/golden.hpp"
#include "sim/golden/output_folder.hpp"
#include "sim/golden/recording.hpp"

namespace witin::golden {

// Where the vendor's files say when and by what they were written; fixed, so that equal vectors are equal files.
inline constexpr std::string_view kDate = "1980-01-01 00:00:00";
inline constexpr std::string_view kVersion = "witin-sim";

struct MapperLayer {
  ArrayLayer array;
  std::vector<std::int64_t> sample;  // lines, counted from `start` on

  [[nodiscard]] std::string folder(std::size_t net, std::size_t layer) const;  // of layer_debug
};

struct MapperNet {
  const Engine* engine = nullptr;
  std::vector<MapperLayer> layers;
  std::optional<Recording> run;

  [[nodiscard]] std::int64_t lines(const MapperLayer& layer) const { return run->frames() * layer.array.lines(); }
};

struct MapperFolder {
  std::filesystem::path root;
  std::int64_t start = 0;
  std::vector<MapperNet> nets;
};

// Writes into `folder`.
[[nodiscard]] Result<Written> write_mapper(std::span<const Net> nets, const std::filesystem::path& folder,
                                           const GoldenOptions& options);

// map/layers.txt, map.csv, map.txt: what lies where.
[[nodiscard]] Status write_map(const MapperFolder& folder);
// map/map.json: the same and the sample, for the burning tool.
[[nodiscard]] Status write_map_json(const MapperFolder& folder);
// map/expected_{in,out}[_complete].{bin,txt}, random_idx.txt: the sample and all lines from `start` on.
[[nodiscard]] Status write_expected(const MapperFolder& folder);
// params/, layer_debug/: parameters and all lines of the run.
[[nodiscard]] Status write_params(const MapperFolder& folder);
[[nodiscard]] Status write_layer_debug(const MapperFolder& folder);
// addr.csv, BoardConfigDebug.json: addresses, tables, names.
[[nodiscard]] Status write_addresses(const MapperFolder& folder);

}  // namespace witin::golden
