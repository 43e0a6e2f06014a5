// The kernels' form of a rule equals the rule: exhaustively in a window, at the thresholds of wide codes, at random.
#include "sim/kernels/fused_rule.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <random>

using witin::Arithmetic;
using witin::arith::OutputRule;
using witin::arith::OutputRuleSpec;
using witin::kernels::FusedRule;
using Form = FusedRule::Form;

namespace {

Form check(const OutputRuleSpec& spec) {
  const auto rule = OutputRule::make(spec);
  REQUIRE(rule.ok());
  const FusedRule fused = FusedRule::make(*rule);
  const auto same = [&](std::int64_t acc) {
    if (acc < std::numeric_limits<std::int32_t>::min() || acc > std::numeric_limits<std::int32_t>::max()) return;
    if (fused.y(static_cast<std::int32_t>(acc)) != rule->y(acc)) {
      FAIL("g " << rule->g() << " bits " << spec.y_bits << " acc " << acc);
    }
  };
  const double edge = rule->g() * rule->range().hi;
  const std::int64_t window = edge < 3e4 ? static_cast<std::int64_t>(edge) + 100 : 30000;
  for (std::int64_t acc = -window; acc <= window; ++acc) same(acc);
  std::mt19937_64 random(7);
  std::uniform_int_distribution<std::int64_t> any(std::numeric_limits<std::int32_t>::min(),
                                                  std::numeric_limits<std::int32_t>::max());
  std::uniform_int_distribution<std::int64_t> eighths(-8L * rule->range().hi - 16, 8L * rule->range().hi + 16);
  for (int i = 0; i < 3000; ++i) {
    same(any(random));
    const double near = static_cast<double>(eighths(random)) / 8 * rule->g();
    if (near > -2e9 && near < 2e9) {
      for (std::int64_t d = -2; d <= 2; ++d) same(static_cast<std::int64_t>(near) + d);
    }
  }
  same(std::numeric_limits<std::int32_t>::min());
  same(std::numeric_limits<std::int32_t>::max());
  return fused.form();
}

}  // namespace

TEST_CASE("integer g from 1 to 8192 takes the float form of the chip's rule") {
  for (int g = 1; g <= 8192; g = g < 300 ? g + 1 : g + 97) {
    CHECK(check({.arithmetic = Arithmetic::kWtm2101, .g = g}) == Form::kQuarterF32);
  }
  for (int g = 256; g <= 8192; g *= 2) {
    CHECK(check({.arithmetic = Arithmetic::kWtm2101, .g = g}) == Form::kQuarterF32);
    CHECK(check({.arithmetic = Arithmetic::kWitinNn, .g = g, .y_bits = 12}) == Form::kEvenF32);
  }
}

TEST_CASE("other g, widths and profiles") {
  for (const Arithmetic arithmetic : {Arithmetic::kWtm2101, Arithmetic::kWitinNn, Arithmetic::kNb01}) {
    for (const double g : {1e-3, 0.1, 0.25, 0.5, 1.0 / 3, 3.0, 7.5, 539.0, 1000.1, 7007.0 / 13, 99991.0, 1e6, 3e7, 1e9,
                           1e12, 1e-20, 1e300, 1e-300}) {
      for (const int bits : {2, 8, 9, 12}) {
        CAPTURE(g);
        CHECK((check({.arithmetic = arithmetic, .g = g, .y_bits = bits}) != Form::kExact || g < 1e-9));
      }
    }
  }
  check({.arithmetic = Arithmetic::kWitinNn, .g = 3, .y_bits = 16});
  check({.arithmetic = Arithmetic::kWitinNn, .g = 512, .y_bits = 12, .y_limit_bits = 8});
}

TEST_CASE("float32 orders") {
  for (const double divisor : {32.0, 384.0, 7007.0, 1000.1, 0.3}) {
    for (const double multiplier : {4.0, 13.0, 0.7}) {
      check({.arithmetic = Arithmetic::kWitinNn, .divisor = divisor, .multiplier = multiplier});
      check({.arithmetic = Arithmetic::kWitinNn, .divisor = divisor, .multiplier = multiplier, .clip_value = 2.82583});
      check({.arithmetic = Arithmetic::kWitinNn, .divisor = divisor, .multiplier = multiplier, .y_bits = 12});
    }
    check({.arithmetic = Arithmetic::kWitinNn, .g = divisor, .digital = true});
    check({.arithmetic = Arithmetic::kWitinNn, .g = divisor * 65536, .digital = true, .y_bits = 12});
  }
}

TEST_CASE("a float reciprocal that is not enough is found out") {
  // 3e7 * 0.5 exceeds 2^24: float32 accumulators cannot tell the neighbours of the threshold apart.
  CHECK(check({.arithmetic = Arithmetic::kWitinNn, .g = 30000001}) == Form::kEvenF64);
  CHECK(check({.arithmetic = Arithmetic::kWtm2101, .g = 100000004}) == Form::kQuarterF64);
}
