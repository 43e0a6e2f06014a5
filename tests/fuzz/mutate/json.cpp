#include <nlohmann/json.hpp>

#include <vector>

#include "sim/ops/registry.hpp"
#include "tests/fuzz/mutate/mutate.hpp"

namespace witin::fuzz {
namespace {

using Json = nlohmann::ordered_json;

void collect(Json& json, std::vector<Json*>& values) {
  values.push_back(&json);
  if (!json.is_structured()) return;
  for (Json& child : json) collect(child, values);
}

double real(Random& random) {
  static constexpr double kReals[]{0.0, -0.0, 0.5, 1.0, -1.0, 1e-9, 1e6, 1e300, -1e300, 5e-324, 127.5, 1024.0};
  return random.pick(kReals);
}

Json value(Random& random, const std::vector<Json*>& values) {
  switch (random.below(8)) {
    case 0:
      return random.integer();
    case 1:
      return real(random);
    case 2:
      return random.one_in(2);
    case 3:
      return random.one_in(2) ? Json(nullptr) : Json("");
    case 4:
      return random.one_in(2) ? Json::array() : Json::object();
    case 5:
      return std::string(random.below(300), 'x');
    default:
      return *random.pick(values);
  }
}

void change_number(Json& json, Random& random) {
  if (json.is_number_float()) {
    json = random.one_in(3) ? real(random) : json.get<double>() * (random.one_in(2) ? 2 : 0.25);
    return;
  }
  const auto number = json.get<std::int64_t>();
  const bool small = number > -(std::int64_t{1} << 40) && number < std::int64_t{1} << 40;
  switch (small ? random.below(4) : 3) {
    case 0:
      json = number + 1;
      break;
    case 1:
      json = number - 1;
      break;
    case 2:
      json = number * 2;
      break;
    default:
      json = random.integer();
  }
}

void change_string(Json& json, Random& random, const std::vector<Json*>& values) {
  std::vector<Json*> strings;
  for (Json* other : values) {
    if (other->is_string()) strings.push_back(other);
  }
  if (random.one_in(2)) {
    json = Json(*random.pick(strings));
  } else {
    const auto text = json.get<std::string>();
    json = mutate_blind(text, text.size() + 16);
  }
}

void change_children(Json& json, Random& random, const std::vector<Json*>& values) {
  const auto at = [&] { return std::next(json.begin(), static_cast<std::ptrdiff_t>(random.below(json.size()))); };
  switch (json.empty() ? 3 : random.below(4)) {
    case 0:
      json.erase(at());
      break;
    case 1:
      std::swap(*at(), *at());
      break;
    case 2: {
      const Json copy = *at();
      if (json.is_array()) {
        json.insert(at(), copy);
      } else {
        json[at().key()] = copy;
      }
      break;
    }
    default:
      if (json.is_array()) {
        json.push_back(value(random, values));
      } else {
        json[random.one_in(2) ? "x-key" : std::string(random.below(4), 'k')] = value(random, values);
      }
  }
}

// A value as the rule wants it, sometimes at or beyond its ends.
Json attribute_value(const ops::AttributeRule& rule, Random& random) {
  using Kind = ops::AttributeKind;
  const auto integer = [&]() -> std::int64_t {
    const bool bounded = rule.lo > -1e15 && rule.hi < 1e15;
    if (!bounded || random.one_in(4)) return random.one_in(2) ? random.integer() : std::int64_t(random.below(6));
    const auto lo = static_cast<std::int64_t>(rule.lo);
    const auto hi = static_cast<std::int64_t>(rule.hi);
    if (random.one_in(8)) return random.one_in(2) ? lo - 1 : hi + 1;
    return lo +
           static_cast<std::int64_t>(random.below(static_cast<std::size_t>(std::min<std::int64_t>(hi - lo, 20)) + 1));
  };
  const auto number = [&]() -> Json {
    static constexpr double kNumbers[]{1, 2, 64, 127, 128, 1024, 0.5, 0.125, 3.7, 1e-3};
    return random.one_in(8) ? Json(real(random)) : random.one_in(3) ? Json(integer()) : Json(random.pick(kNumbers));
  };
  const std::size_t count = rule.count != 0 && !random.one_in(8) ? rule.count : random.below(5);
  switch (rule.kind) {
    case Kind::kBool:
      return random.one_in(2);
    case Kind::kInteger:
      return integer();
    case Kind::kNumber:
      return number();
    case Kind::kString: {
      std::vector<std::string> choices;
      for (std::string_view rest = rule.choices; !rest.empty();) {
        const std::size_t end = std::min(rest.find('|'), rest.size());
        choices.emplace_back(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
      }
      return choices.empty() ? "" : random.pick(choices);
    }
    case Kind::kIntegers:
    case Kind::kNumbers:
      break;
  }
  Json list = Json::array();
  for (std::size_t i = 0; i < count; ++i) {
    list.push_back(rule.kind == Kind::kIntegers ? Json(integer()) : number());
  }
  return list;
}

// A node of a manifest, as its operator could have it. False: this is no manifest with nodes.
bool change_node(Json& document, Random& random) {
  if (!document.is_object() || !document.contains("nodes") || !document["nodes"].is_array()) return false;
  if (document["nodes"].empty() || document.value("format", Json()) != "witin.wpkg") return false;
  static constexpr const char* kProfiles[]{"wtm2101", "witin_nn", "nb01"};
  if (random.one_in(24)) document["arithmetic"] = random.pick(kProfiles);  // a new key moves all that is in a document
  Json& node = random.pick(document["nodes"]);
  if (!node.is_object() || !node.contains("op") || !node["op"].is_string()) return false;
  const auto all = ops::registry();
  if (random.one_in(12)) node["op"] = std::string(random.pick(all)->name);
  if (random.one_in(24)) node["arithmetic"] = random.pick(kProfiles);
  std::vector<const ops::OpDef*> forms;
  for (const ops::OpDef* op : all) {
    if (op->name == node["op"].get<std::string>()) forms.push_back(op);
  }
  if (forms.empty()) return false;
  const ops::OpDef& op = *random.pick(forms);
  if (op.attributes.empty()) return false;
  Json& attributes = node["attributes"];
  if (!attributes.is_object()) attributes = Json::object();
  const ops::AttributeRule& rule = random.pick(op.attributes);
  if (!rule.required && random.one_in(4)) {
    attributes.erase(std::string(rule.name));
  } else {
    attributes[std::string(rule.name)] = attribute_value(rule, random);
  }
  return true;
}

}  // namespace

std::string mutate_json(std::string_view text, std::size_t most, Random& random) {
  Json document = Json::parse(text, nullptr, false);
  if (document.is_discarded() || random.one_in(16)) return mutate_blind(std::string(text), most);
  if (!random.one_in(2) || !change_node(document, random)) {
    std::vector<Json*> values;
    collect(document, values);
    Json& chosen = *random.pick(values);
    if (random.one_in(4)) {
      chosen = value(random, values);
    } else if (chosen.is_number()) {
      change_number(chosen, random);
    } else if (chosen.is_string()) {
      change_string(chosen, random, values);
    } else if (chosen.is_structured()) {
      change_children(chosen, random, values);
    } else {
      chosen = value(random, values);
    }
  }
  const std::string changed = document.dump(-1, ' ', false, Json::error_handler_t::replace);
  return changed.size() <= most ? changed : mutate_blind(std::string(text), most);
}

}  // namespace witin::fuzz
