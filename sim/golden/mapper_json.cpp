// map.json, which the burning tool reads instead of map.csv, layers.txt and the expected files.
#include "sim/golden/mapper.hpp"
#include "sim/golden/tab_json.hpp"

namespace witin::golden {
namespace {

constexpr std::int64_t kConfig = 1090;
constexpr std::int64_t kAverage = 2;
constexpr std::int64_t kStandard = 100;
constexpr int kStandards = 7;

void write_codes(TextFile& file, std::span<const std::int32_t> codes) {
  for (std::size_t i = 0; i < codes.size(); ++i) {
    if (i != 0) file << ',';
    file << std::int64_t{codes[i]};
  }
}

// "[column,row,value],..."
class Cells {
 public:
  Cells(TextFile& file, TabJson& json, std::string_view key) : file_(file), json_(json) { json.begin_text(key); }
  void cell(std::int64_t column, std::int64_t row, std::int32_t value) {
    if (!first_) file_ << ',';
    first_ = false;
    file_ << '[' << column << ',' << row << ',' << std::int64_t{value} << ']';
  }
  void end() { json_.end_text(); }

 private:
  TextFile& file_;
  TabJson& json_;
  bool first_ = true;
};

Status write_frames(const MapperFolder& folder, const MapperNet& net, const MapperLayer& layer, bool input,
                    TextFile& file, TabJson& json) {
  const std::string key = input ? "expected_input" : "expected_output";
  json.open('[', key + "_data");
  for (const std::int64_t index : layer.sample) {
    const Status done =
        net.run->lines(layer.array, layer.array.y, folder.start + index, 1, [&](auto x, auto y) -> Status {
          const std::span<const std::int32_t> codes = input ? x : y;
          json.open('{');
          json.begin_text("data");
          write_codes(file, codes);
          json.end_text();
          json.number("element_num", std::ssize(codes));
          json.number("frame_idx", folder.start + index);
          json.close('}');
          return {};
        });
    if (!done) return done;
  }
  json.close(']');
  json.number(key + "_frame_num", std::ssize(layer.sample));
  return {};
}

Status write_layer(const MapperFolder& folder, const MapperNet& net, const MapperLayer& layer, TextFile& file,
                   TabJson& json) {
  const ArrayLayer& array = layer.array;
  const array::Block& place = array.place;
  json.open('{');
  json.number("G", static_cast<std::int64_t>(array.g));
  json.number("average", kAverage);
  Cells bias(file, json, "bias_data");
  const std::vector<std::int32_t> rows = array.bias_rows(place.bias_units);
  for (std::int64_t row = 0; row < place.bias_units; ++row) {
    for (std::int64_t n = 0; n < place.columns; ++n) {
      bias.cell(place.x + n, array::kArrayRows + 1 + 2 * (place.z + row),
                rows[static_cast<std::size_t>(row * place.columns + n)]);
    }
  }
  bias.end();
  json.number("bias_data_size", place.bias_units * place.columns);
  json.number("bias_z_e", place.z + place.bias_units - 1);
  json.number("bias_z_s", place.z);
  for (const bool input : {true, false}) {
    if (Status done = write_frames(folder, net, layer, input, file, json); !done) return done;
  }
  json.text("layer_name", array.name);
  json.text("layer_type", "OpType::MV_OP");
  json.number("scale", 1);
  json.open('[', "standard");
  for (int i = 0; i < kStandards; ++i) json.element(kStandard);
  json.close(']');
  Cells weight(file, json, "weight_data");
  for (std::int64_t k = 0; k < place.rows; ++k) {
    for (std::int64_t n = 0; n < place.columns; ++n) {
      weight.cell(place.x + n, place.y + k, array.driven_weight(k, n));
    }
  }
  weight.end();
  json.number("weight_data_size", place.rows * place.columns);
  json.number("weight_enlarge_factor", 1);
  json.number("weight_x_e", place.x + place.columns - 1);
  json.number("weight_x_s", place.x);
  json.number("weight_y_e", place.y + place.rows - 1);
  json.number("weight_y_s", place.y);
  json.close('}');
  return {};
}

}  // namespace

Status write_map_json(const MapperFolder& folder) {
  TextFile file(folder.root / "map" / "map.json");
  TabJson json(file);
  json.open('{');
  json.text("chip", "ChipId::BB04P1");
  json.number("config", kConfig);
  json.text("date", kDate);
  json.boolean("fix_in", false);
  json.number("net_num", std::ssize(folder.nets));
  json.open('[', "nets");
  for (std::size_t n = 0; n < folder.nets.size(); ++n) {
    const MapperNet& net = folder.nets[n];
    json.open('{');
    json.number("calibration_start", folder.start);
    json.number("layer_num", std::ssize(net.layers));
    json.open('[', "layers");
    for (const MapperLayer& layer : net.layers) {
      if (Status done = write_layer(folder, net, layer, file, json); !done) return done;
    }
    json.close(']');
    json.text("net_name", "net_" + std::to_string(n));
    json.close('}');
  }
  json.close(']');
  json.text("version", kVersion);
  json.close('}');
  return file.close();
}

}  // namespace witin::golden
