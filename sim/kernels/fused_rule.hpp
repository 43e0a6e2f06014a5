// An output rule in the form the kernels apply to their accumulators while these are in registers.
//
//   kQuarterF32  t = trunc(clamp(f32(acc) * scale)),  y = (t + 2) >> 2        kQuarterF64 the same in binary64
//   kEvenF32     y = rne(clamp(f32(acc) * scale))                              kEvenF64
//   kIeee        y = rne(clamp(f32(clip(f32(f32(acc) / divisor)) * multiplier)))   float32 in the order written
//   kExact       y = OutputRule::y(acc), one element at a time
//
// All are monotone in acc, and so is the rule. make() takes the first form that has the same threshold as the rule for
// every code of the range: agreement there is agreement for every int32 accumulator.
#pragma once

#include <cstdint>

#include "sim/arith/output_rule.hpp"

namespace witin::kernels {

class FusedRule {
 public:
  enum class Form : std::uint8_t { kQuarterF32, kEvenF32, kQuarterF64, kEvenF64, kIeee, kExact };

  [[nodiscard]] static FusedRule make(const arith::OutputRule& rule);

  [[nodiscard]] Form form() const { return form_; }
  [[nodiscard]] const arith::OutputRule& rule() const { return rule_; }
  [[nodiscard]] CodeRange range() const { return rule_.range(); }

  // What the vector code computes, for one element. Equal to rule().y(acc) for every int32 acc.
  [[nodiscard]] std::int32_t y(std::int32_t acc) const;

  // The numbers of the forms above; lo and hi are the clamp, in units of t or y.
  struct Numbers {
    double scale = 0;
    float divisor = 1;
    float multiplier = 1;
    float clip = 0;  // +infinity: off
    std::int32_t lo = 0;
    std::int32_t hi = 0;
  };
  [[nodiscard]] const Numbers& numbers() const { return numbers_; }

 private:
  explicit FusedRule(const arith::OutputRule& rule) : rule_(rule) {}
  [[nodiscard]] bool agrees() const;
  void prepare(Form form, bool scale_up);

  arith::OutputRule rule_;
  Form form_ = Form::kExact;
  Numbers numbers_;
};

}  // namespace witin::kernels
