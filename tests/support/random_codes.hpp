#pragma once

#include <random>

#include "tests/support/op_runner.hpp"

namespace witin::test {

// Equally likely, the same on every machine.
inline Codes random_codes(std::size_t count, CodeRange range, unsigned seed) {
  std::mt19937 random(seed);
  Codes codes(count);
  const auto width = static_cast<unsigned>(range.hi - range.lo + 1);
  for (auto& code : codes) code = range.lo + static_cast<std::int32_t>(random() % width);
  return codes;
}

}  // namespace witin::test
