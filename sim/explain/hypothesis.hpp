// A hypothesis: one way in which what computed a node could have differed from the model. Each names itself, and edits
// what it concerns: the node before it runs, the conversion of its accumulators, or the codes that come out.
//
// To add one: write a function add_<name> in a file of sim/explain/hypotheses that appends to `out`, declare it in
// hypotheses.hpp, call it in hypotheses.cpp, and break a network that way in tests/explain.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sim/explain/conversion.hpp"
#include "sim/explain/setup.hpp"

namespace witin::explain {

struct Hypothesis {
  std::string id;        // "kernel_flipped"
  std::string cause;     // what sets it apart from others of its id: "h". Hypotheses of one id and cause differ only in
                         // what no one would call another cause (what stands in the frame before the first one)
  std::string sentence;  // "The kernel is flipped in H."
  std::string location = {};  // "columns 3, 7", "bias row 8"; empty: the whole node
  int cost = 1;               // parameters and rarity: of two that explain as much, the cheaper comes first

  // Each may be empty. False: it does not apply, or changes nothing.
  std::function<bool(Setup&)> edit = {};
  std::function<bool(Conversion&)> convert = {};
  std::function<void(const Setup& setup, const Outcome& outcome, Codes& y)> output = {};
  int fitted = 0;          // numbers that were read off the differences themselves
  bool ambiguous = false;  // the numbers could mean another cause as well

  [[nodiscard]] std::string key() const { return id + "/" + cause; }
};

using Hypotheses = std::vector<Hypothesis>;

}  // namespace witin::explain
