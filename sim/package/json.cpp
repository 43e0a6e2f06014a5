#include "sim/package/json.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "sim/package/limits.hpp"

namespace witin::package {
namespace {

// Builds a Json from the events of nlohmann's parser; returns false (stop) at the first violation.
class Builder {
 public:
  explicit Builder(std::string_view text) : text_(text) {}

  [[nodiscard]] std::optional<Error>& error() { return error_; }
  [[nodiscard]] Json& root() { return root_; }

  // Names fixed by nlohmann's SAX interface.
  bool null() { return add(nullptr); }
  bool boolean(bool value) { return add(value); }
  bool number_integer(std::int64_t value) { return add(value); }
  bool number_unsigned(std::uint64_t value) {
    if (value > static_cast<std::uint64_t>(INT64_MAX)) return out_of_range(std::to_string(value));
    return add(static_cast<std::int64_t>(value));
  }
  bool number_float(double value, const std::string& text) {
    // The parser turns integers beyond 64 bits into floating point.
    if (text.find_first_of(".eE") == std::string::npos) return out_of_range(text);
    return add(value);
  }
  bool string(std::string& value) { return add(std::move(value)); }
  bool binary(nlohmann::json::binary_t& /*value*/) { return false; }
  bool start_object(std::size_t /*size*/) { return open(Json::Object{}); }
  bool start_array(std::size_t /*size*/) { return open(Json::Array{}); }
  bool key(std::string& value) {
    keys_.back() = std::move(value);
    return true;
  }
  bool end_object() {
    const auto& object = *stack_.back()->get<Json::Object>();
    std::vector<std::string_view> names;
    names.reserve(object.size());
    for (const JsonMember& member : object) names.emplace_back(member.key);
    std::ranges::sort(names);
    const auto twice = std::ranges::adjacent_find(names);
    close();
    if (twice == names.end()) return true;
    return fail("json.duplicate_key", "a key stands twice in one object", pointer_to(pointer(), *twice));
  }
  bool end_array() {
    close();
    return true;
  }
  bool parse_error(std::size_t position, const std::string& /*token*/, const nlohmann::json::exception& exception) {
    constexpr int kNumberOverflow = 406;
    if (exception.id == kNumberOverflow) return out_of_range("a number beyond double");
    const std::string_view before = text_.substr(0, std::min(position == 0 ? 0 : position - 1, text_.size()));
    const auto line = 1 + std::ranges::count(before, '\n');
    const std::size_t column = before.size() - (before.rfind('\n') + 1) + 1;
    const std::string place = " line " + std::to_string(line) + ", column " + std::to_string(column);
    if (std::string_view(exception.what()).find("UTF-8") != std::string_view::npos) {
      return fail("json.utf8", "the text is not valid UTF-8", place);
    }
    return fail("json.syntax", "the text is not valid JSON", place);
  }

 private:
  bool fail(std::string code, std::string what, std::string where, std::string expected = {}, std::string found = {}) {
    error_ = Error{std::move(code), std::move(what), std::move(where), std::move(expected), std::move(found), ""};
    return false;
  }

  bool out_of_range(const std::string& found) {
    return fail("json.number", "a number is out of range", next_pointer(), "an integer of 64 bits or a finite number",
                found.substr(0, 40));
  }

  [[nodiscard]] std::string pointer() const { return join(keys_.size()); }

  // Of the value that is about to be added.
  [[nodiscard]] std::string next_pointer() const {
    if (stack_.empty()) return "";
    const auto* array = stack_.back()->get<Json::Array>();
    return array != nullptr ? pointer_to(join(keys_.size() - 1), array->size()) : join(keys_.size());
  }

  // keys_[i] names the child of stack_[i] on the way down; arrays name it by their last index.
  [[nodiscard]] std::string join(std::size_t count) const {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) {
      const auto* array = stack_[i]->get<Json::Array>();
      out = array != nullptr ? pointer_to(out, array->empty() ? 0 : array->size() - 1) : pointer_to(out, keys_[i]);
    }
    return out;
  }

  template <typename T>
  bool add(T value) {
    place(Json{std::move(value)});
    return true;
  }

  template <typename T>
  bool open(T container) {
    if (stack_.size() == static_cast<std::size_t>(limits::kJsonDepth)) {
      return fail("json.too_deep", "values are nested too deeply", next_pointer(),
                  "depth " + std::to_string(limits::kJsonDepth), "more");
    }
    stack_.push_back(&place(Json{std::move(container)}));
    keys_.emplace_back();
    return true;
  }

  void close() {
    stack_.pop_back();
    keys_.pop_back();
  }

  Json& place(Json value) {
    if (stack_.empty()) return root_ = std::move(value);
    if (auto* array = std::get_if<Json::Array>(&stack_.back()->value)) return array->emplace_back(std::move(value));
    auto& object = std::get<Json::Object>(stack_.back()->value);
    object.push_back({keys_.back(), std::move(value)});
    return object.back().value;
  }

  std::string_view text_;
  Json root_;
  std::vector<Json*> stack_;  // open containers; a parent does not grow while its child is open
  std::vector<std::string> keys_;
  std::optional<Error> error_;
};

// How many values a valid text holds: the root, one for every comma, and one for every container that is not empty. Of
// a text that is not valid, no fewer than a parser meets before it notices.
std::size_t count_values(std::string_view text) {
  std::size_t count = 1;
  bool opened = false;  // nothing but space since the last '[' or '{'
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == ' ' || c == '\n' || c == '\r' || c == '\t') continue;
    if (c == ',' || (opened && c != ']' && c != '}')) ++count;
    opened = c == '[' || c == '{';
    if (c != '"') continue;
    for (++i; i < text.size() && text[i] != '"'; ++i) {
      if (text[i] == '\\') ++i;
    }
  }
  return count;
}

}  // namespace

std::string_view Json::kind() const {
  static constexpr std::array<std::string_view, 7> kKinds{"null",     "a boolean", "an integer", "a number",
                                                          "a string", "a list",    "an object"};
  return kKinds[value.index()];
}

std::string pointer_to(std::string_view parent, std::string_view key) {
  std::string out(parent);
  out += '/';
  for (const char c : key) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

std::string pointer_to(std::string_view parent, std::size_t index) {
  return std::string(parent) + '/' + std::to_string(index);
}

Result<Json> parse_json(std::string_view text, std::string_view name) {
  if (text.size() > limits::kJsonBytes) {
    return Error{"json.too_large",
                 "the file is too large",
                 std::string(name),
                 "at most " + std::to_string(limits::kJsonBytes) + " bytes",
                 std::to_string(text.size()) + " bytes",
                 ""};
  }
  if (text.starts_with("\xef\xbb\xbf")) {
    return Error{"json.bom", "the text begins with a byte order mark", std::string(name), "plain UTF-8", "", ""};
  }
  // The parser takes a NUL for the end of the text and would not see what follows.
  if (text.find('\0') != std::string_view::npos) {
    return Error{"json.syntax", "the text contains a NUL byte", std::string(name), "", "", ""};
  }
  // Counted before anything is built; n values take at least 2 n - 1 bytes.
  if (text.size() > 2 * limits::kJsonValues) {
    if (const std::size_t count = count_values(text); count > limits::kJsonValues) {
      const std::string most = "at most " + std::to_string(limits::kJsonValues);
      return Error{
          "json.too_many_values", "there are too many values", std::string(name), most, std::to_string(count), ""};
    }
  }
  Builder builder(text);
  const bool done = nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
  if (builder.error()) {
    builder.error()->where.insert(0, name);
    return std::move(*builder.error());
  }
  if (!done) return Error{"json.syntax", "the text is not valid JSON", std::string(name), "", "", ""};
  return std::move(builder.root());
}

}  // namespace witin::package
