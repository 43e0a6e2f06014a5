#include "sim/noise/real.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>

namespace witin::noise {
namespace {

constexpr double kLn2High = 0x1.62e42fefa3800p-1;
constexpr double kLn2Low = 0x1.ef35793c76730p-45;

// ln(v) = e ln 2 + 2 atanh((m - 1) / (m + 1)), v = m 2^e, m in [1, 2).
double logarithm(double v) {
  const auto pattern = std::bit_cast<std::uint64_t>(v);
  const auto exponent = static_cast<double>(static_cast<std::int64_t>(pattern >> 52) - 1023);
  const double m = std::bit_cast<double>((pattern & ((std::uint64_t{1} << 52) - 1)) | std::uint64_t{1023} << 52);
  const double s = (m - 1) / (m + 1);
  double sum = 0;
  for (int i = 41; i > 0; i -= 2) sum = sum * s * s + 2.0 / i;
  return exponent * kLn2High + (sum * s + exponent * kLn2Low);
}

double exponential(double v) {
  const double clamped = std::clamp(v, -700.0, 700.0);
  const auto k = static_cast<std::int64_t>(clamped / kLn2High + (clamped < 0 ? -0.5 : 0.5));
  const double r = (clamped - static_cast<double>(k) * kLn2High) - static_cast<double>(k) * kLn2Low;
  double sum = 1;
  for (int i = 18; i > 0; --i) sum = 1 + sum * r / i;
  return sum * std::bit_cast<double>(static_cast<std::uint64_t>(k + 1023) << 52);
}

}  // namespace

double power(double base, double exponent) { return exponential(exponent * logarithm(base)); }

}  // namespace witin::noise
