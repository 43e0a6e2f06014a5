#include "sim/arith/output_rule.hpp"
#include "sim/number_text.hpp"

#include <limits>
#include <string>

namespace witin::arith {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

Error bad(const char* code, const char* where, const char* what, std::string expected, std::string found) {
  return {std::string("output_rule.") + code, what, where, std::move(expected), std::move(found), ""};
}

bool positive(double v) { return v > 0 && v < std::numeric_limits<double>::infinity(); }
bool positive_f32(double v) {
  return positive(v) && v <= static_cast<double>(std::numeric_limits<float>::max()) && static_cast<float>(v) > 0;
}

Status check_number(const char* where, double v, bool as_f32) {
  if (as_f32 ? positive_f32(v) : positive(v)) return {};
  return bad("number", where, "not a usable scale", as_f32 ? "a number > 0 within float32" : "a finite number > 0",
             std::to_string(v));
}

Status check_bits(const OutputRuleSpec& spec) {
  if (spec.y_bits < 2 || spec.y_bits > 16) {
    return bad("y_bits", "y_bits", "output width is not supported", "2..16", std::to_string(spec.y_bits));
  }
  if (spec.y_limit_bits != 0 && (spec.y_limit_bits < 2 || spec.y_limit_bits > spec.y_bits)) {
    return bad("y_limit_bits", "y_limit_bits", "limit is wider than the output", "2.." + std::to_string(spec.y_bits),
               std::to_string(spec.y_limit_bits));
  }
  return {};
}

Status check_scales(const OutputRuleSpec& spec) {
  const bool f32 = spec.divisor.has_value() || spec.multiplier.has_value();
  if (!f32) {
    if (spec.clip_value) return bad("clip_value", "clip_value", "needs divisor and multiplier", "", "");
    if (!spec.g) return bad("missing", "g", "is missing", "g, or divisor and multiplier", "");
    return check_number("g", *spec.g, spec.digital && spec.arithmetic == Arithmetic::kWitinNn);
  }
  if (spec.g) return bad("both", "g", "cannot stand beside divisor and multiplier", "one of them", "both");
  if (spec.arithmetic != Arithmetic::kWitinNn) {
    return bad("profile", "divisor", "belongs to the arithmetic witin_nn", "g", std::string(name(spec.arithmetic)));
  }
  if (spec.digital) return bad("digital", "divisor", "digital mode takes g", "g", "divisor and multiplier");
  if (!spec.divisor) return bad("missing", "divisor", "is missing", "divisor and multiplier", "multiplier");
  if (!spec.multiplier) return bad("missing", "multiplier", "is missing", "divisor and multiplier", "divisor");
  if (Status s = check_number("divisor", *spec.divisor, true); !s) return s;
  if (Status s = check_number("multiplier", *spec.multiplier, true); !s) return s;
  if (spec.clip_value && *spec.clip_value != 0) return check_number("clip_value", *spec.clip_value, true);
  return {};
}

}  // namespace

Result<OutputRule> OutputRule::make(const OutputRuleSpec& spec) {
  if (Status s = check_bits(spec); !s) return std::move(s).error();
  if (Status s = check_scales(spec); !s) return std::move(s).error();
  OutputRule rule;
  rule.y_range_ = signed_range(spec.y_bits);
  rule.range_ = spec.y_limit_bits == 0 ? rule.y_range_ : signed_range(spec.y_limit_bits);
  if (spec.divisor) {
    rule.kind_ = Kind::kF32Scale;
    rule.g_ = *spec.divisor / *spec.multiplier;
    rule.f32_divisor_ = static_cast<float>(*spec.divisor);
    rule.f32_multiplier_ = static_cast<float>(*spec.multiplier);
    rule.f32_clip_ = spec.clip_value.value_or(0) == 0 ? kInfinity : static_cast<float>(*spec.clip_value);
    return rule;
  }
  rule.g_ = *spec.g;
  rule.dyadic_ = DyadicDivisor(*spec.g);
  if (spec.arithmetic == Arithmetic::kWtm2101) {
    rule.kind_ = Kind::kAdc;
  } else if (spec.arithmetic == Arithmetic::kWitinNn && spec.digital) {
    rule.kind_ = Kind::kF32Divide;
    rule.f32_divisor_ = static_cast<float>(*spec.g);
  } else {
    rule.kind_ = Kind::kHalfEven;
  }
  return rule;
}

std::int64_t OutputRule::unclipped(std::int64_t acc) const {
  switch (kind_) {
    case Kind::kAdc: {
      // Saturated far outside every code range, so that v + 2 cannot overflow.
      const std::int64_t adc = std::clamp<std::int64_t>(v(acc), -(std::int64_t{1} << 40), std::int64_t{1} << 40);
      return (adc + 2) >> 2;
    }
    case Kind::kHalfEven:
      return dyadic_.rne(acc);
    case Kind::kF32Divide:
      return rne(static_cast<float>(acc) / f32_divisor_);
    case Kind::kF32Scale: {
      const float scaled = static_cast<float>(acc) / f32_divisor_;
      return rne(std::clamp(scaled, -f32_clip_, f32_clip_) * f32_multiplier_);
    }
  }
  return 0;
}

OutputRule OutputRule::without_limit() const {
  OutputRule rule = *this;
  rule.range_ = y_range_;
  return rule;
}

Result<IntegerDivider> IntegerDivider::make(const OutputRule& rule) {
  const std::int64_t divisor = rne(rule.g());
  if (divisor < 1 || divisor > (std::int64_t{1} << 61)) {
    return bad("integer_divider", "g", "the digital part of a split input divides by round(g)", "round(g) >= 1",
               number_text(rule.g()));
  }
  return IntegerDivider(divisor);
}

}  // namespace witin::arith
