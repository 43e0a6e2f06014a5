#include "sim/report/document.hpp"

#include <algorithm>

#include "witin/version.hpp"

namespace witin::report {
namespace {

// Bytes of a file that are not UTF-8 become U+FFFD.
std::string dump(const Document& json) { return json.dump(-1, ' ', false, Document::error_handler_t::replace); }

bool is_list_of_objects(const Document& json) {
  return json.is_array() && !json.empty() &&
         std::ranges::all_of(json, [](const auto& entry) { return entry.is_object(); });
}

std::string lines(const Document& list) {
  std::string out;
  for (const Document& entry : list) out += (out.empty() ? "\n    " : ",\n    ") + dump(entry);
  return "[" + out + "\n  ]";
}

}  // namespace

Document new_document(std::string_view format) {
  return {{"format", format}, {"version", 1}, {"simulator", version()}};
}

std::string text_of(const Document& document) {
  std::string out;
  for (const auto& [key, value] : document.items()) {
    out +=
        (out.empty() ? "\n  " : ",\n  ") + dump(key) + ": " + (is_list_of_objects(value) ? lines(value) : dump(value));
  }
  return "{" + out + "\n}\n";
}

Document to_json(CodeRange range) { return Document::array({range.lo, range.hi}); }

Document to_json(const Error& error) {
  return {{"code", error.code},   {"what", error.what}, {"where", error.where}, {"expected", error.expected},
          {"found", error.found}, {"hint", error.hint}, {"line", error.line()}};
}

Document to_json(const NodeInfo& node) {
  return {{"name", node.name},     {"op", node.op},        {"arithmetic", name(node.arithmetic)},
          {"inputs", node.inputs}, {"shape", node.shape},  {"range", to_json(node.range)},
          {"macs", node.macs},     {"output", node.output}};
}

}  // namespace witin::report
