#include "sim/report/info_report.hpp"

#include <cmath>
#include <set>

#include "sim/array/footprint.hpp"
#include "sim/escape.hpp"
#include "sim/package/limits.hpp"
#include "sim/package/zip_reader.hpp"
#include "sim/report/document.hpp"
#include "sim/report/table.hpp"

namespace witin::report {
namespace {

using enum Table::Align;

std::string range_text(CodeRange range) { return std::to_string(range.lo) + ".." + std::to_string(range.hi); }

std::string list(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

std::string_view neg_in_name(NegIn neg_in) {
  switch (neg_in) {
    case NegIn::kPn:
      return "pn";
    case NegIn::kShift:
      return "shift";
    case NegIn::kNone:
      break;
  }
  return "none";
}

std::int64_t bytes_of(const Tensor& tensor) { return static_cast<std::int64_t>(tensor.bytes.size()); }

std::int64_t tensor_bytes(const Package& package, const Node& node) {
  std::int64_t bytes = 0;
  for (const auto& [role, tensor] : node.tensors) bytes += bytes_of(package.tensors[tensor]);
  return bytes;
}

template <typename T>
Document value_or_null(const std::optional<T>& value) {
  return value ? Document(*value) : Document(nullptr);
}

std::string heading(std::string_view name, std::string_view sha256) {
  return escaped(name) + "\n  sha256       " + std::string(sha256.empty() ? "unknown" : sha256) + "\n";
}

std::string inputs_table(const Package& package) {
  Table table({{"input"}, {"shape"}, {"bits", kRight}, {"range", kRight}, {"neg_in"}, {"scale", kRight}});
  for (const Input& input : package.inputs) {
    std::string scale = input.scale ? Document(*input.scale).dump() : "-";
    if (input.shift) scale += " + " + Document(*input.shift).dump();
    table.add({input.name, to_string(input.shape), std::to_string(input.bits), range_text(input.range()),
               std::string(neg_in_name(input.neg_in)), std::move(scale)});
  }
  return table.text();
}

std::string nodes_table(const Engine& engine) {
  Table table({{"node"}, {"op"}, {"inputs"}, {"shape"}, {"range", kRight}, {"MACs", kRight}, {"tensor bytes", kRight}});
  for (std::size_t i = 0; i < engine.nodes().size(); ++i) {
    const NodeInfo& node = engine.nodes()[i];
    const bool own = node.arithmetic != engine.arithmetic();
    table.add({node.name + (node.output ? " (output)" : ""),
               own ? node.op + " (" + std::string(name(node.arithmetic)) + ")" : node.op, list(node.inputs),
               to_string(node.shape), range_text(node.range), std::to_string(node.macs),
               std::to_string(tensor_bytes(engine.package(), engine.package().nodes[i]))});
  }
  return table.text();
}

std::string tensors_table(const Package& package) {
  Table table({{"tensor"}, {"dtype"}, {"shape"}, {"bytes", kRight}});
  for (const Tensor& tensor : package.tensors) {
    table.add({tensor.id, std::string(name(tensor.dtype)), to_string(tensor.shape), std::to_string(bytes_of(tensor))});
  }
  return table.text();
}

std::string array_use(const array::Footprint& footprint) {
  std::string out =
      std::to_string(footprint.cells) + " of " + std::to_string(array::kArrayColumns * array::kArrayRows) +
      " weight cells (" + std::to_string(std::llround(footprint.percent())) + " %); packed " +
      counted(footprint.columns, "column") + ", " + counted(footprint.rows, "row") + ", " +
      std::to_string(footprint.bias_units) + " of " + std::to_string(array::kArrayBiasUnits) + " bias units";
  return out;
}

Document to_json(const array::Footprint& footprint) {
  Document json = {{"fits", footprint.fits()}, {"cells", footprint.cells},           {"columns", footprint.columns},
                   {"rows", footprint.rows},   {"bias_units", footprint.bias_units}, {"blocks", Document::array()}};
  for (const array::Block& block : footprint.blocks) {
    Document entry = {{"node", block.node}, {"matrix", block.matrix},         {"columns", block.columns},
                      {"rows", block.rows}, {"bias_units", block.bias_units}, {"place", nullptr}};
    if (block.placed) entry["place"] = {block.x, block.y, block.z};
    json["blocks"].push_back(std::move(entry));
  }
  return json;
}

}  // namespace

Result<FileKind> kind_of(const std::filesystem::path& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return FileKind::kTrace;
  const Result<package::File> file = package::File::open(path);
  if (!file) return Error(file.error()).within(path.string());
  if (!package::looks_like_zip(*file)) {
    return Error{"info.kind", "this is neither a package nor a trace", path.string(), "a .wpkg or a .wtrace", "", ""};
  }
  const auto directory = package::read_zip_directory(*file, {.max_members = package::limits::kMembers});
  if (!directory) return Error(directory.error()).within(path.string());
  return directory->contains("manifest.json") ? FileKind::kPackage : FileKind::kTrace;
}

std::string package_summary(const Engine& engine) {
  const Package& package = engine.package();
  std::int64_t macs = 0;
  for (const NodeInfo& node : engine.nodes()) macs += node.macs;
  std::int64_t bytes = 0;
  for (const Tensor& tensor : package.tensors) bytes += bytes_of(tensor);

  std::string out = heading(package.name, package.sha256());
  const auto line = [&out](std::string_view key, const std::string& value) {
    if (!value.empty()) out += "  " + std::string(key) + std::string(13 - key.size(), ' ') + value + "\n";
  };
  line("description", escaped(package.description));
  line("producer", escaped(package.producer));
  line("arithmetic", std::string(name(engine.arithmetic())));
  line("frames", engine.stateful() ? "time steps: state is carried from one to the next" : "independent");
  line("size", counted(static_cast<std::int64_t>(package.nodes.size()), "node") + ", " +
                   counted(static_cast<std::int64_t>(package.tensors.size()), "tensor") + " of " +
                   counted(bytes, "byte") + ", " + counted(macs, "MAC") + " a frame");
  const array::Footprint footprint = array::footprint(engine);
  if (!footprint.blocks.empty()) line("array", array_use(footprint));
  for (const array::Block& block : footprint.blocks) {
    if (!block.placed) {
      line("warning", "no room on the array for " + block.node + " " + block.matrix + ": " +
                          counted(block.columns, "column") + ", " + counted(block.rows, "row") + ", " +
                          counted(block.bias_units, "bias unit"));
    }
  }
  out += "\n" + inputs_table(package) + "\n" + nodes_table(engine);
  if (!package.tensors.empty()) out += "\n" + tensors_table(package);
  return out;
}

std::string package_document(const Engine& engine) {
  const Package& package = engine.package();
  Document json = new_document("witin.info");
  json["kind"] = "package";
  json["name"] = package.name;
  json["sha256"] = package.sha256();
  json["description"] = package.description;
  json["producer"] = package.producer;
  json["arithmetic"] = name(engine.arithmetic());
  json["stateful"] = engine.stateful();
  json["array"] = to_json(array::footprint(engine));
  json["outputs"] = package.outputs;
  json["inputs"] = Document::array();
  for (const Input& input : package.inputs) {
    json["inputs"].push_back({{"name", input.name},
                              {"shape", input.shape},
                              {"bits", input.bits},
                              {"signed", input.is_signed},
                              {"neg_in", neg_in_name(input.neg_in)},
                              {"range", to_json(input.range())},
                              {"scale", value_or_null(input.scale)},
                              {"shift", value_or_null(input.shift)}});
  }
  json["nodes"] = Document::array();
  for (std::size_t i = 0; i < engine.nodes().size(); ++i) {
    Document node = to_json(engine.nodes()[i]);
    node["scale"] = value_or_null(package.nodes[i].scale);
    node["tensors"] = Document::object();
    for (const auto& [role, tensor] : package.nodes[i].tensors) node["tensors"][role] = package.tensors[tensor].id;
    json["nodes"].push_back(std::move(node));
  }
  json["tensors"] = Document::array();
  for (const Tensor& tensor : package.tensors) {
    json["tensors"].push_back(
        {{"id", tensor.id}, {"dtype", name(tensor.dtype)}, {"shape", tensor.shape}, {"bytes", bytes_of(tensor)}});
  }
  return text_of(json);
}

std::string trace_summary(const TraceInfo& trace) {
  std::string out =
      heading(trace.package_name.empty() ? "(a trace of arrays only)" : trace.package_name, trace.package_sha256);
  const auto line = [&out](std::string_view key, const std::string& value) {
    if (!value.empty()) out += "  " + std::string(key) + std::string(13 - key.size(), ' ') + value + "\n";
  };
  line("arithmetic", trace.arithmetic ? std::string(name(*trace.arithmetic)) : "");
  line("simulator", escaped(trace.simulator));
  line("level", escaped(trace.level));
  line("noise", escaped(trace.noise));
  line("seed", trace.seed ? std::to_string(*trace.seed) : "");
  line("frames", std::to_string(trace.frames));
  Table table({{"node"}, {"op"}, {"field"}, {"dtype"}, {"shape"}, {"bits", kRight}});
  for (const TraceNode& node : trace.nodes) {
    for (const TraceField& field : node.fields) {
      table.add({node.name, escaped(node.op), field.name, std::string(name(field.dtype)), to_string(field.shape),
                 field.bits ? std::to_string(*field.bits) : "-"});
    }
  }
  return out + "\n" + table.text();
}

std::string trace_document(const TraceInfo& trace) {
  Document json = new_document("witin.info");
  json["kind"] = "trace";
  json["package"] = {{"name", trace.package_name}, {"sha256", trace.package_sha256}};
  json["arithmetic"] = trace.arithmetic ? Document(name(*trace.arithmetic)) : Document(nullptr);
  json["noise"] = trace.noise.empty() ? Document(nullptr) : Document::parse(trace.noise);
  json["seed"] = value_or_null(trace.seed);
  json["written_by"] = trace.simulator;
  json["level"] = trace.level;
  json["frames"] = trace.frames;
  json["nodes"] = Document::array();
  for (const TraceNode& node : trace.nodes) {
    Document fields = Document::object();
    for (const TraceField& field : node.fields) {
      fields[field.name] = {{"dtype", name(field.dtype)}, {"shape", field.shape}, {"bits", value_or_null(field.bits)}};
    }
    json["nodes"].push_back({{"name", node.name}, {"op", node.op}, {"shape", node.shape}, {"fields", fields}});
  }
  return text_of(json);
}

}  // namespace witin::report
