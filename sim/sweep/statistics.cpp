#include "sim/sweep/statistics.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>

namespace witin::sweep {
namespace {

constexpr std::array<double, 30> kStudent = {
    12.706205, 4.302653, 3.182446, 2.776445, 2.570582, 2.446912, 2.364624, 2.306004, 2.262157, 2.228139,
    2.200985,  2.178813, 2.160369, 2.144787, 2.131450, 2.119905, 2.109816, 2.100922, 2.093024, 2.085963,
    2.079614,  2.073873, 2.068658, 2.063899, 2.059539, 2.055529, 2.051831, 2.048407, 2.045230, 2.042272};

}  // namespace

double student_t(std::int64_t freedom) {
  assert(freedom >= 1);
  if (freedom <= std::ssize(kStudent)) return kStudent[static_cast<std::size_t>(freedom - 1)];
  const double z = 1.959963984540054;
  const double z2 = z * z;
  const double v = static_cast<double>(freedom);
  const double g1 = z * (z2 + 1) / 4;
  const double g2 = z * ((5 * z2 + 16) * z2 + 3) / 96;
  const double g3 = z * (((3 * z2 + 19) * z2 + 17) * z2 - 15) / 384;
  const double g4 = z * ((((79 * z2 + 776) * z2 + 1482) * z2 - 1920) * z2 - 945) / 92160;
  return z + (g1 + (g2 + (g3 + g4 / v) / v) / v) / v;
}

Summary summarise(std::span<const double> values) {
  Summary summary{.count = std::ssize(values)};
  if (values.empty()) return summary;
  const double n = static_cast<double>(values.size());
  double sum = 0;
  for (const double value : values) sum += value;
  summary.min = *std::ranges::min_element(values);
  summary.max = *std::ranges::max_element(values);
  // Of equal values the mean is that value, whatever the division rounds to.
  summary.mean = std::clamp(sum / n, summary.min, summary.max);
  if (values.size() < 2) return summary;
  double squares = 0;
  for (const double value : values) squares += (value - summary.mean) * (value - summary.mean);
  summary.deviation = std::sqrt(squares / (n - 1));
  const double half = student_t(summary.count - 1) * *summary.deviation / std::sqrt(n);
  summary.confidence = Interval{summary.mean - half, summary.mean + half};
  return summary;
}

}  // namespace witin::sweep
