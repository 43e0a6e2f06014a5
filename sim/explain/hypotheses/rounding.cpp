// The sum is rounded by another rule, or leaves the range another way.
#include <array>

#include "sim/explain/hypotheses.hpp"
#include "sim/ops/registry.hpp"

namespace witin::explain {
namespace {

struct Rule {
  RoundRule rule;
  const char* cause;
  const char* words;
  int cost;
};

constexpr std::array kRules{
    Rule{RoundRule::kHalfEven, "half_even", "half to even at once, as witin_nn and nb01 do", 1},
    Rule{RoundRule::kChip, "chip", "as wtm2101 does: v = trunc(acc / (g/4)), y = (v + 2) >> 2", 1},
    Rule{RoundRule::kHalfUp, "half_up", "half up, floor(acc / g + 1/2)", 1},
    Rule{RoundRule::kHalfAway, "half_away", "half away from zero", 1},
    Rule{RoundRule::kFloor, "floor", "down (floor)", 1},
    Rule{RoundRule::kTrunc, "trunc", "toward zero (truncated)", 1},
    Rule{RoundRule::kQuarterHalfEven, "quarter_half_even", "to quarters half to even, then half up", 2},
    Rule{RoundRule::kQuarterHalfUp, "quarter_half_up", "to quarters half up, then half up", 2},
    Rule{RoundRule::kChipThenFloor, "quarter_trunc_floor", "toward zero to quarters, then down", 2},
    Rule{RoundRule::kChipThenHalfEven, "quarter_trunc_half_even", "toward zero to quarters, then half to even", 2},
};

void add_profiles(const Setup& setup, Hypotheses& out) {
  for (const Arithmetic profile : {Arithmetic::kWtm2101, Arithmetic::kWitinNn, Arithmetic::kNb01}) {
    if (profile == setup.arithmetic) continue;
    const std::string name(witin::name(profile));
    Hypothesis h{"arithmetic", name, "The node computes in the arithmetic of " + name + "."};
    h.edit = [profile](Setup& s) { return s.arithmetic = profile, true; };
    out.push_back(std::move(h));
  }
}

void add_rounding_attribute(const Setup& setup, Hypotheses& out) {
  const auto offered = [&](const ops::OpDef* op) {
    if (op->name != setup.node.op || (op->profiles & (1U << static_cast<unsigned>(setup.arithmetic))) == 0)
      return false;
    return std::ranges::find(op->attributes, "rounding", &ops::AttributeRule::name) != op->attributes.end();
  };
  if (std::ranges::none_of(ops::registry(), offered)) return;
  for (const char* const rounding : {"floor", "half_up", "half_even", "trunc", "half_away"}) {
    Hypothesis h{"rounding", rounding, std::string("Results are rounded ") + rounding + " instead."};
    h.edit = [rounding](Setup& s) {
      return s.node.attributes.insert_or_assign("rounding", AttributeValue(std::string(rounding))), true;
    };
    out.push_back(std::move(h));
  }
}

}  // namespace

void add_roundings(const Setup& setup, const Outcome& outcome, Hypotheses& out) {
  if (!conversion_of(setup, outcome)) {
    add_profiles(setup, out);
    add_rounding_attribute(setup, out);
    return;
  }
  for (const Rule& rule : kRules) {
    Hypothesis h{"rounding", rule.cause, std::string("The sum is rounded ") + rule.words + ".", {}, rule.cost};
    h.convert = [rule](Conversion& c) { return c.rule = rule.rule, true; };
    out.push_back(std::move(h));
  }
}

void add_overflows(const Setup& setup, const Outcome& outcome, Hypotheses& out) {
  if (!conversion_of(setup, outcome)) return;
  Hypothesis wraps{"overflow", "wraps", "Codes beyond the range wrap around instead of saturating.", {}, 2};
  wraps.convert = [](Conversion& c) { return c.overflow = Overflow::kWraps, true; };
  out.push_back(std::move(wraps));
  Hypothesis symmetric{"overflow", "symmetric", "The smallest code is the negative of the largest one.", {}, 2};
  symmetric.convert = [](Conversion& c) { return c.overflow = Overflow::kSymmetric, true; };
  out.push_back(std::move(symmetric));
  for (const int bits : {8, 10, 12}) {
    const int now = static_cast<int>(setup.integer("y_bits", 8));
    if (bits == now) continue;
    Hypothesis h{"output_bits",
                 std::to_string(bits),
                 "The output is clipped to " + std::to_string(bits) + " bits instead of " + std::to_string(now) + ".",
                 {},
                 2};
    h.convert = [bits](Conversion& c) {
      c.spec.y_bits = bits;
      if (c.spec.y_limit_bits > bits) c.spec.y_limit_bits = bits;
      return true;
    };
    out.push_back(std::move(h));
  }
  if (setup.has("y_limit_bits")) {
    Hypothesis h{"output_bits", "no_limit", "The last clip, to y_limit_bits, is left out.", {}, 2};
    h.convert = [](Conversion& c) { return c.spec.y_limit_bits = 0, true; };
    out.push_back(std::move(h));
  }
}

}  // namespace witin::explain
