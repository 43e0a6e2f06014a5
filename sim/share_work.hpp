// Work that several threads share.
#pragma once

#include <cstddef>
#include <system_error>
#include <thread>
#include <vector>

namespace witin {

// Calls work() in this thread and, at the same time, in as many others as make `threads` together, or in as many as can
// be started. Returns when all have ended. What work() throws in another thread ends the process.
template <typename Work>
void share_work(std::size_t threads, const Work& work) {
  std::vector<std::jthread> others;
  try {
    while (others.size() + 1 < threads) others.emplace_back([&work] { work(); });
  } catch (const std::system_error&) {  // no thread to be had: those there are do it all
  }
  work();
}

}  // namespace witin
