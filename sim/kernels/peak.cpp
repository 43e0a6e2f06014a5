#include <algorithm>
#include <chrono>

#include "sim/kernels/isa.hpp"
#include "sim/kernels/kernel_table.hpp"

namespace witin::kernels {

double measure_peak(Isa isa) {
  using Clock = std::chrono::steady_clock;
  constexpr std::int64_t kSteps = 20'000;
  constexpr int kAttempts = 50;  // well below 0.1 s; another program may have the core meanwhile
  const auto peak = kernel_table(isa).peak;
  if (peak == nullptr) return 0;
  double best = 0;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const auto start = Clock::now();
    const std::int64_t macs = peak(kSteps);
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    best = std::max(best, static_cast<double>(macs) / std::max(seconds, 1e-9));
  }
  return best;
}

}  // namespace witin::kernels
