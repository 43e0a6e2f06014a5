#include "sim/processors.hpp"

#include <sched.h>

#include <algorithm>
#include <thread>

namespace witin {

int processors() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (::sched_getaffinity(0, sizeof allowed, &allowed) == 0) return std::max(1, CPU_COUNT(&allowed));
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));  // more than such a set has room for
}

}  // namespace witin
