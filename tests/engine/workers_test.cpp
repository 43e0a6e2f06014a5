// Threads of runs: calls, exceptions, several runs at once.
#include "sim/engine/workers.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

using witin::engine::Workers;

TEST_CASE("workers: as many calls as threads, whatever was run before") {
  Workers workers;
  for (const int threads : {1, 2, 7, 2, 2, 3}) {
    std::atomic<int> calls{0};
    workers.run(threads, [&] { ++calls; });
    CHECK(calls == threads);
  }
}

TEST_CASE("workers: calls run beside each other, one of them in this thread") {
  Workers workers;
  for (int run = 0; run < 3; ++run) {
    std::mutex mutex;
    std::set<std::thread::id> seen;
    std::atomic<int> there{0};
    workers.run(2, [&] {
      const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
      for (++there; there < 2 && std::chrono::steady_clock::now() < patience;) std::this_thread::yield();
      const std::scoped_lock lock(mutex);
      seen.insert(std::this_thread::get_id());
    });
    CHECK(seen.size() == 2);
    CHECK(seen.contains(std::this_thread::get_id()));
  }
}

TEST_CASE("workers: exceptions pass through, and the next run is a whole one") {
  Workers workers;
  for (int run = 0; run < 3; ++run) {
    CHECK_THROWS_AS(workers.run(2, [] { throw std::runtime_error("stop"); }), std::runtime_error);
    std::atomic<int> calls{0};
    workers.run(2, [&] { ++calls; });
    CHECK(calls == 2);
  }
}

TEST_CASE("workers: runs from several threads at once") {
  Workers workers;
  std::atomic<int> calls{0};
  {
    std::vector<std::jthread> callers;
    for (int caller = 0; caller < 4; ++caller) {
      callers.emplace_back([&] {
        for (int run = 0; run < 50; ++run) workers.run(1 + run % 3, [&] { ++calls; });
      });
    }
  }
  CHECK(calls == 4 * (17 * 1 + 17 * 2 + 16 * 3));
}
