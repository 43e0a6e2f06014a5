#include "sim/report/html/axis.hpp"

#include <algorithm>
#include <cmath>

namespace witin::report::html {

Axis make_axis(double low, double high, int most) {
  constexpr double kLargest = 1e15;  // beyond it steps are lost in a double
  low = std::clamp(low, -kLargest, kLargest);
  high = std::clamp(high, -kLargest, kLargest);
  if (!(low < high)) {
    const double half = std::max(0.5, std::abs(low) * 0.05);
    low -= half;
    high += half;
  }
  // step = unit * factor, unit a power of ten: `places` decimals, or a whole number where places is 0.
  const double room = (high - low) / most;
  double unit = 1;
  int places = 0;
  while (unit * 10 <= room) unit *= 10;
  double scale = 1;  // 1 / unit where the unit is below one: a whole number, which is exact
  while (unit > room && places < 12) {
    ++places;
    scale *= 10;
    unit = 1 / scale;
  }
  double factor = 10;
  for (const double candidate : {1.0, 2.0, 5.0}) {
    if (unit * candidate >= room) {
      factor = candidate;
      break;
    }
  }
  const double first = std::floor(low / (unit * factor) + 1e-9);
  const double last = std::max(first + 1, std::ceil(high / (unit * factor) - 1e-9));
  Axis axis;
  for (double i = first; i <= last && axis.ticks.size() < 64; i += 1) {
    axis.ticks.push_back(places > 0 ? i * factor / scale : i * factor * unit);
  }
  axis.low = axis.ticks.front();
  axis.high = axis.ticks.back();
  axis.digits = factor >= 10 ? std::max(0, places - 1) : places;
  return axis;
}

}  // namespace witin::report::html
