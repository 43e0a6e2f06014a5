#include "sim/explain/conversion.hpp"

#include <algorithm>

#include "sim/array/array_attributes.hpp"

namespace witin::explain {
namespace {

using arith::OutputRule;
using arith::Rounding;

// acc / g before any rounding to an integer, in the order the rule computes it.
double scaled(const OutputRule& rule, std::int64_t acc) {
  switch (rule.kind()) {
    case OutputRule::Kind::kF32Divide:
      return static_cast<double>(static_cast<float>(acc) / rule.f32_divisor());
    case OutputRule::Kind::kF32Scale: {
      const float value = static_cast<float>(acc) / rule.f32_divisor();
      return static_cast<double>(std::clamp(value, -rule.f32_clip(), rule.f32_clip()) * rule.f32_multiplier());
    }
    case OutputRule::Kind::kAdc:
    case OutputRule::Kind::kHalfEven:
      break;
  }
  return static_cast<double>(acc) / rule.g();
}

std::int64_t from_quarters(std::int64_t v) { return arith::rhu_shift(v, 2); }

std::int64_t rounded(RoundRule rule, double value) {
  const auto quarters = [&](Rounding rounding) { return arith::round(4 * value, rounding); };
  switch (rule) {
    case RoundRule::kModel:
    case RoundRule::kChip:
      return from_quarters(quarters(Rounding::kTrunc));
    case RoundRule::kHalfEven:
      return arith::round(value, Rounding::kHalfEven);
    case RoundRule::kHalfUp:
      return arith::round(value, Rounding::kHalfUp);
    case RoundRule::kHalfAway:
      return arith::round(value, Rounding::kHalfAway);
    case RoundRule::kFloor:
      return arith::round(value, Rounding::kFloor);
    case RoundRule::kTrunc:
      return arith::round(value, Rounding::kTrunc);
    case RoundRule::kQuarterHalfEven:
      return from_quarters(quarters(Rounding::kHalfEven));
    case RoundRule::kQuarterHalfUp:
      return from_quarters(quarters(Rounding::kHalfUp));
    case RoundRule::kChipThenFloor:
      return arith::floor_shift(quarters(Rounding::kTrunc), 2);
    case RoundRule::kChipThenHalfEven:
      return arith::rne_div(quarters(Rounding::kTrunc), 4);
  }
  return 0;
}

// Before the last clip. `part`: the rule without its narrower limit.
std::int64_t unlimited(const Conversion& conversion, const OutputRule& part, std::int64_t acc) {
  if (conversion.rule != RoundRule::kModel) return rounded(conversion.rule, scaled(part, acc));
  if (conversion.overflow == Overflow::kSaturates) return part.y(acc);
  const bool chip = part.kind() == OutputRule::Kind::kAdc;
  return rounded(chip ? RoundRule::kChip : RoundRule::kHalfEven, scaled(part, acc));
}

std::int32_t limited(Overflow overflow, const OutputRule& rule, std::int64_t code) {
  const CodeRange range = rule.range();
  switch (overflow) {
    case Overflow::kSaturates:
      break;
    case Overflow::kWraps: {
      const std::int64_t span = std::int64_t{range.hi} - range.lo + 1;
      const std::int64_t above = (code - range.lo) % span;
      return static_cast<std::int32_t>(range.lo + (above < 0 ? above + span : above));
    }
    case Overflow::kSymmetric:
      return std::max(rule.clip(code), -range.hi);
  }
  return rule.clip(code);
}

}  // namespace

std::optional<Conversion> conversion_of(const Setup& setup, const Outcome& outcome) {
  if (outcome.acc.empty()) return std::nullopt;
  const ops::NodeContext context(setup.package, setup.node, setup.arithmetic, setup.types, setup.isa);
  const auto attributes = array::read_array_attributes(context, setup.node.op == "linear");
  if (!attributes) return std::nullopt;
  if (!arith::OutputRule::make(attributes->rule)) return std::nullopt;
  return Conversion{attributes->rule, RoundRule::kModel, Overflow::kSaturates, {}, false};
}

Codes convert(const Conversion& conversion, const Outcome& outcome) {
  const Result<OutputRule> rule = OutputRule::make(conversion.spec);
  if (!rule) return {};
  const OutputRule part = rule->without_limit();
  const Columns columns = columns_of(outcome.shape);
  const bool split = !outcome.y_d.empty();
  Codes y(outcome.acc.size());
  for (std::size_t i = 0; i < y.size(); ++i) {
    std::int64_t acc = outcome.acc[i];
    if (!conversion.delta.empty()) acc += conversion.delta[columns.of(i)];
    std::int64_t code = unlimited(conversion, part, acc);
    if (split) code = part.clip(code) + (conversion.drops_high ? 0 : outcome.y_d[i]);
    y[i] = limited(conversion.overflow, *rule, code);
  }
  return y;
}

Interval accumulators_of(const Conversion& conversion, std::int32_t code) {
  const Result<OutputRule> rule = OutputRule::make(conversion.spec);
  if (!rule) return {1, 0};
  const OutputRule part = rule->without_limit();
  constexpr std::int64_t kEnd = std::int64_t{1} << 40;
  // The smallest accumulator whose code is at least `least`.
  const auto first = [&](std::int64_t least) {
    std::int64_t lo = -kEnd;
    std::int64_t hi = kEnd;
    while (lo < hi) {
      const std::int64_t middle = lo + (hi - lo) / 2;
      if (limited(conversion.overflow, *rule, unlimited(conversion, part, middle)) >= least) {
        hi = middle;
      } else {
        lo = middle + 1;
      }
    }
    return lo;
  };
  return {first(code), first(std::int64_t{code} + 1) - 1};
}

}  // namespace witin::explain
