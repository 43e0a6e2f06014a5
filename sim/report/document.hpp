// JSON documents the program prints: an object whose "format" and "version" come first (cli/README.md has the schemas).
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "witin/engine.hpp"

namespace witin::report {

using Document = nlohmann::ordered_json;

// {"format": FORMAT, "version": 1, "simulator": ...}
[[nodiscard]] Document new_document(std::string_view format);

// One key a line, and of lists of objects one entry a line: a person can read it and diff can compare it.
[[nodiscard]] std::string text_of(const Document& document);

[[nodiscard]] Document to_json(CodeRange range);       // [lo, hi]
[[nodiscard]] Document to_json(const Error& error);    // its parts, and "line"
[[nodiscard]] Document to_json(const NodeInfo& node);  // what does not depend on a run

}  // namespace witin::report
