// JSON as the vendor's tools lay it out: tabs, `"key" : value`, brackets on lines of their own, no newline at the end.
// Written from front to back.
#pragma once

#include <concepts>
#include <string>
#include <string_view>

#include "sim/golden/output_folder.hpp"

namespace witin::golden {

class TabJson {
 public:
  explicit TabJson(TextFile& file) : file_(file) {}

  // An object or list: as the whole document or an element (no key), or as a member.
  void open(char bracket, std::string_view key = {});
  void close(char bracket);

  void text(std::string_view key, std::string_view value);  // quoted, with escapes
  void number(std::string_view key, std::int64_t value);
  void boolean(std::string_view key, bool value);
  void element(std::int64_t value);
  // A string whose content is written piece by piece between the two; it needs no escapes.
  void begin_text(std::string_view key);
  void end_text();

 private:
  void next(std::string_view key);

  TextFile& file_;
  std::size_t depth_ = 0;
  bool first_ = true;
};

}  // namespace witin::golden
