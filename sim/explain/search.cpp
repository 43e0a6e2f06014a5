#include "sim/explain/search.hpp"

#include <algorithm>

#include "sim/explain/fits.hpp"

namespace witin::explain {
namespace {

constexpr std::int64_t kSingleWindow = 16384;  // values on which hypotheses are tried before all values are
constexpr std::int64_t kPairWindow = 2048;
constexpr std::size_t kFullSingles = 16;       // best hypotheses that are counted on all values
constexpr std::size_t kGreedy = 10;            // best hypotheses whose remaining differences are looked at
constexpr std::size_t kVerified = 48;          // pairs counted on all values, of one base
constexpr std::int64_t kWork = 6'000'000'000;  // multiply-accumulates, or what takes as long, for pairs

class Search {
 public:
  Search(const Problem& problem, Hypotheses known) : problem_(problem) { result_.known = std::move(known); }

  SearchResult take() {
    try_singles();
    if (!any_perfect()) {
      try_fits_after_singles();
      try_pairs();
    }
    std::ranges::sort(result_.ranked, before);
    return std::move(result_);
  }

 private:
  struct Tried {
    const Hypothesis* hypothesis;
    Score score;
    bool perfect;
  };

  [[nodiscard]] bool any_perfect() const {
    return std::ranges::any_of(result_.ranked, [](const Ranked& r) { return r.score.perfect(); });
  }
  [[nodiscard]] bool known_chain(const Chain& chain) const {
    return std::ranges::any_of(result_.ranked, [&](const Ranked& r) {
      return r.chain.size() == chain.size() && std::ranges::is_permutation(r.chain, chain);
    });
  }

  void count_fully(const Chain& chain) {
    const auto prediction = predict(problem_, chain, nullptr);
    if (!prediction) return;
    const Score counted = score(problem_, prediction->y);
    if (counted.explained > 0) result_.ranked.push_back({chain, counted});
  }

  const Hypothesis* keep(std::optional<Hypothesis> fitted) {
    if (!fitted) return nullptr;
    const auto same = std::ranges::find_if(result_.fitted, [&](const Hypothesis& h) {
      return h.key() == fitted->key() && h.sentence == fitted->sentence;
    });
    if (same != result_.fitted.end()) return &*same;
    result_.fitted.push_back(*std::move(fitted));
    return &result_.fitted.back();
  }

  void try_singles() {
    const Problem window = problem_.window_of(problem_.model.y, kSingleWindow);
    for (const Hypothesis& hypothesis : result_.known) {
      const auto prediction = predict(window, {&hypothesis});
      if (!prediction) continue;
      const Score counted = score(window, prediction->y);
      tried_.push_back({&hypothesis, counted, counted.perfect()});
    }
    std::ranges::stable_sort(tried_, [](const Tried& a, const Tried& b) {
      if (a.score.net() != b.score.net()) return a.score.net() > b.score.net();
      return a.hypothesis->cost < b.hypothesis->cost;
    });
    for (std::size_t i = 0; i < tried_.size(); ++i) {
      if (i < kFullSingles || tried_[i].perfect) count_fully({tried_[i].hypothesis});
    }
    for (const Hypothesis* const fit : fits({}, After::kNothing)) count_fully({fit});
    // Two kinds of columns, offset and stuck ones.
    if (const Hypothesis* const offset = keep(fit_offsets(problem_, *predict(problem_, {}), After::kNothing))) {
      if (const auto base = predict(problem_, {offset})) {
        if (const Hypothesis* const stuck = keep(fit_stuck(problem_, *base))) count_fully({offset, stuck});
      }
    }
  }

  // The fits that come after a chain, on all values.
  std::vector<const Hypothesis*> fits(const Chain& chain, After after) {
    std::vector<const Hypothesis*> out;
    const auto base = predict(problem_, chain);
    if (!base) return out;
    if (chain.size() < 2 && after == After::kNothing) {
      if (const Hypothesis* const stuck = keep(fit_stuck(problem_, *base))) out.push_back(stuck);
    }
    if (const Hypothesis* const offset = keep(fit_offsets(problem_, *base, after))) out.push_back(offset);
    const bool outputs = std::ranges::any_of(chain, [](const Hypothesis* h) { return static_cast<bool>(h->output); });
    if (!outputs && !about_bias(chain)) {
      if (const Hypothesis* const bias = keep(fit_biases(problem_, *base, after))) out.push_back(bias);
    }
    return out;
  }

  void try_fits_after_singles() {
    const Problem window = problem_.window_of(problem_.model.y, kSingleWindow);
    Cache cache(window);
    std::vector<std::pair<std::int64_t, const Hypothesis*>> promising;
    const auto best_net = [&](const Prediction& base, After after, const auto& finish) {
      std::int64_t best = 0;
      for (const auto& fit : {fit_offsets(window, base, after), fit_biases(window, base, after),
                              after == After::kNothing ? fit_stuck(window, base) : std::optional<Hypothesis>()}) {
        if (!fit) continue;
        best = std::max(best, finish(*fit));
      }
      return best;
    };
    for (const Tried& tried : tried_) {
      const Hypothesis* const h = tried.hypothesis;
      const bool relu = h->id == "relu_added";
      const auto base = predict(window, relu ? Chain{} : Chain{h}, &cache);
      if (!base) continue;
      const std::int64_t net = best_net(*base, relu ? After::kRelu : After::kNothing, [&](const Hypothesis& fit) {
        if (fit.convert && ((h->output && !relu) || about_bias({h}))) return std::int64_t{0};
        const auto both = predict(window, relu ? Chain{&fit, h} : Chain{h, &fit}, &cache);
        return both ? score(window, both->y).net() : std::int64_t{0};
      });
      if (net > std::max<std::int64_t>(tried.score.net(), 0)) promising.emplace_back(net, h);
    }
    std::ranges::stable_sort(promising, [](const auto& a, const auto& b) { return a.first > b.first; });
    if (promising.size() > kFullSingles) promising.resize(kFullSingles);
    for (const auto& [net, h] : promising) {
      const bool relu = h->id == "relu_added";
      for (const Hypothesis* const fit : fits(relu ? Chain{} : Chain{h}, relu ? After::kRelu : After::kNothing)) {
        count_fully(relu ? Chain{fit, h} : Chain{h, fit});
      }
      if (!relu) continue;
      for (const Hypothesis* const fit : fits({h}, After::kNothing)) count_fully({h, fit});
    }
  }

  static bool about_bias(const Chain& chain) {
    return std::ranges::any_of(chain, [](const Hypothesis* h) { return h->id.starts_with("bias"); });
  }

  // Two hypotheses that can stand together, in the orders that make a difference.
  static std::vector<Chain> orders(const Hypothesis* a, const Hypothesis* b) {
    if (a->id == b->id && (a->id != "negation_saturates")) return {};
    if (a->output && b->output) return {{a, b}, {b, a}};
    if (a->id == "padding_value") return {{b, a}};  // it changes the input's shape
    return {{a, b}};
  }

  // A chain that predicts all of the window: counted on all values.
  bool try_chain(const Problem& window, const Chain& chain, Cache& cache, std::size_t& verified) {
    work_ += cost(window, chain, cache.keeps());
    const auto prediction = predict(window, chain, &cache);
    if (!prediction || !predicts_all(window, prediction->y)) return false;
    if (known_chain(chain)) return true;
    if (++verified > kVerified) {
      result_.complete = false;
      return true;
    }
    count_fully(chain);
    return true;
  }

  [[nodiscard]] static std::int64_t cost(const Problem& window, const Chain& chain, bool kept) {
    std::int64_t edits = 0;
    for (const Hypothesis* const h : chain) edits += h->edit ? 1 : 0;
    const auto values = std::ssize(window.observed);
    std::int64_t weights = 0;
    for (const Tensor& tensor : window.setup.package.tensors) weights += element_count(tensor.shape);
    return 40 * values +
           (edits < (kept ? 2 : 1) ? 20000 : 200000 + 20 * weights + window.model.macs * window.setup.frames);
  }

  [[nodiscard]] bool exhausted() {
    if (work_ < kWork) return false;
    result_.complete = false;
    return true;
  }

  // Partners of the best hypotheses, judged by what those leave unexplained.
  void try_greedy_pairs() {
    std::vector<Ranked> best = result_.ranked;
    std::erase_if(best, [](const Ranked& r) { return r.chain.size() != 1 || r.score.net() <= 0; });
    std::ranges::sort(best, before);
    if (best.size() > kGreedy) best.resize(kGreedy);
    for (const Ranked& ranked : best) {
      const Hypothesis* const base = ranked.chain.front();
      const auto prediction = predict(problem_, ranked.chain);
      if (!prediction) continue;
      const Problem window = problem_.window_of(prediction->y, kPairWindow);
      Cache cache(window);
      std::size_t verified = 0;
      for (const Tried& tried : tried_) {
        if (exhausted()) return;
        for (const Chain& chain : orders(base, tried.hypothesis)) try_chain(window, chain, cache, verified);
      }
      searched_.push_back(base);
    }
  }

  void try_all_pairs() {
    const Problem window = problem_.window_of(problem_.model.y, kPairWindow);
    Cache cache(window);
    std::size_t verified = 0;
    const auto searched = [&](const Hypothesis* h) { return std::ranges::find(searched_, h) != searched_.end(); };
    for (std::size_t later = 1; later < tried_.size(); ++later) {
      if (searched(tried_[later].hypothesis)) continue;
      for (std::size_t earlier = 0; earlier < later; ++earlier) {
        if (searched(tried_[earlier].hypothesis)) continue;
        if (exhausted()) return;
        for (const Chain& chain : orders(tried_[earlier].hypothesis, tried_[later].hypothesis)) {
          try_chain(window, chain, cache, verified);
        }
      }
    }
  }

  void try_pairs() {
    try_greedy_pairs();
    try_all_pairs();
  }

  const Problem& problem_;
  SearchResult result_;
  std::vector<Tried> tried_;                 // that apply, best first
  std::vector<const Hypothesis*> searched_;  // all partners of these were tried
  std::int64_t work_ = 0;
};

}  // namespace

int Ranked::cost() const {
  int sum = 0;
  for (const Hypothesis* const h : chain) sum += h->cost;
  return sum;
}
bool Ranked::ambiguous() const {
  return std::ranges::any_of(chain, [](const Hypothesis* h) { return h->ambiguous; });
}
int Ranked::fitted() const {
  int sum = 0;
  for (const Hypothesis* const h : chain) sum += h->fitted;
  return sum;
}

bool before(const Ranked& a, const Ranked& b) {
  if (a.score.net() != b.score.net()) return a.score.net() > b.score.net();
  if (a.chain.size() != b.chain.size()) return a.chain.size() < b.chain.size();
  return a.cost() < b.cost();
}

SearchResult search(const Problem& problem, Hypotheses known) { return Search(problem, std::move(known)).take(); }

}  // namespace witin::explain
