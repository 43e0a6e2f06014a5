// Division by a double, exactly: a double is m * 2^e, so acc / g is a quotient of integers and can be rounded without
// error. Source of the rules: sim/arith/numerics.md.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>

namespace witin::arith {

__extension__ typedef __int128 int128;

// The positive finite double it was made from, as odd mantissa and exponent.
class DyadicDivisor {
 public:
  // g must be finite and > 0.
  constexpr explicit DyadicDivisor(double g) {
    const auto pattern = std::bit_cast<std::uint64_t>(g);
    const int biased = static_cast<int>(pattern >> 52);
    const std::uint64_t fraction = pattern & ((std::uint64_t{1} << 52) - 1);
    const std::uint64_t whole = biased == 0 ? fraction : fraction | (std::uint64_t{1} << 52);
    const int zeros = std::countr_zero(whole);
    mantissa_ = static_cast<std::int64_t>(whole >> zeros);
    exponent_ = (biased == 0 ? 1 : biased) - 1075 + zeros;
  }

  // trunc(4 * acc / g), saturated to int64.
  [[nodiscard]] constexpr std::int64_t trunc_quarters(std::int64_t acc) const {
    const Quotient q = divide(acc, 2);
    return q.saturated ? limit(acc) : narrow(q.whole);
  }

  // round_half_even(acc / g), saturated to int64.
  [[nodiscard]] constexpr std::int64_t rne(std::int64_t acc) const {
    const Quotient q = divide(acc, 0);
    if (q.saturated) return limit(acc);
    const bool away = q.twice_rest > 0 || (q.twice_rest == 0 && (q.whole & 1) != 0);
    return narrow(away ? q.whole + (acc < 0 ? -1 : 1) : q.whole);
  }

 private:
  struct Quotient {
    int128 whole = 0;       // toward zero
    int128 twice_rest = 0;  // sign of 2 * |remainder| - divisor
    bool saturated = false;
  };

  static constexpr std::int64_t limit(std::int64_t acc) {
    return acc < 0 ? std::numeric_limits<std::int64_t>::min() : std::numeric_limits<std::int64_t>::max();
  }
  static constexpr std::int64_t narrow(int128 v) {
    if (v > std::numeric_limits<std::int64_t>::max()) return std::numeric_limits<std::int64_t>::max();
    if (v < std::numeric_limits<std::int64_t>::min()) return std::numeric_limits<std::int64_t>::min();
    return static_cast<std::int64_t>(v);
  }

  // (acc * 2^up) / (m * 2^e), |acc| <= 2^63, m < 2^53.
  [[nodiscard]] constexpr Quotient divide(std::int64_t acc, int up) const {
    if (acc == 0) return {0, -1, false};
    const int left = up - exponent_;        // acc * 2^left / m
    if (left < -67) return {0, -1, false};  // m * 2^-left >= 2^68 against |acc| <= 2^63: far below one half
    const int128 magnitude = acc < 0 ? -static_cast<int128>(acc) : static_cast<int128>(acc);
    int128 num = magnitude;
    int128 den = mantissa_;
    if (left >= 0) {
      if (bits(magnitude) + left > 126) return {0, 0, true};  // above 2^126 / 2^53
      num <<= left;
    } else {
      den <<= -left;
    }
    const int128 whole = num / den;
    const int128 rest = num % den;
    return {acc < 0 ? -whole : whole, rest - (den - rest), false};
  }

  static constexpr int bits(int128 magnitude) {
    return 64 - std::countl_zero(static_cast<std::uint64_t>(magnitude));  // magnitude <= 2^63
  }

  std::int64_t mantissa_ = 1;
  int exponent_ = 0;
};

}  // namespace witin::arith
