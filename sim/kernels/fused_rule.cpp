#include "sim/kernels/fused_rule.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace witin::kernels {
namespace {

using Kind = arith::OutputRule::Kind;
constexpr std::int64_t kAccMin = std::numeric_limits<std::int32_t>::min();
constexpr std::int64_t kAccMax = std::numeric_limits<std::int32_t>::max();

// The smallest int32 acc with rule.y(acc) >= code; `code` must be reachable and not the smallest reachable one.
// Starts where the real-valued rule crosses and doubles its step until the crossing is enclosed.
std::int64_t threshold(const arith::OutputRule& rule, std::int32_t code) {
  const double crossing = (code - (rule.kind() == Kind::kAdc && code <= 0 ? 0.75 : 0.5)) * rule.g();
  const auto start = std::clamp<std::int64_t>(arith::rne(crossing), kAccMin, kAccMax);
  std::int64_t below = start;
  for (std::int64_t step = 1; below > kAccMin && rule.y(below) >= code; step *= 2) {
    below = std::max(kAccMin, start - step);
  }
  std::int64_t above = std::max(below, start);
  for (std::int64_t step = 1; rule.y(above) < code; step *= 2) above = std::min(kAccMax, start + step);
  while (above - below > 1) {
    const std::int64_t middle = below + (above - below) / 2;
    (rule.y(middle) >= code ? above : below) = middle;
  }
  return above;
}

// numerator / g in the precision of a form: rounded to nearest, or the next larger number, whose products do not fall
// short of an exact multiple.
double reciprocal(double numerator, double g, bool f32, bool up) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const double value = numerator / g;
  if (!f32) return up ? std::nextafter(value, kInfinity) : value;
  const auto rounded = static_cast<float>(value);
  return static_cast<double>(up ? std::nextafter(rounded, std::numeric_limits<float>::infinity()) : rounded);
}

}  // namespace

std::int32_t FusedRule::y(std::int32_t acc) const {
  const auto& n = numbers_;
  switch (form_) {
    case Form::kQuarterF32: {
      const float t = static_cast<float>(acc) * static_cast<float>(n.scale);
      const auto v = static_cast<std::int32_t>(std::clamp(t, static_cast<float>(n.lo), static_cast<float>(n.hi)));
      return (v + 2) >> 2;
    }
    case Form::kQuarterF64: {
      const double t = static_cast<double>(acc) * n.scale;
      return (static_cast<std::int32_t>(std::clamp<double>(t, n.lo, n.hi)) + 2) >> 2;
    }
    case Form::kEvenF32: {
      const float t = static_cast<float>(acc) * static_cast<float>(n.scale);
      return static_cast<std::int32_t>(arith::rne(std::clamp(t, static_cast<float>(n.lo), static_cast<float>(n.hi))));
    }
    case Form::kEvenF64: {
      const double t = static_cast<double>(acc) * n.scale;
      return static_cast<std::int32_t>(arith::rne(std::clamp<double>(t, n.lo, n.hi)));
    }
    case Form::kIeee: {
      const float q = static_cast<float>(acc) / n.divisor;
      const float t = std::clamp(q, -n.clip, n.clip) * n.multiplier;
      return static_cast<std::int32_t>(arith::rne(std::clamp(t, static_cast<float>(n.lo), static_cast<float>(n.hi))));
    }
    case Form::kExact:
      return rule_.y(acc);
  }
  return 0;
}

void FusedRule::prepare(Form form, bool scale_up) {
  form_ = form;
  numbers_ = {};
  numbers_.lo = rule_.y(kAccMin);
  numbers_.hi = rule_.y(kAccMax);
  switch (form) {
    case Form::kQuarterF32:
    case Form::kQuarterF64:
      numbers_.scale = reciprocal(4, rule_.g(), form == Form::kQuarterF32, scale_up);
      numbers_.lo = 4 * numbers_.lo - 2;
      numbers_.hi = 4 * numbers_.hi + 1;
      return;
    case Form::kEvenF32:
    case Form::kEvenF64:
      numbers_.scale = reciprocal(1, rule_.g(), form == Form::kEvenF32, scale_up);
      return;
    case Form::kIeee:
      numbers_.clip = std::numeric_limits<float>::infinity();
      if (rule_.kind() == Kind::kHalfEven) {
        numbers_.divisor = static_cast<float>(rule_.g());
      } else {
        numbers_.divisor = rule_.f32_divisor();
        numbers_.multiplier = rule_.f32_multiplier();
        if (rule_.kind() == Kind::kF32Scale) numbers_.clip = rule_.f32_clip();
      }
      return;
    case Form::kExact:
      return;
  }
}

bool FusedRule::agrees() const {
  if (!(numbers_.scale <= std::numeric_limits<float>::max()) || !(numbers_.divisor > 0)) return false;
  const std::int32_t lowest = rule_.y(kAccMin);
  const std::int32_t highest = rule_.y(kAccMax);
  const auto as_acc = [](std::int64_t acc) { return static_cast<std::int32_t>(acc); };
  if (y(as_acc(kAccMin)) != lowest || y(as_acc(kAccMax)) != highest) return false;
  // A code that the rule skips has the next code's threshold; the form must skip it at the same place.
  for (std::int32_t code = lowest + 1; code <= highest; ++code) {
    const std::int64_t at = threshold(rule_, code);
    if (y(as_acc(at)) < code || y(as_acc(at - 1)) >= code) return false;
  }
  return true;
}

FusedRule FusedRule::make(const arith::OutputRule& rule) {
  struct Attempt {
    Form form;
    bool scale_up = false;
  };
  static constexpr std::array kQuarter{Attempt{Form::kQuarterF32}, Attempt{Form::kQuarterF32, true},
                                       Attempt{Form::kQuarterF64}, Attempt{Form::kQuarterF64, true}};
  static constexpr std::array kEven{Attempt{Form::kEvenF32}, Attempt{Form::kIeee}, Attempt{Form::kEvenF64},
                                    Attempt{Form::kExact}};
  FusedRule fused(rule);
  for (const Attempt attempt : rule.kind() == Kind::kAdc ? kQuarter : kEven) {
    fused.prepare(attempt.form, attempt.scale_up);
    if (fused.agrees()) return fused;
  }
  fused.prepare(Form::kExact, false);
  return fused;
}

}  // namespace witin::kernels
