// layer_debug/, addr.csv, BoardConfigDebug.json.
#include <algorithm>
#include <array>
#include <cstring>
#include <map>

#include "sim/golden/mapper.hpp"
#include "sim/golden/tab_json.hpp"

namespace witin::golden {
namespace {

constexpr std::size_t kTableSize = 256;
using Table = std::array<std::uint8_t, kTableSize>;

// Where the codes of each layer lie in the register file. For each layer in turn a room of its results' size is kept
// free; then come, before the last layer's results, the inputs of the net; then the layer's results. These are the
// addresses of the published folders. Codes that are neither an input nor the results of one layer get a room before
// the layer's own.
struct Addresses {
  std::vector<std::int64_t> in, out;        // of each layer
  std::map<std::size_t, std::int64_t> net;  // of each input of the package that a layer reads
};

Addresses addresses_of(const MapperNet& net) {
  Addresses all;
  std::int64_t next = 0;
  const auto take = [&next](std::int64_t size) { return std::exchange(next, next + size); };
  for (std::size_t l = 0; l < net.layers.size(); ++l) {
    const ArrayLayer& layer = net.layers[l].array;
    take(layer.columns);
    all.in.push_back(0);
    const auto before = net.layers.begin() + static_cast<std::ptrdiff_t>(l);
    const auto source = std::find_if(net.layers.begin(), before,
                                     [&](const MapperLayer& other) { return other.array.shown == layer.x; });
    if (source != before) {
      all.in.back() = all.out[static_cast<std::size_t>(source - net.layers.begin())];
    } else if (!layer.x.is_input) {
      all.in.back() = take(layer.driven_rows());
    }
    if (l + 1 == net.layers.size()) {
      for (const MapperLayer& reader : net.layers) {
        if (!reader.array.x.is_input || all.net.contains(reader.array.x.index)) continue;
        all.net[reader.array.x.index] = take(reader.array.driven_rows());
      }
    }
    all.out.push_back(take(layer.columns));
  }
  for (std::size_t l = 0; l < net.layers.size(); ++l) {
    const ValueRef& x = net.layers[l].array.x;
    if (x.is_input) all.in[l] = all.net[x.index];
  }
  return all;
}

Status write_addr(const MapperFolder& folder) {
  TextFile file(folder.root / "addr.csv");
  file << "net_idx,layer_name,layer_type,round_type,round_idx,flow_idx,in/out,addr,type,len,file\n";
  for (std::size_t n = 0; n < folder.nets.size(); ++n) {
    const MapperNet& net = folder.nets[n];
    const Addresses addresses = addresses_of(net);
    file << "\n\n";
    for (std::size_t l = 0; l < net.layers.size(); ++l) {
      const ArrayLayer& layer = net.layers[l].array;
      for (const bool input : {true, false}) {
        file << static_cast<std::int64_t>(n) << ",\"" << layer.name << "\",\"OpType::MV_OP\",array,"
             << static_cast<std::int64_t>(l) << ",1," << (input ? "in," : "out,")
             << (input ? addresses.in[l] : addresses.out[l]) << ",regfile,"
             << (input ? layer.driven_rows() : layer.columns) << ',' << net.layers[l].folder(n, l)
             << (input ? "input0.txt" : "output0.txt") << '\n';
      }
    }
  }
  return file.close();
}

// The tables a net needs: ReLU where a layer has one, identity where a layer has none, then those of its nodes.
std::vector<Table> tables_of(const MapperNet& net) {
  Table relu{};
  Table identity{};
  for (std::size_t i = 0; i < kTableSize; ++i) {
    identity[i] = static_cast<std::uint8_t>(i);
    relu[i] = i < kTableSize / 2 ? identity[i] : std::uint8_t{0};
  }
  std::vector<Table> tables;
  const auto any = [&net](auto has) { return std::ranges::any_of(net.layers, has, &MapperLayer::array); };
  if (any([](const ArrayLayer& layer) { return layer.relu; })) tables.push_back(relu);
  if (any([](const ArrayLayer& layer) { return !layer.relu && !layer.table; })) tables.push_back(identity);
  for (const MapperLayer& layer : net.layers) {
    if (!layer.array.table) continue;
    Table table{};
    std::memcpy(table.data(), net.engine->package().tensors[*layer.array.table].bytes.data(), kTableSize);
    if (std::ranges::find(tables, table) == tables.end()) tables.push_back(table);
  }
  return tables;
}

void write_tables(const std::vector<Table>& tables, TextFile& file, TabJson& json) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  json.open('{', "diff_lookup_table");
  json.begin_text("data");
  for (const Table& table : tables) {
    for (std::size_t word = 0; word < kTableSize; word += 4) {
      file << "0x";
      for (std::size_t byte = word + 4; byte-- > word;) file << kDigits[table[byte] >> 4] << kDigits[table[byte] & 15];
      file << ',';
    }
  }
  json.end_text();
  json.number("len", static_cast<std::int64_t>(tables.size() * kTableSize));
  json.close('}');
}

void write_port(TabJson& json, std::int64_t address, std::string_view name, std::int64_t codes) {
  json.open('{');
  json.number("addr", address);
  json.text("comment", name);
  json.number("len", codes);
  json.open('[', "shape");
  json.element(1);
  json.element(codes);
  json.close(']');
  json.text("type", "regfile");
  json.close('}');
}

void write_net(const MapperNet& net, std::size_t number, TextFile& file, TabJson& json) {
  const Addresses addresses = addresses_of(net);
  const Package& package = net.engine->package();
  json.open('{');
  write_tables(tables_of(net), file, json);
  json.number("net_cnt", static_cast<std::int64_t>(number));
  json.open('[', "net_inputs");
  for (const auto& entry : addresses.net) {
    const std::size_t input = entry.first;
    const auto reader = std::ranges::find_if(net.layers, [&](const MapperLayer& layer) {
      return layer.array.x == ValueRef{true, input, 0};
    });
    write_port(json, entry.second, package.inputs[input].name, reader->array.driven_rows());
  }
  json.close(']');
  json.open('[', "net_outputs");
  for (std::size_t l = 0; l < net.layers.size(); ++l) {
    const ArrayLayer& layer = net.layers[l].array;
    const NodeInfo& shown = net.engine->nodes()[layer.shown.index];
    if (shown.output) write_port(json, addresses.out[l], shown.name, layer.columns);
  }
  json.close(']');
  json.number("round_total", std::ssize(net.layers));
  json.close('}');
}

std::string model_name(const MapperFolder& folder) {
  std::string out = "model_" + std::to_string(folder.nets.size()) + "_net";
  for (const MapperNet& net : folder.nets) {
    for (const Input& input : net.engine->package().inputs) out += "_" + input.name;
    for (const std::string& output : net.engine->package().outputs) out += "_" + output;
  }
  return out;
}

Status write_config(const MapperFolder& folder) {
  TextFile file(folder.root / "BoardConfigDebug.json");
  TabJson json(file);
  json.open('{');
  json.text("chip", "ChipId::BB04P1");
  json.text("model_name", model_name(folder));
  json.number("net_total", std::ssize(folder.nets));
  json.open('[', "nets");
  for (std::size_t n = 0; n < folder.nets.size(); ++n) write_net(folder.nets[n], n, file, json);
  json.close(']');
  json.text("time", kDate);
  json.text("version", kVersion);
  json.close('}');
  return file.close();
}

void write_line(TextFile& file, std::span<const std::int32_t> codes) {
  for (std::size_t i = 0; i < codes.size(); ++i) {
    if (i != 0) file << ' ';
    file << std::int64_t{codes[i]};
  }
  file << '\n';
}

}  // namespace

Status write_layer_debug(const MapperFolder& folder) {
  for (std::size_t n = 0; n < folder.nets.size(); ++n) {
    const MapperNet& net = folder.nets[n];
    for (std::size_t l = 0; l < net.layers.size(); ++l) {
      const MapperLayer& layer = net.layers[l];
      const std::filesystem::path path = folder.root / layer.folder(n, l);
      TextFile in(path / "input0.txt");
      TextFile out(path / "output0.txt");
      const Status done =
          net.run->lines(layer.array, layer.array.shown, 0, net.lines(layer), [&](auto x, auto y) -> Status {
            write_line(in, x);
            write_line(out, y);
            return {};
          });
      if (!done) return done;
      for (TextFile* file : {&in, &out}) {
        if (Status closed = file->close(); !closed) return closed;
      }
    }
  }
  return {};
}

Status write_addresses(const MapperFolder& folder) {
  if (Status done = write_addr(folder); !done) return done;
  return write_config(folder);
}

}  // namespace witin::golden
