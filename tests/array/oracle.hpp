// The array's arithmetic spelled out a second time, from the format's and the numerics' descriptions: wide integers,
// one output at a time, no staging, no shared code with the simulator. Divisors are integers here.
#pragma once

#include <algorithm>
#include <cfenv>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "witin/types.hpp"

namespace witin::test::oracle {

__extension__ typedef __int128 Wide;

struct Term {
  std::int64_t x = 0;
  std::int64_t w = 0;
  std::int64_t w_neg = 0;  // what a negative x is multiplied by, with the sign of x removed; used where pn
};

struct Rule {
  Arithmetic arithmetic = Arithmetic::kWtm2101;
  std::int64_t g = 1024;
  std::int64_t divisor = 0, multiplier = 0;  // instead of g
  float clip_value = 0;
  bool digital = false;
  bool pn = false;
  bool split = false;
  int y_bits = 8;
  int y_limit_bits = 0;
};

inline std::int64_t saturate(Wide v, int bits) {
  const Wide hi = (Wide{1} << (bits - 1)) - 1;
  return static_cast<std::int64_t>(v > hi ? hi : v < -hi - 1 ? -hi - 1 : v);
}

// The integer nearest to num / den, the even one of two.
inline Wide nearest_even(Wide num, Wide den) {
  Wide best = num / den - 2;
  for (Wide q = best; q <= num / den + 2; ++q) {
    const auto distance = [&](Wide candidate) {
      return candidate * den > num ? candidate * den - num : num - candidate * den;
    };
    if (distance(q) < distance(best) || (distance(q) == distance(best) && q % 2 == 0)) best = q;
  }
  return best;
}

inline Wide floor_div(Wide num, Wide den) { return num >= 0 ? num / den : -((-num + den - 1) / den); }

// ADC code of the chip: 4 acc / g without its fraction.
inline Wide adc(Wide acc, Wide g) { return 4 * acc / g; }

// Before the clip to y_bits.
inline Wide converted(const Rule& rule, Wide acc) {
  if (rule.divisor != 0) {
    float v = static_cast<float>(static_cast<std::int64_t>(acc)) / static_cast<float>(rule.divisor);
    if (rule.clip_value != 0) v = std::fmin(std::fmax(v, -rule.clip_value), rule.clip_value);
    return static_cast<Wide>(std::nearbyintf(v * static_cast<float>(rule.multiplier)));
  }
  if (rule.arithmetic == Arithmetic::kWtm2101) return floor_div(adc(acc, rule.g) + 2, 4);
  if (rule.arithmetic == Arithmetic::kWitinNn && rule.digital) {
    return static_cast<Wide>(
        std::nearbyintf(static_cast<float>(static_cast<std::int64_t>(acc)) / static_cast<float>(rule.g)));
  }
  return nearest_even(acc, rule.g);
}

struct Sums {
  Wide acc = 0;   // on the array, bias included
  Wide high = 0;  // digital, bias_d included
};

inline Sums sums(const Rule& rule, const std::vector<Term>& terms, std::int64_t bias, std::int64_t bias_d) {
  Sums out{bias, bias_d};
  for (const Term& term : terms) {
    const std::int64_t low = rule.split ? (term.x < 0 ? -(-term.x % 256) : term.x % 256) : term.x;
    const auto product = [&](std::int64_t x) { return rule.pn && x < 0 ? Wide{-x} * term.w_neg : Wide{x} * term.w; };
    out.acc += product(low);
    out.high += product(term.x - low);
  }
  return out;
}

inline std::int64_t output(const Rule& rule, const Sums& sums) {
  Wide y = saturate(converted(rule, sums.acc), rule.y_bits);
  if (rule.split) {
    const Wide divisor = rule.divisor == 0 ? Wide{rule.g} : nearest_even(rule.divisor, rule.multiplier);
    y = saturate(y + nearest_even(sums.high, divisor), rule.y_bits);
  }
  return rule.y_limit_bits == 0 ? static_cast<std::int64_t>(y) : saturate(y, rule.y_limit_bits);
}

}  // namespace witin::test::oracle
