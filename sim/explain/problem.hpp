// What is to be explained: a node, what the model makes of its inputs, and what was observed instead; and how well a
// chain of hypotheses predicts that.
#pragma once

#include <map>
#include <vector>

#include "sim/explain/hypothesis.hpp"

namespace witin::explain {

struct Score {
  std::int64_t differing = 0;  // observed is not what the model says
  std::int64_t equal = 0;
  std::int64_t explained = 0;  // of the differing ones, predicted as observed
  std::int64_t broken = 0;     // of the equal ones, predicted as something else

  [[nodiscard]] bool perfect() const { return explained == differing && broken == 0; }
  [[nodiscard]] std::int64_t net() const { return explained - broken; }
};

struct Problem {
  Setup setup;
  Outcome model;  // of the setup
  Codes observed;
  // Only these frames count: the outermost frames of a window may lack their neighbours.
  std::int64_t first = 0;
  std::int64_t end = 0;

  [[nodiscard]] std::int64_t elements() const { return element_count(model.shape); }
  [[nodiscard]] std::size_t begin_index() const { return static_cast<std::size_t>(first * elements()); }
  [[nodiscard]] std::size_t end_index() const { return static_cast<std::size_t>(end * elements()); }

  // Frames around [from, from + count), with a neighbour on each side where there is one.
  [[nodiscard]] Problem window(std::int64_t from, std::int64_t count) const;
  // About `values` values around as many codes as possible where `codes` are not as observed; from frame 0 on where
  // frames depend on each other.
  [[nodiscard]] Problem window_of(const Codes& codes, std::int64_t values) const;
};

using Chain = std::vector<const Hypothesis*>;

// Node outcomes after one edit, kept because pairs need them again and again.
class Cache {
 public:
  // Keeps nothing where the codes of an outcome are many: memory stays bounded, not time.
  explicit Cache(const Problem& problem);
  [[nodiscard]] bool keeps() const { return keeps_; }
  // Null where the edit does not apply, or the operator refuses it.
  const std::pair<Setup, Outcome>* edited(const Hypothesis& hypothesis);

 private:
  const Problem& problem_;
  bool keeps_;
  std::map<const Hypothesis*, std::optional<std::pair<Setup, Outcome>>> kept_;
};

// A chain applied in order, as far as codes: where a fit continues.
struct Prediction {
  Setup setup;
  Outcome outcome;
  std::optional<Conversion> conversion;  // absent where the node shows no accumulators
  Codes y;
};

// Empty where a hypothesis of the chain does not apply.
[[nodiscard]] std::optional<Prediction> predict(const Problem& problem, const Chain& chain, Cache* cache = nullptr);

[[nodiscard]] Score score(const Problem& problem, const Codes& y);
// score().perfect(), without counting.
[[nodiscard]] bool predicts_all(const Problem& problem, const Codes& y);

// The same node, tensors, inputs and conversion, hence the same codes on any data.
[[nodiscard]] bool equivalent(const Problem& problem, const Chain& a, const Chain& b);

}  // namespace witin::explain
