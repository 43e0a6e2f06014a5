// The default number of threads.
#include "sim/processors.hpp"

#include <doctest/doctest.h>
#include <sched.h>

#include <cstddef>
#include <thread>

TEST_CASE("processors: those a thread may run on, not those of the machine") {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  REQUIRE(::sched_getaffinity(0, sizeof allowed, &allowed) == 0);
  CHECK(witin::processors() == CPU_COUNT(&allowed));
  std::thread([&] {
    std::size_t first = 0;
    while (!CPU_ISSET(first, &allowed)) ++first;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    REQUIRE(::sched_setaffinity(0, sizeof one, &one) == 0);
    CHECK(witin::processors() == 1);
  }).join();
  CHECK(witin::processors() == CPU_COUNT(&allowed));
}
