// What repeated trials say: mean, spread, and the interval that holds the true mean with 95 % confidence.
//
// Only +, -, *, / and square roots of doubles, in the order of the trials: the same bits on every machine.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace witin::sweep {

struct Interval {
  double low = 0;
  double high = 0;

  friend bool operator==(Interval, Interval) = default;
};

struct Summary {
  std::int64_t count = 0;
  double mean = 0;
  double min = 0;
  double max = 0;
  std::optional<double> deviation = {};     // sqrt(sum (x - mean)^2 / (count - 1)); none of fewer than two
  std::optional<Interval> confidence = {};  // mean -+ t * deviation / sqrt(count); none of fewer than two
};

[[nodiscard]] Summary summarise(std::span<const double> values);

// The t that a Student variable of `freedom` >= 1 degrees of freedom exceeds with a probability of 2.5 %. Table to six
// digits up to 30; beyond, the expansion of Abramowitz and Stegun 26.7.5 about the normal quantile (within 1e-6).
[[nodiscard]] double student_t(std::int64_t freedom);

}  // namespace witin::sweep
