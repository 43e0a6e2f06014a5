#include "sim/golden/vectors.hpp"

#include "sim/arith/bias.hpp"
#include "sim/report/document.hpp"

namespace witin::golden {

Result<FrameSpan> frames_taken(const Net& net, const GoldenOptions& options) {
  const std::int64_t available = net.source->frames();
  const std::int64_t first = options.start.value_or(0);
  const std::int64_t count = options.frames.value_or(available - first);
  if (first < available && count > 0 && count <= available - first) return FrameSpan{first, count};
  return Error{"golden.frames",
               "the input does not have these frames",
               "--calibration-start, --frames",
               "frames within 0.." + std::to_string(available - 1),
               std::to_string(count) + " from frame " + std::to_string(first) + " on",
               ""};
}

Result<Vectors> make_vectors(const Net& net, const GoldenOptions& options, const std::filesystem::path& file) {
  const Result<FrameSpan> frames = frames_taken(net, options);
  if (!frames) return frames.error();
  Result<ArrayLayers> layers = array_layers(*net.engine);
  if (!layers) return std::move(layers).error();
  Vectors out{.net = &net, .frames = *frames, .layers = {}, .layer_biases = {}, .left_out = {}, .run = {}};
  out.left_out = std::move(layers->refused);
  std::vector<ValueRef> values;
  bool ahead = false;
  for (ArrayLayer& layer : layers->layers) {
    Status driven = drive(layer, 0);
    const auto rows = driven.ok() ? layer.choose_bias_rows(arith::kMaxBiasRows) : std::nullopt;
    if (!rows) {
      out.left_out.push_back(driven.ok() ? Error{"golden.bias", "the layer's bias does not fit 32 bias rows",
                                                 layer.name, "units of -4096..4064", "more", ""}
                                         : std::move(driven).error());
      continue;
    }
    for (const std::int64_t position : layer.w.positions) ahead = ahead || (layer.time && position > 0);
    values.insert(values.end(), {layer.x, layer.y});
    out.layer_biases.push_back(*rows);
    out.layers.push_back(std::move(layer));
  }
  for (std::size_t node = 0; node < net.engine->nodes().size(); ++node) values.push_back({false, node, 0});
  const std::int64_t needed = ahead ? net.source->frames() : frames->first + frames->count;
  Result<Recording> run = Recording::make(*net.engine, *net.source, needed, values, file, options.run);
  if (!run) return std::move(run).error();
  out.run = std::move(run).value();
  return out;
}

nlohmann::ordered_json new_index(const Engine& engine, FrameSpan frames, std::string_view format) {
  nlohmann::ordered_json index = report::new_document("witin.golden");
  const Package& package = engine.package();
  index["kind"] = format;
  index["package"] = {{"name", package.name}, {"sha256", package.sha256()}};
  index["arithmetic"] = name(engine.arithmetic());
  index["first_frame"] = frames.first;
  index["frames"] = frames.count;
  index["inputs"] = nlohmann::ordered_json::array();
  for (const Input& input : package.inputs) {
    index["inputs"].push_back(
        {{"name", input.name}, {"shape", input.shape}, {"range", report::to_json(input.range())}});
  }
  index["nodes"] = nlohmann::ordered_json::array();
  for (const NodeInfo& info : engine.nodes()) {
    nlohmann::ordered_json node = {
        {"name", info.name},     {"op", info.op},       {"arithmetic", name(info.arithmetic)},
        {"inputs", info.inputs}, {"shape", info.shape}, {"range", report::to_json(info.range)},
        {"output", info.output}};
    nlohmann::ordered_json attributes = nlohmann::ordered_json::object();
    for (const auto& [key, value] : package.nodes[index["nodes"].size()].attributes) {
      std::visit([&, &key = key](const auto& held) { attributes[key] = held; }, value);
    }
    node["attributes"] = std::move(attributes);
    index["nodes"].push_back(std::move(node));
  }
  return index;
}

Status write_index(const std::filesystem::path& folder, const nlohmann::ordered_json& index) {
  TextFile file(folder / "golden.json");
  file << report::text_of(index);
  return file.close();
}

Written summary(const Vectors& vectors) {
  Written out;
  out.start = vectors.frames.first;
  out.frames = vectors.frames.count;
  out.left_out = vectors.left_out;
  for (std::size_t i = 0; i < vectors.layers.size(); ++i) {
    const ArrayLayer& layer = vectors.layers[i];
    out.layers.push_back({0,
                          layer.name,
                          layer.driven_rows(),
                          layer.columns,
                          vectors.layer_biases[i],
                          vectors.frames.count * layer.lines(),
                          {}});
  }
  return out;
}

}  // namespace witin::golden
