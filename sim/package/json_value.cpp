#include "sim/package/json_value.hpp"

#include <algorithm>

#include "sim/number_text.hpp"
#include "sim/package/limits.hpp"

namespace witin::package {
namespace {

const JsonMember* find_member(const Json::Object& object, std::string_view key) {
  const auto found = std::ranges::find(object, key, &JsonMember::key);
  return found == object.end() ? nullptr : &*found;
}

}  // namespace

void JsonValue::refuse(std::string_view code, std::string what, std::string expected, std::string found,
                       std::string hint) const {
  throw Refusal{Error{std::string(format->code) + "." + std::string(code), std::move(what),
                      std::string(format->file) + pointer, std::move(expected), std::move(found), std::move(hint)}};
}

void JsonValue::refuse_type(std::string_view expected) const {
  refuse("type", "a value has the wrong type", std::string(expected), std::string(json->kind()));
}

const std::string& JsonValue::string() const { return as<std::string>("a string"); }

const std::string& JsonValue::text() const {
  const std::string& value = string();
  if (value.size() > limits::kTextBytes) {
    refuse("too_long", "a text is too long", "at most " + std::to_string(limits::kTextBytes) + " bytes",
           std::to_string(value.size()) + " bytes");
  }
  return value;
}

std::int64_t JsonValue::integer(std::int64_t lo, std::int64_t hi) const {
  const auto value = as<std::int64_t>("an integer");
  if (value < lo || value > hi) {
    refuse("value", "a number is out of range", std::to_string(lo) + ".." + std::to_string(hi), std::to_string(value));
  }
  return value;
}

double JsonValue::number() const {
  if (const auto* integer = json->get<std::int64_t>()) return static_cast<double>(*integer);
  return as<double>("a number");
}

double JsonValue::positive() const {
  const double value = number();
  if (!(value > 0)) refuse("value", "a number is out of range", "> 0", number_text(value));
  return value;
}

Shape JsonValue::shape() const {
  Shape extents;
  std::int64_t product = 1;
  bool overflow = false;
  for (const JsonValue& extent : list(limits::kRank)) {
    extents.push_back(extent.integer(1, INT64_MAX));
    overflow = overflow || __builtin_mul_overflow(product, extents.back(), &product);
  }
  if (overflow) refuse("too_large", "the product of the shape overflows", "below 2^63", to_string(extents));
  return extents;
}

DType JsonValue::dtype() const {
  const std::string& text = string();
  for (const DType candidate : {DType::kU8, DType::kI8, DType::kU16, DType::kI16, DType::kI32, DType::kI64,
                                DType::kBool, DType::kF32, DType::kF64}) {
    if (name(candidate) == text) return candidate;
  }
  refuse("value", "the dtype is unknown", "uint8, int8, uint16, int16, int32, int64, bool, float32 or float64",
         in_quotes(text));
}

Arithmetic JsonValue::arithmetic() const {
  const std::optional<Arithmetic> parsed = parse_arithmetic(string());
  if (!parsed) refuse("value", "the arithmetic is unknown", "wtm2101, witin_nn or nb01", in_quotes(string()));
  return *parsed;
}

std::vector<JsonValue> JsonValue::list(std::size_t max) const {
  const auto& array = as<Json::Array>("a list");
  if (array.size() > max) {
    refuse("too_many", "a list is too long", "at most " + std::to_string(max), std::to_string(array.size()));
  }
  std::vector<JsonValue> values;
  values.reserve(array.size());
  for (std::size_t i = 0; i < array.size(); ++i) values.push_back({format, &array[i], pointer_to(pointer, i)});
  return values;
}

std::vector<std::pair<std::string_view, JsonValue>> JsonValue::entries(std::size_t max) const {
  const auto& object = as<Json::Object>("an object");
  if (object.size() > max) {
    refuse("too_many", "an object has too many keys", "at most " + std::to_string(max), std::to_string(object.size()));
  }
  std::vector<std::pair<std::string_view, JsonValue>> values;
  values.reserve(object.size());
  for (const JsonMember& member : object) {
    values.push_back({member.key, {format, &member.value, pointer_to(pointer, member.key)}});
  }
  return values;
}

JsonRecord::JsonRecord(JsonValue value) : value_(std::move(value)), object_(&value_.as<Json::Object>("an object")) {}

void JsonRecord::allow(std::initializer_list<std::string_view> keys) const {
  for (const JsonMember& member : *object_) {
    if (member.key.starts_with("x-") || std::ranges::find(keys, member.key) != keys.end()) continue;
    std::string known;
    for (const std::string_view key : keys) known += (known.empty() ? "" : " ") + std::string(key);
    const JsonValue place{value_.format, &member.value, pointer_to(value_.pointer, member.key)};
    place.refuse("unknown_key", "a key is unknown", known, in_quotes(member.key), "own keys start with x-");
  }
}

std::optional<JsonValue> JsonRecord::find(std::string_view key) const {
  const JsonMember* member = find_member(*object_, key);
  if (member == nullptr) return std::nullopt;
  return JsonValue{value_.format, &member->value, pointer_to(value_.pointer, key)};
}

JsonValue JsonRecord::get(std::string_view key) const {
  std::optional<JsonValue> value = find(key);
  if (!value) value_.refuse("missing_key", "a key is missing", in_quotes(key), "");
  return *std::move(value);
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kShown = 80;
  return "\"" + std::string(text.substr(0, kShown)) + (text.size() > kShown ? "...\"" : "\"");
}

bool is_name(std::string_view text, std::string_view punctuation) {
  const auto allowed = [&](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           punctuation.find(c) != std::string_view::npos;
  };
  return !text.empty() && text.size() <= limits::kNameBytes && std::ranges::all_of(text, allowed);
}

bool is_safe_path(std::string_view text) {
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('/', begin), text.size());
    const std::string_view component = text.substr(begin, end - begin);
    if (component == "." || component == "..") return false;
    begin = end + 1;
  }
  return true;
}

}  // namespace witin::package
