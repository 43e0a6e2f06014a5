#include "sim/package/manifest.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "sim/package/bytes.hpp"
#include "sim/package/json_value.hpp"
#include "sim/package/limits.hpp"

namespace witin::package {
namespace {

constexpr JsonFormat kFormat{"manifest", kManifestMember};

std::string node_name(const JsonValue& value) {
  const std::string& text = value.string();
  if (!is_name(text, "_./:-") || !is_safe_path(text)) {
    value.refuse("name", "a name is not allowed", "1 to 200 of A-Z a-z 0-9 _ . / : - and no part . or ..",
                 in_quotes(text));
  }
  return text;
}

NegIn neg_in(const JsonValue& value) {
  const std::string& text = value.string();
  if (text == "none") return NegIn::kNone;
  if (text == "pn") return NegIn::kPn;
  if (text == "shift") return NegIn::kShift;
  value.refuse("value", "neg_in is unknown", "none, pn or shift", in_quotes(text));
}

Input read_input(const JsonValue& value) {
  const JsonRecord record(value);
  record.allow({"name", "shape", "bits", "signed", "neg_in", "scale", "shift"});
  Input input;
  input.name = node_name(record.get("name"));
  const JsonValue shape = record.get("shape");
  input.shape = shape.shape();
  if (element_count(input.shape) > limits::kFrameElements) {
    shape.refuse("too_large", "a frame has too many values", "at most " + std::to_string(limits::kFrameElements),
                 to_string(input.shape));
  }
  if (const auto bits = record.find("bits")) input.bits = static_cast<int>(bits->integer(1, limits::kInputBits));
  if (const auto is_signed = record.find("signed")) input.is_signed = is_signed->boolean();
  if (const auto mode = record.find("neg_in")) input.neg_in = neg_in(*mode);
  if (const auto scale = record.find("scale")) input.scale = scale->positive();
  if (const auto shift = record.find("shift")) input.shift = shift->number();
  if (const auto source = record.find("x-quantises")) input.quantises = node_name(*source);
  return input;
}

AttributeValue attribute_list(const JsonValue& value) {
  std::vector<std::int64_t> integers;
  std::vector<double> numbers;
  for (const JsonValue& element : value.list(limits::kListLength)) {
    numbers.push_back(element.number());
    if (const auto* integer = element.json->get<std::int64_t>()) integers.push_back(*integer);
  }
  if (integers.size() == numbers.size()) return integers;
  return numbers;
}

AttributeValue attribute(const JsonValue& value) {
  if (const auto* boolean = value.json->get<bool>()) return *boolean;
  if (const auto* integer = value.json->get<std::int64_t>()) return *integer;
  if (const auto* number = value.json->get<double>()) return *number;
  if (value.json->get<std::string>() != nullptr) return value.text();
  if (value.json->get<Json::Array>() != nullptr) return attribute_list(value);
  value.refuse("type", "an attribute has the wrong type", "a boolean, number, string or list of numbers",
               std::string(value.json->kind()));
}

Tensor read_tensor(std::string_view id, const JsonValue& value, std::string& digest) {
  if (!is_name(id, "_.-")) {
    value.refuse("name", "a tensor id is not allowed", "1 to 200 of A-Z a-z 0-9 _ . -", in_quotes(id));
  }
  const JsonRecord record(value);
  record.allow({"dtype", "shape", "sha256"});
  Tensor tensor;
  tensor.id = id;
  tensor.dtype = record.get("dtype").dtype();
  tensor.shape = record.get("shape").shape();
  const JsonValue sha = record.get("sha256");
  digest = sha.string();
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (digest.size() != 64 || !std::ranges::all_of(digest, is_hex)) {
    sha.refuse("value", "the digest is not one of SHA-256", "64 lower-case hexadecimal digits", in_quotes(digest));
  }
  return tensor;
}

// The namespace of inputs and nodes, filled in execution order.
class Names {
 public:
  // All names that will be declared, to tell "later" from "nowhere".
  void announce(const std::string& name) { announced_.insert(name); }

  void declare(const std::string& name, const JsonValue& place) {
    if (!declared_.insert(name).second) {
      place.refuse("duplicate_name", "a name is given twice", "one name for each input and node", in_quotes(name));
    }
  }

  void require(const std::string& name, const JsonValue& place) const {
    if (declared_.contains(name)) return;
    if (announced_.contains(name)) {
      place.refuse("later_name", "a node uses a value that is produced later", "an input or an earlier node",
                   in_quotes(name), "nodes stand in execution order");
    }
    place.refuse("unknown_name", "a name is declared nowhere", "an input or an earlier node", in_quotes(name));
  }

 private:
  std::set<std::string, std::less<>> announced_;
  std::set<std::string, std::less<>> declared_;
};

class Reader {
 public:
  Manifest read(const Json& json) {
    const JsonRecord record(JsonValue{&kFormat, &json, ""});
    check_format(record);
    record.allow({"format", "version", "name", "description", "producer", "arithmetic", "inputs", "outputs", "nodes",
                  "tensors"});
    Package& package = manifest_.package;
    package.name = record.get("name").text();
    if (const auto text = record.find("description")) package.description = text->text();
    if (const auto text = record.find("producer")) package.producer = text->text();
    package.arithmetic = record.get("arithmetic").arithmetic();
    const JsonValue tensors = record.get("tensors");
    read_tensors(tensors);
    read_inputs(record.get("inputs"));
    read_nodes(record.get("nodes"));
    read_outputs(record.get("outputs"));
    for (const auto& [id, entry] : tensors.entries(limits::kTensors)) {
      if (!used_[tensor_index_.find(id)->second]) entry.refuse("unused_tensor", "no node uses this tensor");
    }
    return std::move(manifest_);
  }

 private:
  // Before any other key is judged: another format or version may have other keys.
  static void check_format(const JsonRecord& record) {
    const JsonValue format = record.get("format");
    if (format.string() != "witin.wpkg") {
      format.refuse("format", "this is not a model package", "\"witin.wpkg\"", in_quotes(format.string()));
    }
    const JsonValue version = record.get("version");
    const auto number = version.as<std::int64_t>("an integer");
    if (number != 1) {
      version.refuse("version", "this version of the package is not supported", "1", std::to_string(number),
                     "use a newer witin-sim");
    }
  }

  void read_tensors(const JsonValue& value) {
    for (const auto& [id, entry] : value.entries(limits::kTensors)) {
      std::string digest;
      tensor_index_.emplace(id, manifest_.package.tensors.size());
      manifest_.package.tensors.push_back(read_tensor(id, entry, digest));
      manifest_.digests.push_back(std::move(digest));
    }
    used_.assign(manifest_.package.tensors.size(), false);
  }

  void read_inputs(const JsonValue& value) {
    for (const JsonValue& entry : value.list(limits::kInputs)) {
      Input input = read_input(entry);
      names_.declare(input.name, JsonRecord(entry).get("name"));
      manifest_.package.inputs.push_back(std::move(input));
    }
    if (manifest_.package.inputs.empty()) value.refuse("empty", "the network has no input");
  }

  void read_nodes(const JsonValue& value) {
    const std::vector<JsonValue> entries = value.list(limits::kNodes);
    if (entries.empty()) value.refuse("empty", "the network has no node");
    for (const JsonValue& entry : entries) names_.announce(JsonRecord(entry).get("name").string());
    for (const JsonValue& entry : entries) {
      manifest_.package.nodes.push_back(read_node(entry));
      names_.declare(manifest_.package.nodes.back().name, JsonRecord(entry).get("name"));
    }
  }

  Node read_node(const JsonValue& value) {
    const JsonRecord record(value);
    record.allow({"name", "op", "inputs", "tensors", "attributes", "arithmetic", "scale"});
    Node node;
    node.index = manifest_.package.nodes.size();
    node.name = node_name(record.get("name"));
    const JsonValue op = record.get("op");
    node.op = op.string();
    if (!is_name(node.op, "_")) {
      op.refuse("name", "an operator's name is not allowed", "1 to 200 of A-Z a-z 0-9 _", in_quotes(node.op));
    }
    const JsonValue inputs = record.get("inputs");
    for (const JsonValue& input : inputs.list(limits::kInputs)) {
      names_.require(input.string(), input);
      node.inputs.push_back(input.string());
    }
    if (node.inputs.empty()) inputs.refuse("empty", "a node has no input");
    if (const auto tensors = record.find("tensors")) read_roles(*tensors, node);
    if (const auto attributes = record.find("attributes")) {
      for (const auto& [key, entry] : attributes->entries(limits::kAttributes)) {
        if (!key.starts_with("x-")) node.attributes.emplace(key, attribute(entry));
      }
    }
    if (const auto profile = record.find("arithmetic")) node.arithmetic = profile->arithmetic();
    if (const auto scale = record.find("scale")) node.scale = scale->positive();
    return node;
  }

  void read_roles(const JsonValue& value, Node& node) {
    for (const auto& [role, id] : value.entries(limits::kAttributes)) {
      if (role.starts_with("x-")) continue;
      const auto found = tensor_index_.find(id.string());
      if (found == tensor_index_.end()) {
        id.refuse("unknown_tensor", "a node uses a tensor that is not listed", "a key of /tensors",
                  in_quotes(id.string()));
      }
      node.tensors.emplace(role, found->second);
      used_[found->second] = true;
    }
  }

  void read_outputs(const JsonValue& value) {
    std::set<std::string_view> nodes;
    for (const Node& node : manifest_.package.nodes) nodes.insert(node.name);
    std::set<std::string_view> seen;
    for (const JsonValue& entry : value.list(limits::kOutputs)) {
      const std::string& name = entry.string();
      if (!nodes.contains(name)) {
        entry.refuse("unknown_name", "an output is not the name of a node", "the name of a node", in_quotes(name));
      }
      if (!seen.insert(name).second) entry.refuse("duplicate_name", "an output is listed twice", "", in_quotes(name));
      manifest_.package.outputs.push_back(name);
    }
    if (seen.empty()) value.refuse("empty", "the network has no output");
  }

  Manifest manifest_;
  Names names_;
  std::map<std::string, std::size_t, std::less<>> tensor_index_;
  std::vector<bool> used_;
};

}  // namespace

std::string tensor_member(std::string_view id) { return "tensors/" + std::string(id) + ".npy"; }

Result<Manifest> read_manifest(std::string_view text) {
  Result<Json> json = parse_json(text, kManifestMember);
  if (!json) return std::move(json).error();
  try {
    return Reader().read(*json);
  } catch (Refusal& refusal) {
    return std::move(refusal.error);
  }
}

}  // namespace witin::package
