// Strict JSON: UTF-8 without BOM, no duplicate keys, no NaN, integers within int64, bounded size, depth and count.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "witin/error.hpp"

namespace witin::package {

struct JsonMember;

struct Json {
  using Array = std::vector<Json>;
  using Object = std::vector<JsonMember>;  // in the order of the text
  std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, Array, Object> value;

  template <typename T>
  [[nodiscard]] const T* get() const {
    return std::get_if<T>(&value);
  }
  [[nodiscard]] std::string_view kind() const;  // "null", "true or false", "integer", ...
};

struct JsonMember {
  std::string key;
  Json value;
};

// `name` of the file or member begins `where` of errors (codes json.*): "NAME/nodes/3" or "NAME line 2, column 7".
[[nodiscard]] Result<Json> parse_json(std::string_view text, std::string_view name);

// RFC 6901: "/nodes/3/name"; '~' and '/' of keys are escaped.
[[nodiscard]] std::string pointer_to(std::string_view parent, std::string_view key);
[[nodiscard]] std::string pointer_to(std::string_view parent, std::size_t index);

}  // namespace witin::package
