// A sweep's units shared among ranks. Rank 0 leads: it knows what is done, gives every rank its share and records what
// comes back; the others serve. Which rank does a unit changes nothing about its measurement.
//
// Every rank prepares the sweep on its own and ends when rank 0 dismisses it. An error of any rank ends the sweep, but
// of all ranks only rank 0 tells it and fails: a launcher stops all ranks at the first that fails, whatever it had to
// say.
#pragma once

#include <span>

#include "sim/sweep/pool.hpp"
#include "sim/sweep/ranks.hpp"

namespace witin::sweep {

struct Share {
  std::string digest;  // of all that decides the results: the same on every rank
  int threads = 1;
  Measure measure;
  const std::atomic<bool>* cancel = nullptr;
};

// Rank 0: has the `pending` units done by all ranks; `record` gets each of them once, in no particular order. Errors:
// sweep.ranks when a rank sees other files; run.cancelled; the first error of a unit, a rank or `record`.
[[nodiscard]] Status lead(Ranks& ranks, const Share& share, std::span<const std::size_t> pending,
                          const std::function<Status(std::span<const Record>)>& record);

// Rank 0, at the very end: the other ranks stop what they do.
void dismiss(Ranks& ranks);

// Any other rank: does its share, or tells rank 0 why it cannot, until it is dismissed.
void serve(Ranks& ranks, const Result<Share>& share);

// Threads of a rank that asks for none: its part of the machine's processors, as far as it is allowed to use them.
[[nodiscard]] int default_threads(const Ranks& ranks);

}  // namespace witin::sweep
