#include "sim/golden/mapper.hpp"

#include <algorithm>
#include <cmath>

#include "sim/golden/placement.hpp"
#include "sim/golden/random_idx.hpp"

namespace witin::golden {
namespace {

constexpr std::int64_t kDefaultFrames = 100;
constexpr std::int64_t kDefaultStart = 10;
constexpr std::int64_t kMaxFrames = 32767;  // the header is an int16

Error layer_error(const ArrayLayer& layer, std::string what, std::string expected, std::string found,
                  std::string hint) {
  return Error{"golden.layer", std::move(what), layer.name, std::move(expected), std::move(found), std::move(hint)};
}

Status check_layers(const Engine& engine, const ArrayLayers& layers) {
  if (!layers.refused.empty()) {
    Error error = layers.refused.front();
    error.hint = "the formats npz, c and hex hold such networks";
    return error;
  }
  if (layers.layers.empty()) {
    return Error{"golden.nothing",
                 "nothing of the network lies on the array",
                 engine.package().name,
                 "a layer",
                 "",
                 "choose the format npz, c or hex"};
  }
  for (const ArrayLayer& layer : layers.layers) {
    const NodeInfo& node = engine.nodes()[layer.node];
    if (node.arithmetic != Arithmetic::kWtm2101) {
      return layer_error(layer, "the layer does not compute as the chip does", "arithmetic wtm2101",
                         std::string(name(node.arithmetic)), "choose it with --arithmetic wtm2101");
    }
    if (layer.g != std::floor(layer.g) || layer.g > 1 << 30) {
      return layer_error(layer, "the layer's divisor cannot be written", "an integer", std::to_string(layer.g), "");
    }
    if (!signed_range(8).contains(layer.y_range)) {
      return layer_error(layer, "the layer's results are wider than the chip's", "y_bits 8", "", "");
    }
  }
  return {};
}

// The sample of every layer, and the line it counts from.
Status choose_sample(MapperFolder& folder, const GoldenOptions& options) {
  std::vector<std::pair<MapperLayer*, std::int64_t>> layers;
  std::int64_t fewest = INT64_MAX;
  for (MapperNet& net : folder.nets) {
    for (MapperLayer& layer : net.layers) {
      layers.emplace_back(&layer, net.lines(layer));
      fewest = std::min(fewest, net.lines(layer));
    }
  }
  if (!options.random_idx.empty()) {
    Result<RandomIdx> given = read_random_idx(options.random_idx);
    if (!given) return std::move(given).error();
    if (given->layers.size() != layers.size()) {
      return Error{"golden.random_idx",
                   "the file is of other layers",
                   options.random_idx.string(),
                   std::to_string(layers.size()) + " lists",
                   std::to_string(given->layers.size()),
                   ""};
    }
    folder.start = given->start;
    for (std::size_t i = 0; i < layers.size(); ++i) layers[i].first->sample = std::move(given->layers[i]);
  } else {
    folder.start = options.start.value_or(fewest > kDefaultStart ? kDefaultStart : 0);
    if (folder.start >= fewest) {
      return Error{"golden.frames",
                   "no frame is left after the calibration's",
                   "--calibration-start",
                   "below " + std::to_string(fewest),
                   std::to_string(folder.start),
                   ""};
    }
    for (auto& [layer, lines] : layers) {
      layer->sample = random_lines(lines - folder.start, options.frames.value_or(kDefaultFrames));
    }
  }
  for (const auto& [layer, lines] : layers) {
    if (std::ssize(layer->sample) > kMaxFrames) {
      return Error{"golden.frames",
                   "more frames than the header of expected_in.bin can count",
                   "",
                   "at most " + std::to_string(kMaxFrames),
                   std::to_string(layer->sample.size()),
                   ""};
    }
    const std::int64_t last = std::ranges::max(layer->sample);
    if (last < lines - folder.start) continue;
    return Error{"golden.random_idx",  "an index is beyond the layer's run",
                 layer->array.name,    "below " + std::to_string(lines - folder.start),
                 std::to_string(last), ""};
  }
  return {};
}

Status record(MapperNet& net, const Net& from, const std::filesystem::path& file, const GoldenOptions& options) {
  std::vector<ValueRef> values;
  for (const MapperLayer& layer : net.layers) {
    values.insert(values.end(), {layer.array.x, layer.array.y, layer.array.shown});
  }
  Result<Recording> run = Recording::make(*from.engine, *from.source, from.source->frames(), values, file, options.run);
  if (!run) return std::move(run).error();
  net.run = std::move(run).value();
  return {};
}

Written summary(const MapperFolder& folder) {
  Written out;
  out.start = folder.start;
  for (std::size_t n = 0; n < folder.nets.size(); ++n) {
    for (const MapperLayer& layer : folder.nets[n].layers) {
      const array::Block& place = layer.array.place;
      out.frames = std::ssize(layer.sample);
      out.layers.push_back(
          {n, layer.array.name, place.rows, place.columns, place.bias_units, out.frames, {place.x, place.y, place.z}});
    }
  }
  return out;
}

}  // namespace

std::string MapperLayer::folder(std::size_t net, std::size_t layer) const {
  return "layer_debug/net" + std::to_string(net) + "/" + std::to_string(layer + 1) + "_" + file_name(array.name) +
         "/round" + std::to_string(layer) + "/";
}

Result<Written> write_mapper(std::span<const Net> nets, const std::filesystem::path& folder,
                             const GoldenOptions& options) {
  MapperFolder out;
  for (const Net& net : nets) {
    Result<ArrayLayers> layers = array_layers(*net.engine);
    if (!layers) return std::move(layers).error();
    if (Status checked = check_layers(*net.engine, *layers); !checked) return std::move(checked).error();
    MapperNet& added = out.nets.emplace_back();
    added.engine = net.engine;
    for (ArrayLayer& layer : layers->layers) added.layers.push_back({std::move(layer), {}});
  }
  std::vector<ArrayLayer*> all;
  for (MapperNet& net : out.nets) {
    for (MapperLayer& layer : net.layers) all.push_back(&layer.array);
  }
  if (Status placed = place_layers(all, options.place); !placed) return std::move(placed).error();

  out.root = folder;
  std::vector<std::filesystem::path> recordings;
  for (std::size_t i = 0; i < nets.size(); ++i) {
    recordings.push_back(out.root / ("recording" + std::to_string(i) + ".npz"));
    if (Status done = record(out.nets[i], nets[i], recordings.back(), options); !done) return std::move(done).error();
  }
  if (Status chosen = choose_sample(out, options); !chosen) return std::move(chosen).error();
  for (const auto write :
       {write_map, write_map_json, write_expected, write_params, write_layer_debug, write_addresses}) {
    if (Status done = write(out); !done) return std::move(done).error();
  }
  Written written = summary(out);
  for (MapperNet& net : out.nets) net.run.reset();
  std::error_code ignored;
  for (const std::filesystem::path& recording : recordings) std::filesystem::remove(recording, ignored);
  return written;
}

}  // namespace witin::golden
