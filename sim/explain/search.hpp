// Looks for the chains of one or two hypotheses that predict what was observed.
#pragma once

#include <list>

#include "sim/explain/problem.hpp"

namespace witin::explain {

struct Ranked {
  Chain chain;
  Score score;

  [[nodiscard]] int cost() const;
  [[nodiscard]] bool ambiguous() const;
  [[nodiscard]] int fitted() const;
};

struct SearchResult {
  Hypotheses known;
  std::list<Hypothesis> fitted;  // stable addresses: chains point into these
  std::vector<Ranked> ranked;    // best first; perfect ones first of all
  bool complete = true;
};

// The order of findings: what is explained net of what is broken, then fewer and cheaper hypotheses.
[[nodiscard]] bool before(const Ranked& a, const Ranked& b);

[[nodiscard]] SearchResult search(const Problem& problem, Hypotheses known);

}  // namespace witin::explain
