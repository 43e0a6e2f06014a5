// What every page must hold, checked on its bytes: nested tags, nothing from elsewhere, no scripts.
#pragma once

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace witin::test {

// An empty string, or what is wrong: a tag that is not closed, or closed by another's end.
inline std::string unbalanced(std::string_view markup) {
  std::vector<std::string> open;
  for (std::size_t at = 0; (at = markup.find('<', at)) != std::string_view::npos;) {
    const std::size_t end = markup.find('>', at);
    if (end == std::string_view::npos) return "a tag without an end";
    const std::string_view tag = markup.substr(at + 1, end - at - 1);
    at = end + 1;
    if (tag.starts_with("!DOCTYPE") || tag.starts_with("meta") || tag.ends_with('/')) continue;
    if (tag.starts_with('/')) {
      if (open.empty() || open.back() != tag.substr(1)) return "unexpected <" + std::string(tag) + ">";
      open.pop_back();
    } else {
      open.emplace_back(tag.substr(0, tag.find(' ')));
    }
  }
  return open.empty() ? "" : "<" + open.back() + "> is not closed";
}

// nlohmann's parser is the second opinion on UTF-8.
inline bool is_utf8(const std::string& text) {
  try {
    (void)nlohmann::json(text).dump();
    return true;
  } catch (const nlohmann::json::type_error&) {
    return false;
  }
}

inline std::size_t occurrences(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string_view::npos; at += part.size()) ++count;
  return count;
}

inline void check_page(const std::string& page) {
  CHECK(unbalanced(page) == "");
  CHECK(is_utf8(page));
  CHECK(page.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"));
  for (const char* foreign : {"<script", "<img", "<link", "<iframe", "<object", "<embed",
                              "javascript:", "http:", "https:", "url(", "@import", "src=", " onload=", " onclick="}) {
    CAPTURE(foreign);
    CHECK(page.find(foreign) == std::string::npos);
  }
}

}  // namespace witin::test
