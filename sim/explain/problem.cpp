#include "sim/explain/problem.hpp"

#include <algorithm>

#include "sim/package/limits.hpp"

namespace witin::explain {
namespace {

std::optional<std::pair<Setup, Outcome>> edit(const Problem& problem, const Chain& chain) {
  Setup setup = problem.setup;
  for (const Hypothesis* const hypothesis : chain) {
    if (hypothesis->edit && !hypothesis->edit(setup)) return std::nullopt;
  }
  Result<Outcome> outcome = run(setup);
  if (!outcome || outcome->shape != problem.model.shape) return std::nullopt;
  return std::pair{std::move(setup), *std::move(outcome)};
}

bool same_tensors(const Setup& a, const Setup& b) {
  if (a.node.tensors.size() != b.node.tensors.size()) return false;
  return std::ranges::all_of(a.node.tensors, [&](const auto& entry) {
    const auto other = b.node.tensors.find(entry.first);
    if (other == b.node.tensors.end()) return false;
    const Tensor& left = a.package.tensors[entry.second];
    const Tensor& right = b.package.tensors[other->second];
    return left.dtype == right.dtype && left.shape == right.shape && std::ranges::equal(left.bytes, right.bytes);
  });
}

bool same_conversion(const std::optional<Conversion>& a, const std::optional<Conversion>& b) {
  if (!a || !b) return !a && !b;
  const auto whole = [](const Conversion& c) {
    return std::ranges::all_of(c.delta, [](std::int64_t d) { return d == 0; });
  };
  const bool same_delta = a->delta == b->delta || (whole(*a) && whole(*b));
  return same_delta && a->rule == b->rule && a->overflow == b->overflow && a->drops_high == b->drops_high &&
         a->spec.g == b->spec.g && a->spec.divisor == b->spec.divisor && a->spec.y_bits == b->spec.y_bits &&
         a->spec.y_limit_bits == b->spec.y_limit_bits;
}

}  // namespace

Problem Problem::window(std::int64_t from, std::int64_t count) const {
  const std::int64_t begin = std::max<std::int64_t>(0, from - 1);
  const std::int64_t stop = std::min(setup.frames, from + count + 1);
  Problem part;
  part.setup = setup.slice(begin, stop - begin);
  part.model = {model.shape, model.range, {}, {}, {}, model.macs, model.stateful};
  const auto cut = [&](const Codes& codes) {
    return codes.empty() ? Codes{} : Codes(codes.begin() + begin * elements(), codes.begin() + stop * elements());
  };
  part.model.y = cut(model.y);
  part.model.acc = cut(model.acc);
  part.model.y_d = cut(model.y_d);
  part.observed = cut(observed);
  part.first = from - begin;
  part.end = part.first + count;
  return part;
}

Problem Problem::window_of(const Codes& codes, std::int64_t values) const {
  const std::int64_t each = elements();
  std::int64_t count = std::clamp<std::int64_t>(values / each, 1, setup.frames);
  if (count + 2 >= setup.frames) return *this;
  std::vector<std::int64_t> wrong(static_cast<std::size_t>(setup.frames), 0);
  for (std::size_t i = 0; i < codes.size(); ++i) {
    if (codes[i] != observed[i]) ++wrong[i / static_cast<std::size_t>(each)];
  }
  if (model.stateful) {
    const auto first_wrong = std::ranges::find_if(wrong, [](std::int64_t n) { return n != 0; }) - wrong.begin();
    return window(0, std::min(setup.frames, std::max(count, first_wrong + count)));
  }
  std::int64_t best = 0;
  std::int64_t most = -1;
  std::int64_t sum = 0;
  for (std::int64_t frame = 0; frame < setup.frames - 1; ++frame) {
    sum += wrong[static_cast<std::size_t>(frame)];
    if (frame >= count) sum -= wrong[static_cast<std::size_t>(frame - count)];
    const std::int64_t from = frame - count + 1;
    if (from >= 1 && sum > most) {
      most = sum;
      best = from;
    }
  }
  return window(best, count);
}

Cache::Cache(const Problem& problem) : problem_(problem) {
  std::int64_t codes = std::ssize(problem.observed);
  for (const auto& input : problem.setup.inputs) codes += std::ssize(*input);
  keeps_ = codes <= package::limits::kKeptCodes;
}

const std::pair<Setup, Outcome>* Cache::edited(const Hypothesis& hypothesis) {
  const auto [found, fresh] = kept_.try_emplace(&hypothesis);
  if (fresh) found->second = edit(problem_, {&hypothesis});
  return found->second ? &*found->second : nullptr;
}

std::optional<Prediction> predict(const Problem& problem, const Chain& chain, Cache* cache) {
  Chain edits;
  for (const Hypothesis* const hypothesis : chain) {
    if (hypothesis->edit) edits.push_back(hypothesis);
  }
  Prediction out;
  if (edits.empty()) {
    out.setup = problem.setup;
    out.outcome = problem.model;
  } else if (edits.size() == 1 && cache != nullptr && cache->keeps()) {
    const auto* const kept = cache->edited(*edits.front());
    if (kept == nullptr) return std::nullopt;
    out.setup = kept->first;
    out.outcome = kept->second;
  } else {
    auto fresh = edit(problem, edits);
    if (!fresh) return std::nullopt;
    out.setup = std::move(fresh->first);
    out.outcome = std::move(fresh->second);
  }
  out.conversion = conversion_of(out.setup, out.outcome);
  bool converts = false;
  for (const Hypothesis* const hypothesis : chain) {
    if (!hypothesis->convert) continue;
    if (!out.conversion || !hypothesis->convert(*out.conversion)) return std::nullopt;
    converts = true;
  }
  out.y = converts ? convert(*out.conversion, out.outcome) : out.outcome.y;
  if (out.y.size() != problem.observed.size()) return std::nullopt;
  for (const Hypothesis* const hypothesis : chain) {
    if (hypothesis->output) hypothesis->output(out.setup, out.outcome, out.y);
  }
  return out;
}

Score score(const Problem& problem, const Codes& y) {
  Score score;
  for (std::size_t i = problem.begin_index(); i < problem.end_index(); ++i) {
    const bool right = y[i] == problem.observed[i];
    if (problem.model.y[i] == problem.observed[i]) {
      ++score.equal;
      if (!right) ++score.broken;
    } else {
      ++score.differing;
      if (right) ++score.explained;
    }
  }
  return score;
}

bool predicts_all(const Problem& problem, const Codes& y) {
  const auto begin = static_cast<std::ptrdiff_t>(problem.begin_index());
  const auto end = static_cast<std::ptrdiff_t>(problem.end_index());
  return std::equal(y.begin() + begin, y.begin() + end, problem.observed.begin() + begin);
}

bool equivalent(const Problem& problem, const Chain& a, const Chain& b) {
  std::vector<std::string> outputs_a;
  std::vector<std::string> outputs_b;
  for (const Hypothesis* const h : a) {
    if (h->output) outputs_a.push_back(h->key());
  }
  for (const Hypothesis* const h : b) {
    if (h->output) outputs_b.push_back(h->key());
  }
  if (outputs_a != outputs_b) return false;
  const auto left = predict(problem, a);
  const auto right = predict(problem, b);
  if (!left || !right || left->y != right->y) return false;
  if (left->setup.arithmetic != right->setup.arithmetic) return false;
  if (left->setup.node.attributes != right->setup.node.attributes) return false;
  if (!same_tensors(left->setup, right->setup)) return false;
  for (std::size_t i = 0; i < left->setup.inputs.size(); ++i) {
    if (*left->setup.inputs[i] != *right->setup.inputs[i]) return false;
  }
  return same_conversion(left->conversion, right->conversion);
}

}  // namespace witin::explain
