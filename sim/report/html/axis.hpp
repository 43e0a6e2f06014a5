// The ticks of an axis at round numbers. Only +, -, * and / of IEEE doubles, so that every machine draws the same.
#pragma once

#include <vector>

namespace witin::report::html {

struct Axis {
  double low = 0;  // the first and the last tick; low < high
  double high = 1;
  std::vector<double> ticks;  // steps of 1, 2 or 5 times a power of ten; at most about `most`
  int digits = 0;             // decimals that tell the ticks apart

  // The place of a value: 0 at low, 1 at high.
  [[nodiscard]] double at(double value) const { return (value - low) / (high - low); }
};

// Covers low..high, which are finite; an empty range gets a width. `most` >= 2.
[[nodiscard]] Axis make_axis(double low, double high, int most = 6);

}  // namespace witin::report::html
