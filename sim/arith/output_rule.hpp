// How an exact accumulator becomes an output code. One rule per node, made once when a network is planned.
//
//   wtm2101              v = trunc(acc / (g/4)), y = sat_yb((v + 2) >> 2)
//   witin_nn             y = sat_yb(rne(acc / g))
//   witin_nn, divisor    y = sat_yb(rne(f32(clip(f32(f32(acc) / f32(divisor)), +-clip_value) * f32(multiplier))))
//   witin_nn, digital    y = sat_yb(rne(f32(f32(acc) / f32(g))))
//   nb01                 y = sat_yb(rne(acc / g))
//
// then a second clip to y_limit_bits. g is an exact rational: the double it was given as. f32() is one rounding to IEEE
// binary32. Every rule is monotone in acc. Digital mode leaves the rules of wtm2101 and nb01 as they are.
// Sources: sim/arith/numerics.md.
#pragma once

#include <cstdint>
#include <optional>

#include "sim/arith/dyadic.hpp"
#include "sim/arith/rounding.hpp"
#include "witin/error.hpp"
#include "witin/types.hpp"

namespace witin::arith {

// Either g, or divisor and multiplier (witin_nn only). Numbers must be finite and > 0.
struct OutputRuleSpec {
  Arithmetic arithmetic = Arithmetic::kWtm2101;
  std::optional<double> g = std::nullopt;
  std::optional<double> divisor = std::nullopt;
  std::optional<double> multiplier = std::nullopt;
  std::optional<double> clip_value = std::nullopt;  // with divisor only; absent or 0: off
  bool digital = false;
  int y_bits = 8;        // 2..16
  int y_limit_bits = 0;  // 2..y_bits; 0: y_bits
};

class OutputRule {
 public:
  // Errors (code "output_rule.*", where = the attribute's name): missing, contradictory or out of range numbers.
  [[nodiscard]] static Result<OutputRule> make(const OutputRuleSpec& spec);

  // The output code of an accumulator. Normative.
  [[nodiscard]] std::int32_t y(std::int64_t acc) const { return clip(unclipped(acc)); }

  // The ADC code, 4 per output LSB, unclipped. Only the chip profile has one.
  [[nodiscard]] bool has_v() const { return kind_ == Kind::kAdc; }
  [[nodiscard]] std::int64_t v(std::int64_t acc) const { return dyadic_.trunc_quarters(acc); }

  // Both clips on a code that was put together outside (low part plus digital part).
  [[nodiscard]] std::int32_t clip(std::int64_t code) const { return clamp(clamp(code, y_range_), range_); }
  // The same rule without y_limit_bits: what the low part of a split input goes through.
  [[nodiscard]] OutputRule without_limit() const;

  [[nodiscard]] CodeRange range() const { return range_; }  // of y()

  enum class Kind : std::uint8_t { kAdc, kHalfEven, kF32Divide, kF32Scale };
  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] double g() const { return g_; }  // kF32Scale: divisor / multiplier
  [[nodiscard]] float f32_divisor() const { return f32_divisor_; }
  [[nodiscard]] float f32_multiplier() const { return f32_multiplier_; }
  [[nodiscard]] float f32_clip() const { return f32_clip_; }  // +infinity: off

 private:
  OutputRule() = default;
  [[nodiscard]] std::int64_t unclipped(std::int64_t acc) const;

  Kind kind_ = Kind::kAdc;
  double g_ = 1;
  DyadicDivisor dyadic_{1};
  float f32_divisor_ = 1;
  float f32_multiplier_ = 1;
  float f32_clip_ = 0;
  CodeRange y_range_ = signed_range(8);
  CodeRange range_ = signed_range(8);
};

// The digital side's divider of a split input: rne_div(acc, round_half_even(g)).
class IntegerDivider {
 public:
  // Error "output_rule.integer_divider" where round_half_even(g) is 0 or does not fit 62 bits.
  [[nodiscard]] static Result<IntegerDivider> make(const OutputRule& rule);

  [[nodiscard]] std::int64_t divisor() const { return divisor_; }
  [[nodiscard]] std::int64_t operator()(std::int64_t acc) const { return rne_div(acc, divisor_); }

 private:
  explicit IntegerDivider(std::int64_t divisor) : divisor_(divisor) {}
  std::int64_t divisor_;
};

}  // namespace witin::arith
