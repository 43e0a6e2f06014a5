// Typed access to parsed JSON for the readers of fixed formats (manifest.json, trace.json): every violation is a
// Refusal with a code of that format and the JSON pointer of the place.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/package/json.hpp"
#include "witin/types.hpp"

namespace witin::package {

struct JsonFormat {
  std::string_view code;  // first part of error codes: "manifest"
  std::string_view file;  // "manifest.json"
};

// Thrown by the functions below; the reader of the format catches it and returns the error.
struct Refusal {
  Error error;
};

// A value and its JSON pointer.
struct JsonValue {
  const JsonFormat* format;
  const Json* json;
  std::string pointer;

  [[noreturn]] void refuse(std::string_view code, std::string what, std::string expected = {}, std::string found = {},
                           std::string hint = {}) const;

  template <typename T>
  [[nodiscard]] const T& as(std::string_view expected) const {
    const T* found = json->get<T>();
    if (found == nullptr) refuse_type(expected);
    return *found;
  }
  [[nodiscard]] bool boolean() const { return as<bool>("a boolean"); }
  [[nodiscard]] const std::string& string() const;
  [[nodiscard]] const std::string& text() const;  // of limits::kTextBytes at most
  [[nodiscard]] std::int64_t integer(std::int64_t lo, std::int64_t hi) const;
  [[nodiscard]] double number() const;
  [[nodiscard]] double positive() const;
  [[nodiscard]] Shape shape() const;  // extents >= 1, their product below 2^63
  [[nodiscard]] DType dtype() const;
  [[nodiscard]] Arithmetic arithmetic() const;
  [[nodiscard]] std::vector<JsonValue> list(std::size_t max) const;
  // Of an object whose keys are free names.
  [[nodiscard]] std::vector<std::pair<std::string_view, JsonValue>> entries(std::size_t max) const;

 private:
  [[noreturn]] void refuse_type(std::string_view expected) const;
};

// An object whose keys are fixed. Keys that start with "x-" are ignored.
class JsonRecord {
 public:
  explicit JsonRecord(JsonValue value);

  // Refuses keys that are not in `keys`.
  void allow(std::initializer_list<std::string_view> keys) const;
  [[nodiscard]] std::optional<JsonValue> find(std::string_view key) const;
  [[nodiscard]] JsonValue get(std::string_view key) const;  // refuses when it is missing

 private:
  JsonValue value_;
  const Json::Object* object_;
};

[[nodiscard]] std::string in_quotes(std::string_view text);                       // long texts are cut
[[nodiscard]] bool is_name(std::string_view text, std::string_view punctuation);  // 1 to 200 of A-Z a-z 0-9 and these
// Names become names of trace members and files: no component may be "." or "..".
[[nodiscard]] bool is_safe_path(std::string_view text);

}  // namespace witin::package
