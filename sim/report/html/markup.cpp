#include "sim/report/html/markup.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include "sim/escape.hpp"

namespace witin::report::html {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// Length of the valid UTF-8 sequence at the start of `text`; 0 where there is none. `code` gets the code point.
std::size_t sequence(std::string_view text, char32_t& code) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) {
    code = first;
    return 1;
  }
  const std::size_t length = first >= 0xF0 && first <= 0xF4 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 0;
  if (length == 0 || first > 0xF4 || text.size() < length) return 0;
  code = static_cast<char32_t>(first & (0xFF >> (length + 1)));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
    code = static_cast<char32_t>(code << 6 | (byte(i) & 0x3F));
  }
  constexpr std::array<char32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  return code < kSmallest[length] || code > 0x10FFFF || surrogate ? 0 : length;
}

// C1 controls, marks that turn the direction of writing, and what XML does not allow.
bool is_hostile(char32_t code) {
  return (code >= 0x80 && code < 0xA0) || (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) ||
         code == 0x200E || code == 0x200F || code == 0x061C || code == 0xFFFE || code == 0xFFFF;
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    char32_t code = 0;
    const std::size_t length = sequence(text, code);
    if (length == 0 || is_hostile(code)) {
      out += kReplacement;
    } else if (code == '&') {
      out += "&amp;";
    } else if (code == '<') {
      out += "&lt;";
    } else if (code == '>') {
      out += "&gt;";
    } else if (code == '"') {
      out += "&quot;";
    } else if (code == '\'') {
      out += "&#39;";
    } else {
      append_escaped(out, text.substr(0, length));
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

std::size_t character_count(std::string_view text) {
  std::size_t count = 0;
  for (char32_t code = 0; !text.empty(); ++count) text.remove_prefix(std::max<std::size_t>(1, sequence(text, code)));
  return count;
}

std::string shortened(std::string_view text, std::size_t most) {
  std::size_t characters = 0;
  std::size_t cut = 0;  // where most - 1 characters end
  for (std::size_t at = 0; at < text.size();) {
    if (characters + 1 == most) cut = at;
    if (++characters > most) return std::string(text.substr(0, cut)) + "\xE2\x80\xA6";
    char32_t code = 0;
    at += std::max<std::size_t>(1, sequence(text.substr(at), code));
  }
  return std::string(text);
}

std::string fixed(double value, int digits) {
  if (!std::isfinite(value)) return "-";
  std::array<char, 512> buffer{};
  const auto [end, error] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed, digits);
  if (error != std::errc()) return "-";
  const std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  const bool zero = text.find_first_of("123456789") == std::string_view::npos;
  return std::string(zero && text.starts_with('-') ? text.substr(1) : text);
}

std::string grouped(std::int64_t value) {
  std::string digits = std::to_string(value);
  const std::size_t sign = value < 0 ? 1 : 0;
  if (digits.size() - sign < 5) return digits;
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > sign && (digits.size() - i) % 3 == 0) out += "\xE2\x80\xAF";
    out += digits[i];
  }
  return out;
}

std::string compact(std::int64_t value) {
  struct Unit {
    std::int64_t size;
    char letter;
  };
  for (const Unit unit : {Unit{1'000'000'000, 'G'}, Unit{1'000'000, 'M'}, Unit{1'000, 'k'}}) {
    if (value < unit.size && value > -unit.size) continue;
    const std::int64_t tenths = value / (unit.size / 10);
    const std::string whole = std::to_string(tenths / 10);
    const std::int64_t tenth = std::abs(tenths % 10);
    return whole + (tenth != 0 && std::abs(tenths) < 1000 ? "." + std::to_string(tenth) : "") + unit.letter;
  }
  return std::to_string(value);
}

std::string_view class_of(Tone tone) {
  switch (tone) {
    case Tone::kGood:
      return "good";
    case Tone::kBad:
      return "bad";
    case Tone::kWarn:
      return "warn";
    case Tone::kMissing:
      return "missing";
    case Tone::kMuted:
      return "muted";
    case Tone::kNeutral:
      break;
  }
  return "neutral";
}

std::string_view sign_of(Tone tone) {
  switch (tone) {
    case Tone::kGood:
      return "=";
    case Tone::kBad:
      return "\xE2\x9C\x97";  // ballot x
    case Tone::kWarn:
      return "\xE2\x86\xB3";  // arrow down and right: handed down
    case Tone::kMissing:
      return "?";
    case Tone::kMuted:
      return "\xC2\xB7";  // middle dot
    case Tone::kNeutral:
      break;
  }
  return "";
}

}  // namespace witin::report::html
