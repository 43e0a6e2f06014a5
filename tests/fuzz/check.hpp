// What targets require of the code they call.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "witin/error.hpp"

namespace witin::fuzz {

// A promise that does not hold. No std::exception, so that no handler of the library takes it for one of its own.
struct Finding {
  std::string what;
};

inline void require(bool holds, std::string_view what) {
  if (!holds) throw Finding{std::string(what)};
}

// Every refusal is one printable line with a stable code, and never a defect of this program.
inline void check_refusal(const Error& error) {
  const std::string line = error.line();
  require(!error.internal(), line);
  require(!error.code.empty() && !error.what.empty(), "an error without code or text: " + line);
  require(std::ranges::none_of(line, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }),
          "an error with control characters: " + line);
}

// Of a call that may fail: whether it did not.
template <typename Outcome>
[[nodiscard]] bool succeeded(const Outcome& outcome) {
  if (!outcome.ok()) check_refusal(outcome.error());
  return outcome.ok();
}

// Of a call that must not fail.
template <typename Outcome>
void require_ok(const Outcome& outcome) {
  if (!outcome.ok()) throw Finding{"refused: " + outcome.error().line()};
}

}  // namespace witin::fuzz
