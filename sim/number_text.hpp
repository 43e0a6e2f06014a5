// A number in a message: whole numbers up to 2^53 by their digits, others as the shortest text that reads back as the
// same double; in no locale.
#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>

namespace witin {

[[nodiscard]] inline std::string number_text(double value) {
  if (std::abs(value) <= 0x1p53 && std::trunc(value) == value) return std::to_string(static_cast<std::int64_t>(value));
  std::array<char, 32> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

}  // namespace witin
