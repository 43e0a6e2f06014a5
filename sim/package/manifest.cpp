#include "sim/package/manifest.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "sim/package/bytes.hpp"
#include "sim/package/json.hpp"
#include "sim/package/limits.hpp"

namespace witin::package {
namespace {

// Stops the reading of a manifest; never leaves read_manifest.
struct Refusal {
  Error error;
};

[[noreturn]] void refuse(std::string code, std::string what, const std::string& pointer, std::string expected = {},
                         std::string found = {}, std::string hint = {}) {
  throw Refusal{Error{"manifest." + std::move(code), std::move(what), std::string(kManifestMember) + pointer,
                      std::move(expected), std::move(found), std::move(hint)}};
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kShown = 80;
  return "\"" + std::string(text.substr(0, kShown)) + (text.size() > kShown ? "...\"" : "\"");
}

// A value and its JSON pointer, with typed access that refuses any other type.
struct Value {
  const Json& json;
  std::string pointer;

  template <typename T>
  [[nodiscard]] const T& as(std::string_view expected) const {
    const T* found = json.get<T>();
    if (found == nullptr) {
      refuse("type", "a value has the wrong type", pointer, std::string(expected), std::string(json.kind()));
    }
    return *found;
  }
  [[nodiscard]] bool boolean() const { return as<bool>("true or false"); }
  [[nodiscard]] const std::string& string() const { return as<std::string>("a string"); }

  [[nodiscard]] std::int64_t integer(std::int64_t lo, std::int64_t hi) const {
    const auto value = as<std::int64_t>("an integer");
    if (value < lo || value > hi) {
      refuse("value", "a number is outside its range", pointer, std::to_string(lo) + ".." + std::to_string(hi),
             std::to_string(value));
    }
    return value;
  }

  [[nodiscard]] double number() const {
    if (const auto* integer = json.get<std::int64_t>()) return static_cast<double>(*integer);
    return as<double>("a number");
  }

  [[nodiscard]] double positive() const {
    const double value = number();
    if (!(value > 0)) refuse("value", "a number is outside its range", pointer, "> 0", std::to_string(value));
    return value;
  }

  [[nodiscard]] const std::string& text() const {
    const std::string& value = string();
    if (value.size() > limits::kTextBytes) {
      refuse("too_long", "a text is too long", pointer, "at most " + std::to_string(limits::kTextBytes) + " bytes",
             std::to_string(value.size()) + " bytes");
    }
    return value;
  }

  [[nodiscard]] std::vector<Value> list(std::size_t max) const {
    const auto& array = as<Json::Array>("a list");
    if (array.size() > max) {
      refuse("too_many", "a list is too long", pointer, "at most " + std::to_string(max), std::to_string(array.size()));
    }
    std::vector<Value> values;
    values.reserve(array.size());
    for (std::size_t i = 0; i < array.size(); ++i) values.push_back({array[i], pointer_to(pointer, i)});
    return values;
  }

  // Keys are free names: ids, roles, attributes.
  [[nodiscard]] std::vector<std::pair<std::string_view, Value>> entries(std::size_t max) const {
    const auto& object = as<Json::Object>("an object");
    if (object.size() > max) {
      refuse("too_many", "an object has too many keys", pointer, "at most " + std::to_string(max),
             std::to_string(object.size()));
    }
    std::vector<std::pair<std::string_view, Value>> values;
    values.reserve(object.size());
    for (const JsonMember& member : object) {
      values.push_back({member.key, Value{member.value, pointer_to(pointer, member.key)}});
    }
    return values;
  }
};

// An object of which every key must be known, except keys that start with "x-".
class Record {
 public:
  Record(const Value& value, std::initializer_list<std::string_view> keys)
      : object_(value.as<Json::Object>("an object")), pointer_(value.pointer) {
    for (const JsonMember& member : object_) {
      if (member.key.starts_with("x-") || std::ranges::find(keys, member.key) != keys.end()) continue;
      std::string known;
      for (const std::string_view key : keys) known += (known.empty() ? "" : " ") + std::string(key);
      refuse("unknown_key", "a key is unknown", pointer_to(pointer_, member.key), known, in_quotes(member.key),
             "own keys start with x-");
    }
  }

  [[nodiscard]] std::optional<Value> find(std::string_view key) const {
    for (const JsonMember& member : object_) {
      if (member.key == key) return Value{member.value, pointer_to(pointer_, key)};
    }
    return std::nullopt;
  }

  [[nodiscard]] Value get(std::string_view key) const {
    std::optional<Value> value = find(key);
    if (!value) refuse("missing_key", "a key is missing", pointer_, in_quotes(key), "");
    return *std::move(value);
  }

 private:
  const Json::Object& object_;
  std::string pointer_;
};

bool is_name(std::string_view text, std::string_view punctuation) {
  const auto allowed = [&](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           punctuation.find(c) != std::string_view::npos;
  };
  return !text.empty() && text.size() <= limits::kNameBytes && std::ranges::all_of(text, allowed);
}

// Names of nodes become names of trace members and files: no component may lead out of a directory.
bool is_safe_path(std::string_view text) {
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('/', begin), text.size());
    const std::string_view component = text.substr(begin, end - begin);
    if (component == "." || component == "..") return false;
    begin = end + 1;
  }
  return true;
}

std::string node_name(const Value& value) {
  const std::string& text = value.string();
  if (!is_name(text, "_./:-") || !is_safe_path(text)) {
    refuse("name", "a name is not allowed", value.pointer, "1 to 200 of A-Z a-z 0-9 _ . / : - and no part . or ..",
           in_quotes(text));
  }
  return text;
}

Shape shape(const Value& value) {
  Shape extents;
  for (const Value& extent : value.list(limits::kRank)) extents.push_back(extent.integer(1, INT64_MAX));
  return extents;
}

std::optional<std::int64_t> checked_elements(const Shape& extents) {
  std::int64_t count = 1;
  for (const std::int64_t extent : extents) {
    if (__builtin_mul_overflow(count, extent, &count)) return std::nullopt;
  }
  return count;
}

Arithmetic arithmetic(const Value& value) {
  const std::optional<Arithmetic> parsed = parse_arithmetic(value.string());
  if (!parsed) {
    refuse("value", "the arithmetic is unknown", value.pointer, "wtm2101, witin_nn or nb01", in_quotes(value.string()));
  }
  return *parsed;
}

NegIn neg_in(const Value& value) {
  const std::string& text = value.string();
  if (text == "none") return NegIn::kNone;
  if (text == "pn") return NegIn::kPn;
  if (text == "shift") return NegIn::kShift;
  refuse("value", "neg_in is unknown", value.pointer, "none, pn or shift", in_quotes(text));
}

Input read_input(const Value& value) {
  const Record record(value, {"name", "shape", "bits", "signed", "neg_in", "scale", "shift"});
  Input input;
  input.name = node_name(record.get("name"));
  const Value extents = record.get("shape");
  input.shape = shape(extents);
  const std::optional<std::int64_t> elements = checked_elements(input.shape);
  if (!elements || *elements > limits::kFrameElements) {
    refuse("too_large", "a frame has too many values", extents.pointer,
           "at most " + std::to_string(limits::kFrameElements), to_string(input.shape));
  }
  if (const auto bits = record.find("bits")) input.bits = static_cast<int>(bits->integer(1, limits::kInputBits));
  if (const auto is_signed = record.find("signed")) input.is_signed = is_signed->boolean();
  if (const auto mode = record.find("neg_in")) input.neg_in = neg_in(*mode);
  if (const auto scale = record.find("scale")) input.scale = scale->positive();
  if (const auto shift = record.find("shift")) input.shift = shift->number();
  return input;
}

AttributeValue attribute_list(const Value& value) {
  std::vector<std::int64_t> integers;
  std::vector<double> numbers;
  for (const Value& element : value.list(limits::kListLength)) {
    numbers.push_back(element.number());
    if (const auto* integer = element.json.get<std::int64_t>()) integers.push_back(*integer);
  }
  if (integers.size() == numbers.size()) return integers;
  return numbers;
}

AttributeValue attribute(const Value& value) {
  if (const auto* boolean = value.json.get<bool>()) return *boolean;
  if (const auto* integer = value.json.get<std::int64_t>()) return *integer;
  if (const auto* number = value.json.get<double>()) return *number;
  if (value.json.get<std::string>() != nullptr) return value.text();
  if (value.json.get<Json::Array>() != nullptr) return attribute_list(value);
  refuse("type", "an attribute has the wrong type", value.pointer, "a boolean, number, string or list of numbers",
         std::string(value.json.kind()));
}

Tensor read_tensor(std::string_view id, const Value& value, std::string& digest) {
  if (!is_name(id, "_.-")) {
    refuse("name", "a tensor id is not allowed", value.pointer, "1 to 200 of A-Z a-z 0-9 _ . -", in_quotes(id));
  }
  const Record record(value, {"dtype", "shape", "sha256"});
  Tensor tensor;
  tensor.id = id;
  const Value dtype = record.get("dtype");
  bool known = false;
  for (const DType candidate : {DType::kU8, DType::kI8, DType::kU16, DType::kI16, DType::kI32, DType::kI64,
                                DType::kBool, DType::kF32, DType::kF64}) {
    if (name(candidate) != dtype.string()) continue;
    tensor.dtype = candidate;
    known = true;
  }
  if (!known) {
    refuse("value", "the dtype is unknown", dtype.pointer,
           "uint8, int8, uint16, int16, int32, int64, bool, float32 or float64", in_quotes(dtype.string()));
  }
  const Value extents = record.get("shape");
  tensor.shape = shape(extents);
  const std::optional<std::int64_t> elements = checked_elements(tensor.shape);
  if (!elements || !checked_mul(static_cast<std::uint64_t>(*elements), size_of(tensor.dtype))) {
    refuse("too_large", "the product of the shape overflows", extents.pointer, "below 2^63", to_string(tensor.shape));
  }
  const Value sha = record.get("sha256");
  digest = sha.string();
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (digest.size() != 64 || !std::ranges::all_of(digest, is_hex)) {
    refuse("value", "the digest is not one of SHA-256", sha.pointer, "64 lower-case hexadecimal digits",
           in_quotes(digest));
  }
  return tensor;
}

// The namespace of inputs and nodes, filled in execution order.
class Names {
 public:
  // All names that will be declared, to tell "later" from "nowhere".
  void announce(const std::string& name) { announced_.insert(name); }

  void declare(const std::string& name, const std::string& pointer) {
    if (!declared_.insert(name).second) {
      refuse("duplicate_name", "a name is given twice", pointer, "one name for each input and node", in_quotes(name));
    }
  }

  void require(const std::string& name, const std::string& pointer) const {
    if (declared_.contains(name)) return;
    if (announced_.contains(name)) {
      refuse("later_name", "a node uses a value that is produced later", pointer, "an input or an earlier node",
             in_quotes(name), "nodes stand in execution order");
    }
    refuse("unknown_name", "a name is declared nowhere", pointer, "an input or an earlier node", in_quotes(name));
  }

 private:
  std::set<std::string, std::less<>> announced_;
  std::set<std::string, std::less<>> declared_;
};

class Reader {
 public:
  Manifest read(const Json& json) {
    const Value root{json, ""};
    check_format(root);
    const Record record(root, {"format", "version", "name", "description", "producer", "arithmetic", "inputs",
                               "outputs", "nodes", "tensors"});
    Package& package = manifest_.package;
    package.name = record.get("name").text();
    if (const auto text = record.find("description")) package.description = text->text();
    if (const auto text = record.find("producer")) package.producer = text->text();
    package.arithmetic = arithmetic(record.get("arithmetic"));
    read_tensors(record.get("tensors"));
    read_inputs(record.get("inputs"));
    read_nodes(record.get("nodes"));
    read_outputs(record.get("outputs"));
    for (std::size_t i = 0; i < used_.size(); ++i) {
      if (!used_[i]) {
        refuse("unused_tensor", "no node uses this tensor", pointer_to("/tensors", package.tensors[i].id));
      }
    }
    return std::move(manifest_);
  }

 private:
  // Before any other key is judged: another format or version may have other keys.
  static void check_format(const Value& root) {
    const auto& object = root.as<Json::Object>("an object");
    const auto find = [&](std::string_view key) {
      const auto member = std::ranges::find(object, key, &JsonMember::key);
      if (member == object.end()) refuse("missing_key", "a key is missing", "", in_quotes(key), "");
      return Value{member->value, pointer_to("", key)};
    };
    const Value format = find("format");
    if (format.string() != "witin.wpkg") {
      refuse("format", "this is not a model package", format.pointer, "\"witin.wpkg\"", in_quotes(format.string()));
    }
    const Value version = find("version");
    if (version.as<std::int64_t>("an integer") != 1) {
      refuse("version", "this version of the package is not supported", version.pointer, "1",
             std::to_string(version.as<std::int64_t>("an integer")), "use a newer witin-sim");
    }
  }

  void read_tensors(const Value& value) {
    for (const auto& [id, entry] : value.entries(limits::kTensors)) {
      std::string digest;
      tensor_index_.emplace(id, manifest_.package.tensors.size());
      manifest_.package.tensors.push_back(read_tensor(id, entry, digest));
      manifest_.digests.push_back(std::move(digest));
    }
    used_.assign(manifest_.package.tensors.size(), false);
  }

  void read_inputs(const Value& value) {
    for (const Value& entry : value.list(limits::kInputs)) {
      Input input = read_input(entry);
      names_.declare(input.name, pointer_to(entry.pointer, "name"));
      manifest_.package.inputs.push_back(std::move(input));
    }
    if (manifest_.package.inputs.empty()) refuse("empty", "the network has no input", value.pointer);
  }

  void read_nodes(const Value& value) {
    const std::vector<Value> entries = value.list(limits::kNodes);
    if (entries.empty()) refuse("empty", "the network has no node", value.pointer);
    for (const Value& entry : entries) {
      const auto* object = entry.json.get<Json::Object>();
      if (object == nullptr) continue;
      const auto member = std::ranges::find(*object, "name", &JsonMember::key);
      const auto* name = member == object->end() ? nullptr : member->value.get<std::string>();
      if (name != nullptr) names_.announce(*name);
    }
    for (const Value& entry : entries) {
      manifest_.package.nodes.push_back(read_node(entry));
      const Node& node = manifest_.package.nodes.back();
      names_.declare(node.name, pointer_to(entry.pointer, "name"));
    }
  }

  Node read_node(const Value& value) {
    const Record record(value, {"name", "op", "inputs", "tensors", "attributes", "arithmetic", "scale"});
    Node node;
    node.index = manifest_.package.nodes.size();
    node.name = node_name(record.get("name"));
    const Value op = record.get("op");
    node.op = op.string();
    if (!is_name(node.op, "_")) refuse("name", "an operator's name is not allowed", op.pointer, "", in_quotes(node.op));
    const Value inputs = record.get("inputs");
    for (const Value& input : inputs.list(limits::kInputs)) {
      names_.require(input.string(), input.pointer);
      node.inputs.push_back(input.string());
    }
    if (node.inputs.empty()) refuse("empty", "a node has no input", inputs.pointer);
    if (const auto tensors = record.find("tensors")) read_roles(*tensors, node);
    if (const auto attributes = record.find("attributes")) {
      for (const auto& [key, entry] : attributes->entries(limits::kAttributes)) {
        if (!key.starts_with("x-")) node.attributes.emplace(key, attribute(entry));
      }
    }
    if (const auto profile = record.find("arithmetic")) node.arithmetic = arithmetic(*profile);
    if (const auto scale = record.find("scale")) node.scale = scale->positive();
    return node;
  }

  void read_roles(const Value& value, Node& node) {
    for (const auto& [role, id] : value.entries(limits::kAttributes)) {
      if (role.starts_with("x-")) continue;
      const auto found = tensor_index_.find(id.string());
      if (found == tensor_index_.end()) {
        refuse("unknown_tensor", "a node uses a tensor that is not listed", id.pointer, "a key of /tensors",
               in_quotes(id.string()));
      }
      node.tensors.emplace(role, found->second);
      used_[found->second] = true;
    }
  }

  void read_outputs(const Value& value) {
    std::set<std::string, std::less<>> nodes;
    for (const Node& node : manifest_.package.nodes) nodes.insert(node.name);
    std::set<std::string, std::less<>> seen;
    for (const Value& entry : value.list(limits::kOutputs)) {
      const std::string& name = entry.string();
      if (!nodes.contains(name)) {
        refuse("unknown_name", "an output is not the name of a node", entry.pointer, "the name of a node",
               in_quotes(name));
      }
      if (!seen.insert(name).second) {
        refuse("duplicate_name", "an output is listed twice", entry.pointer, "", in_quotes(name));
      }
      manifest_.package.outputs.push_back(name);
    }
    if (seen.empty()) refuse("empty", "the network has no output", value.pointer);
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
