// What the tests of softmax and sum_norm share: lines along an axis, and the last step to codes.
#pragma once

#include <algorithm>
#include <cmath>
#include <random>

#include "tests/support/exact.hpp"
#include "tests/support/random_codes.hpp"

namespace witin::test {

inline std::int32_t cut(float v, CodeRange range) {
  if (std::isnan(v)) return 0;
  return static_cast<std::int32_t>(std::trunc(std::clamp<double>(v, range.lo, range.hi)));
}

// What `rule` makes of every line of [a, b, c] frames along an axis.
template <typename Rule>
Codes along(const Codes& x, std::size_t a, std::size_t b, std::size_t c, std::size_t axis, Rule rule) {
  const std::size_t stride = axis == 0 ? b * c : axis == 1 ? c : 1;
  const std::size_t extent = axis == 0 ? a : axis == 1 ? b : c;
  Codes y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (i / stride % extent != 0) continue;
    Codes line;
    for (std::size_t k = 0; k < extent; ++k) line.push_back(x[i + k * stride]);
    const Codes result = rule(line);
    for (std::size_t k = 0; k < extent; ++k) y[i + k * stride] = result[k];
  }
  return y;
}

}  // namespace witin::test
