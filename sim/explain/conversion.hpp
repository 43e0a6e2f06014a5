// From accumulators to codes, with what a hypothesis changes: another rounding, another g, other bias rows, another end
// of the range.
//
//   y = clip(round(acc + delta[column], g) + y_d)
#pragma once

#include <string_view>
#include <vector>

#include "sim/explain/setup.hpp"

namespace witin::explain {

// How acc / g becomes an integer. Quarters: first to v, in quarters of an LSB, then to y.
enum class RoundRule : std::uint8_t {
  kModel,     // as the profile says
  kChip,      // v = trunc(acc / (g/4)), y = (v + 2) >> 2
  kHalfEven,  // the rest: of acc / g at once
  kHalfUp,
  kHalfAway,
  kFloor,
  kTrunc,
  kQuarterHalfEven,  // v rounded half to even, half up; y = (v + 2) >> 2
  kQuarterHalfUp,
  kChipThenFloor,  // v as the chip's; y = v >> 2, or v / 4 rounded half to even
  kChipThenHalfEven,
};

enum class Overflow : std::uint8_t { kSaturates, kWraps, kSymmetric };  // symmetric: -max instead of the smallest code

struct Conversion {
  arith::OutputRuleSpec spec;
  RoundRule rule = RoundRule::kModel;
  Overflow overflow = Overflow::kSaturates;
  std::vector<std::int64_t> delta;  // of each column, in accumulator units; empty: none
  bool drops_high = false;          // y_d left out
};

// Absent where the operator does not show one accumulator for each code.
[[nodiscard]] std::optional<Conversion> conversion_of(const Setup& setup, const Outcome& outcome);

// Empty where the rule cannot be (a g that is no number).
[[nodiscard]] Codes convert(const Conversion& conversion, const Outcome& outcome);

// Accumulators [lo, hi], both included.
struct Interval {
  std::int64_t lo = 0;
  std::int64_t hi = 0;
};
// Those that become `code`, without delta and digital part; none: lo > hi. Not for codes that wrap.
[[nodiscard]] Interval accumulators_of(const Conversion& conversion, std::int32_t code);

}  // namespace witin::explain
