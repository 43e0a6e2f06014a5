#include "sim/trace/trace_header.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "sim/package/json_value.hpp"
#include "sim/package/limits.hpp"

namespace witin::trace {
namespace {

using nlohmann::ordered_json;
using package::in_quotes;
using package::Json;
using package::JsonFormat;
using package::JsonRecord;
using package::JsonValue;
namespace limits = package::limits;

constexpr JsonFormat kFormat{"trace", kHeaderMember};
constexpr std::size_t kFields = 64;  // of one node: operators have fewer than 32
constexpr int kMaxBits = 64;
// The graph, as far as a comparison needs it. Other programs ignore it, so it is never a reason to refuse a trace.
constexpr std::string_view kInputs = "x-inputs";
constexpr std::string_view kLookahead = "x-lookahead";
constexpr std::string_view kCodes = "npu_y";  // the field whose width "bits" is

std::string dump(const ordered_json& json) { return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace); }

ordered_json describe(const TraceNode& node) {
  ordered_json fields = ordered_json::array();
  std::optional<int> bits;
  for (const TraceField& field : node.fields) {
    fields.push_back(field.name);
    if (field.name == kCodes) bits = field.bits;
  }
  ordered_json json{{"name", node.name}, {"op", node.op}, {"shape", node.shape}, {"fields", std::move(fields)}};
  if (bits) json["bits"] = *bits;
  if (node.inputs) json[kInputs] = *node.inputs;
  if (node.lookahead) json[kLookahead] = *node.lookahead;
  return json;
}

// A list of names, or nothing where it is something else.
std::optional<std::vector<std::string>> names_in(const JsonRecord& record, std::string_view key) {
  const auto found = record.find(key);
  const auto* list = found ? found->json->get<Json::Array>() : nullptr;
  if (list == nullptr || list->size() > limits::kInputs) return std::nullopt;
  std::vector<std::string> names;
  for (const Json& entry : *list) {
    const auto* text = entry.get<std::string>();
    if (text == nullptr) return std::nullopt;
    names.push_back(*text);
  }
  return names;
}

TraceNode read_node(const JsonValue& value) {
  const JsonRecord record(value);
  record.allow({"name", "op", "shape", "fields", "bits"});
  const JsonValue name = record.get("name");
  TraceNode node{.name = name.string()};
  if (!package::is_name(node.name, "_./:-") || !package::is_safe_path(node.name)) {
    name.refuse("name", "a name is not allowed", "1 to 200 of A-Z a-z 0-9 _ . / : - and no part . or ..",
                in_quotes(node.name));
  }
  node.op = record.get("op").text();
  node.shape = record.get("shape").shape();
  node.inputs = names_in(record, kInputs);
  if (const auto found = record.find(kLookahead)) {
    const auto* lookahead = found->json->get<std::int64_t>();
    if (lookahead != nullptr && *lookahead >= 0) node.lookahead = *lookahead;
  }
  const auto bits = record.find("bits");
  for (const JsonValue& entry : record.get("fields").list(kFields)) {
    TraceField field{.name = entry.string()};
    if (!package::is_name(field.name, "_")) {
      entry.refuse("name", "the name of a field is not allowed", "1 to 200 of A-Z a-z 0-9 _", in_quotes(field.name));
    }
    if (std::ranges::find(node.fields, field.name, &TraceField::name) != node.fields.end()) {
      entry.refuse("duplicate_name", "a field is listed twice", "", in_quotes(field.name));
    }
    if (bits && field.name == kCodes) field.bits = static_cast<int>(bits->integer(1, kMaxBits));
    node.fields.push_back(std::move(field));
  }
  return node;
}

void check_format(const JsonRecord& record) {
  const JsonValue format = record.get("format");
  if (format.string() != "witin.wtrace") {
    format.refuse("format", "this is not a trace", "\"witin.wtrace\"", in_quotes(format.string()));
  }
  const JsonValue version = record.get("version");
  const auto number = version.as<std::int64_t>("an integer");
  if (number != 1) {
    version.refuse("version", "this version of the trace is not supported", "1", std::to_string(number),
                   "use a newer witin-sim");
  }
}

bool is_null(const std::optional<JsonValue>& value) { return !value || value->json->get<std::nullptr_t>() != nullptr; }

ordered_json to_nlohmann(const Json::Array& array);
ordered_json to_nlohmann(const Json::Object& object);
template <typename Scalar>
ordered_json to_nlohmann(const Scalar& scalar) {
  return scalar;
}

ordered_json to_nlohmann(const Json& json) {
  return std::visit([](const auto& value) { return to_nlohmann(value); }, json.value);
}

ordered_json to_nlohmann(const Json::Array& array) {
  ordered_json out = ordered_json::array();
  for (const Json& element : array) out.push_back(to_nlohmann(element));
  return out;
}

ordered_json to_nlohmann(const Json::Object& object) {
  ordered_json out = ordered_json::object();
  for (const package::JsonMember& member : object) out[member.key] = to_nlohmann(member.value);
  return out;
}

TraceInfo read_info(const Json& json) {
  const JsonRecord record(JsonValue{&kFormat, &json, ""});
  check_format(record);
  record.allow(
      {"format", "version", "package", "arithmetic", "noise", "seed", "simulator", "level", "frames", "nodes"});
  TraceInfo info;
  const JsonRecord source(record.get("package"));
  source.allow({"name", "sha256"});
  info.package_name = source.get("name").text();
  info.package_sha256 = source.get("sha256").text();
  info.arithmetic = record.get("arithmetic").arithmetic();
  if (const auto noise = record.find("noise"); !is_null(noise)) {
    info.noise = dump(to_nlohmann(noise->as<Json::Object>("null or an object")));
  }
  if (const auto seed = record.find("seed"); !is_null(seed)) {
    info.seed = seed->integer(0, INT64_MAX);
  }
  if (const auto simulator = record.find("simulator")) info.simulator = simulator->text();
  if (const auto level = record.find("level")) info.level = level->text();
  info.frames = record.get("frames").integer(0, INT64_MAX);
  info.inputs = names_in(record, kInputs).value_or(std::vector<std::string>{});
  std::set<std::string> names;
  for (const JsonValue& entry : record.get("nodes").list(limits::kNodes)) {
    info.nodes.push_back(read_node(entry));
    if (!names.insert(info.nodes.back().name).second) {
      entry.refuse("duplicate_name", "a node is listed twice", "", in_quotes(info.nodes.back().name));
    }
  }
  return info;
}

}  // namespace

std::string write_header(const TraceInfo& info) {
  std::string out = "{\n";
  const auto line = [&](std::string_view key, const std::string& value) {
    out += "  \"" + std::string(key) + "\": " + value + ",\n";
  };
  line("format", "\"witin.wtrace\"");
  line("version", "1");
  line("package", dump({{"name", info.package_name}, {"sha256", info.package_sha256}}));
  line("arithmetic", dump(name(info.arithmetic.value_or(Arithmetic::kWtm2101))));
  line("noise", info.noise.empty() ? "null" : info.noise);
  line("seed", info.seed ? std::to_string(*info.seed) : "null");
  line("simulator", dump(info.simulator));
  line("level", dump(info.level));
  line("frames", std::to_string(info.frames));
  if (!info.inputs.empty()) line(kInputs, dump(info.inputs));
  out += "  \"nodes\": [";
  for (std::size_t i = 0; i < info.nodes.size(); ++i) {
    out += (i == 0 ? "\n    " : ",\n    ") + dump(describe(info.nodes[i]));
  }
  return out + (info.nodes.empty() ? "]\n}\n" : "\n  ]\n}\n");
}

Result<TraceInfo> read_header(std::string_view text) {
  Result<Json> json = package::parse_json(text, kHeaderMember);
  if (!json) return std::move(json).error();
  try {
    return read_info(*json);
  } catch (package::Refusal& refusal) {
    return std::move(refusal.error);
  }
}

std::string field_member(std::string_view node, std::string_view field) {
  return std::string(node) + "/" + std::string(field) + ".npy";
}

}  // namespace witin::trace
