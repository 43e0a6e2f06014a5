#include "sim/golden/tab_json.hpp"

#include <nlohmann/json.hpp>

namespace witin::golden {
namespace {

std::string quoted(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

}  // namespace

void TabJson::next(std::string_view key) {
  if (!first_) file_ << ",";
  if (depth_ > 0) file_ << "\n";
  file_ << std::string(depth_, '\t');
  if (!key.empty()) file_ << quoted(key) << " : ";
  first_ = false;
}

void TabJson::open(char bracket, std::string_view key) {
  next(key);
  if (!key.empty()) file_ << "\n" << std::string(depth_, '\t');
  file_ << bracket;
  ++depth_;
  first_ = true;
}

void TabJson::close(char bracket) {
  --depth_;
  if (!first_) file_ << "\n" << std::string(depth_, '\t');
  file_ << bracket;
  first_ = false;
}

void TabJson::text(std::string_view key, std::string_view value) {
  next(key);
  file_ << quoted(value);
}

void TabJson::number(std::string_view key, std::int64_t value) {
  next(key);
  file_ << value;
}

void TabJson::boolean(std::string_view key, bool value) {
  next(key);
  file_ << (value ? "true" : "false");
}

void TabJson::element(std::int64_t value) { number({}, value); }

void TabJson::begin_text(std::string_view key) {
  next(key);
  file_ << '"';
}

void TabJson::end_text() { file_ << '"'; }

}  // namespace witin::golden
