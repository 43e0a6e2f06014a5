// Text and numbers on their way into a page. Nothing of a file's can become markup, and no number depends on a locale.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace witin::report::html {

// Finished HTML or SVG. Only this folder makes it from text, so a name cannot be taken for markup.
struct Markup {
  std::string text;
};

// What a thing is, for its colour; a page always says it in words as well.
enum class Tone : std::uint8_t {
  kNeutral,
  kGood,     // equal
  kBad,      // the culprit: born here
  kWarn,     // different, inherited
  kMissing,  // on one side only
  kMuted,    // not compared
};

// For element content, attribute values and XML: & < > " ' become references, control characters \xHH; bytes that are
// not UTF-8 and characters that turn the direction of writing become U+FFFD.
[[nodiscard]] std::string escaped(std::string_view text);

[[nodiscard]] std::size_t character_count(std::string_view text);  // of UTF-8; a broken byte counts as one

// At most `most` characters, an ellipsis for the rest. Not escaped.
[[nodiscard]] std::string shortened(std::string_view text, std::size_t most);

// Rounded to `digits` decimals: "0.50", never "-0.00". "-" of what is not finite.
[[nodiscard]] std::string fixed(double value, int digits);

// "1 234 567" with narrow no-break spaces from five digits on.
[[nodiscard]] std::string grouped(std::int64_t value);

// For tight places: "987", "12.3k", "4.5M", "1.2G".
[[nodiscard]] std::string compact(std::int64_t value);

// The class that colours a thing of this tone: "good", "bad", ...
[[nodiscard]] std::string_view class_of(Tone tone);
// A sign to be read without colours; empty for kNeutral.
[[nodiscard]] std::string_view sign_of(Tone tone);

}  // namespace witin::report::html
