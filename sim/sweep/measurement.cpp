#include "sim/sweep/measurement.hpp"

#include <charconv>

namespace witin::sweep {
namespace {

// Takes a number and the space behind it from the front of `text`.
template <typename Number>
bool take(std::string_view& text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (text.empty()) return true;
  if (text.front() != ' ' || text.size() == 1) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::string to_text(const Record& record) {
  const Measurement& found = record.measurement;
  std::string text =
      std::to_string(record.unit) + " " + std::to_string(found.correct) + " " + std::to_string(found.agreeing);
  for (const NodeError& node : found.nodes) {
    text +=
        " " + std::to_string(node.different) + " " + std::to_string(node.squares) + " " + std::to_string(node.largest);
  }
  return text;
}

std::optional<Record> parse_record(std::string_view text) {
  Record record;
  Measurement& found = record.measurement;
  if (!take(text, record.unit) || !take(text, found.correct) || !take(text, found.agreeing)) return std::nullopt;
  while (!text.empty()) {
    NodeError& node = found.nodes.emplace_back();
    if (!take(text, node.different) || !take(text, node.squares) || !take(text, node.largest)) return std::nullopt;
  }
  return record;
}

}  // namespace witin::sweep
