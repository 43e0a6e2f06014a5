#include "sim/explain/fits.hpp"

#include <algorithm>
#include <cstdlib>

#include "sim/arith/bias.hpp"

namespace witin::explain {
namespace {

constexpr std::int64_t kConfirmations = 3;  // values a number must explain beside the one it was read from
constexpr std::size_t kNamed = 8;           // columns a sentence names

// How often a column showed `observed` where `predicted` was predicted.
struct Pair {
  std::int32_t predicted;
  std::int32_t observed;
  std::int64_t count;
};

std::vector<std::vector<Pair>> pairs_of(const Problem& problem, const Codes& y) {
  const Columns columns = columns_of(problem.model.shape);
  std::vector<std::vector<Pair>> pairs(static_cast<std::size_t>(columns.count));
  for (std::size_t i = problem.begin_index(); i < problem.end_index(); ++i) {
    pairs[columns.of(i)].push_back({y[i], problem.observed[i], 1});
  }
  for (std::vector<Pair>& column : pairs) {
    std::ranges::sort(column, {}, [](const Pair& p) { return std::pair{p.predicted, p.observed}; });
    std::vector<Pair> merged;
    for (const Pair& pair : column) {
      if (!merged.empty() && merged.back().predicted == pair.predicted && merged.back().observed == pair.observed) {
        ++merged.back().count;
      } else {
        merged.push_back(pair);
      }
    }
    column = std::move(merged);
  }
  return pairs;
}

struct Gain {
  std::int64_t values = 0;
  std::int64_t matched = 0;
  std::int64_t matched_before = 0;
  std::int64_t confirmed = 0;  // explained values that are not at an end of the range

  [[nodiscard]] bool holds() const {
    return matched > matched_before && 10 * matched >= 9 * values && confirmed > kConfirmations;
  }
};

struct Offset {
  CodeRange range;
  After after;

  [[nodiscard]] std::int32_t operator()(std::int32_t code, std::int32_t by) const {
    const std::int32_t y = arith::clamp(std::int64_t{code} + by, range);
    return after == After::kRelu ? std::max(y, 0) : y;
  }
  [[nodiscard]] bool inside(std::int32_t code) const {
    return code < range.hi && code > (after == After::kRelu ? std::max(range.lo, 0) : range.lo);
  }
};

Gain gain_of(const std::vector<Pair>& column, const Offset& offset, std::int32_t by) {
  Gain gain;
  for (const Pair& pair : column) {
    const bool before = offset(pair.predicted, 0) == pair.observed;
    const bool now = offset(pair.predicted, by) == pair.observed;
    gain.values += pair.count;
    if (before) gain.matched_before += pair.count;
    if (now) gain.matched += pair.count;
    if (now && !before && offset.inside(pair.observed)) gain.confirmed += pair.count;
  }
  return gain;
}

// The offset most codes inside the range agree on.
std::int32_t voted(const std::vector<Pair>& column, const Offset& offset) {
  std::map<std::int32_t, std::int64_t> votes;
  for (const Pair& pair : column) {
    if (offset.inside(pair.observed)) votes[pair.observed - pair.predicted] += pair.count;
  }
  const auto best = std::ranges::max_element(votes, {}, [](const auto& vote) { return vote.second; });
  return best == votes.end() ? 0 : best->first;
}

std::string signed_text(std::int64_t value) { return (value > 0 ? "+" : "") + std::to_string(value); }

std::string columns_text(const std::vector<std::size_t>& columns) {
  std::string text = columns.size() == 1 ? "column " : "columns ";
  for (std::size_t i = 0; i < std::min(columns.size(), kNamed); ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(columns[i]);
  }
  if (columns.size() > kNamed) text += " and " + std::to_string(columns.size() - kNamed) + " more";
  return text;
}

// "column 3: +2, column 5: -1"
std::string amounts_text(const std::vector<std::size_t>& columns, const std::vector<std::int64_t>& amounts,
                         bool with_sign) {
  std::string text;
  for (std::size_t i = 0; i < std::min(columns.size(), kNamed); ++i) {
    text += (i == 0 ? "" : ", ") + std::string("column ") + std::to_string(columns[i]) + ": " +
            (with_sign ? signed_text(amounts[i]) : std::to_string(amounts[i]));
  }
  if (columns.size() > kNamed) text += " and " + std::to_string(columns.size() - kNamed) + " columns more";
  return text;
}

// Per column, with the columns it is about.
struct Numbers {
  std::vector<std::size_t> columns;
  std::vector<std::int64_t> amounts;
  [[nodiscard]] bool all_the_same(std::size_t count) const {
    return columns.size() == count && count > 1 &&
           std::ranges::all_of(amounts, [&](std::int64_t amount) { return amount == amounts.front(); });
  }
};

template <typename Apply>
Hypothesis make_output(const Problem& problem, std::string id, const Numbers& numbers, Apply apply) {
  const Columns columns = columns_of(problem.model.shape);
  std::vector<std::optional<std::int64_t>> table(static_cast<std::size_t>(columns.count));
  for (std::size_t i = 0; i < numbers.columns.size(); ++i) table[numbers.columns[i]] = numbers.amounts[i];
  Hypothesis h{std::move(id), {}, {}, columns_text(numbers.columns), {}};
  h.fitted = static_cast<int>(numbers.columns.size());
  h.output = [=, table = std::move(table)](const Setup&, const Outcome&, Codes& y) {
    for (std::size_t i = 0; i < y.size(); ++i) {
      if (const auto& amount = table[columns.of(i)]) y[i] = apply(y[i], static_cast<std::int32_t>(*amount));
    }
  };
  return h;
}

// Whether every column shows what it would without its weights.
bool is_bias_alone(const Prediction& base, const Numbers& numbers) {
  if (!base.conversion || !base.outcome.y_d.empty()) return false;
  const auto bias = base.setup.tensor("bias");
  for (std::size_t i = 0; i < numbers.columns.size(); ++i) {
    const std::size_t n = numbers.columns[i];
    const std::int64_t acc = bias && n < bias->values.size() ? bias->values[n] : 0;
    const Interval own = accumulators_of(*base.conversion, static_cast<std::int32_t>(numbers.amounts[i]));
    if (acc < own.lo || acc > own.hi) return false;
  }
  return true;
}

}  // namespace

std::optional<Hypothesis> fit_offsets(const Problem& problem, const Prediction& base, After after) {
  const auto pairs = pairs_of(problem, base.y);
  const Offset offset{problem.model.range, after};
  Numbers numbers;
  // One number for all columns needs fewer values of each.
  std::vector<Pair> all;
  for (const auto& column : pairs) all.insert(all.end(), column.begin(), column.end());
  const std::int32_t common = voted(all, offset);
  const bool uniform = common != 0 && pairs.size() > 1 && gain_of(all, offset, common).holds();
  if (uniform) {
    for (std::size_t n = 0; n < pairs.size(); ++n) {
      numbers.columns.push_back(n);
      numbers.amounts.push_back(common);
    }
  } else {
    for (std::size_t n = 0; n < pairs.size(); ++n) {
      const std::int32_t by = voted(pairs[n], offset);
      if (by == 0 || !gain_of(pairs[n], offset, by).holds()) continue;
      numbers.columns.push_back(n);
      numbers.amounts.push_back(by);
    }
  }
  if (numbers.columns.empty()) return std::nullopt;
  Hypothesis h =
      make_output(problem, "column_offset", numbers, [range = offset.range](std::int32_t code, std::int32_t by) {
        return arith::clamp(std::int64_t{code} + by, range);
      });
  const std::string before = after == After::kRelu ? " before the ReLU" : " after conversion";
  h.cause = uniform ? "all" : amounts_text(numbers.columns, numbers.amounts, true);
  h.sentence = uniform ? "Every column is offset by " + signed_text(common) + before + "."
                       : "A constant is added to columns" + before + " (" + h.cause + ").";
  if (uniform) h.location = "every column";
  h.fitted = uniform ? 1 : h.fitted;
  h.cost = 1 + (uniform ? 0 : h.fitted);
  return h;
}

std::optional<Hypothesis> fit_stuck(const Problem& problem, const Prediction& base) {
  const auto pairs = pairs_of(problem, base.y);
  Numbers numbers;
  for (std::size_t n = 0; n < pairs.size(); ++n) {
    const std::vector<Pair>& column = pairs[n];
    if (column.empty()) continue;
    const std::int32_t value = column.front().observed;
    std::int64_t values = 0;
    std::int64_t wrong = 0;
    for (const Pair& pair : column) {
      values += pair.count;
      if (pair.predicted != value) wrong += pair.count;
    }
    const bool constant = std::ranges::all_of(column, [&](const Pair& pair) { return pair.observed == value; });
    if (!constant || wrong <= 1 || values <= kConfirmations) continue;
    numbers.columns.push_back(n);
    numbers.amounts.push_back(value);
  }
  if (numbers.columns.empty()) return std::nullopt;
  Hypothesis h = make_output(problem, "column_stuck", numbers, [](std::int32_t, std::int32_t value) { return value; });
  h.cause = amounts_text(numbers.columns, numbers.amounts, false);
  h.sentence = numbers.all_the_same(pairs.size())
                   ? "Every column is stuck at " + std::to_string(numbers.amounts.front()) + "."
                   : std::string(numbers.columns.size() == 1 ? "A column is" : "Columns are") + " stuck at a value (" +
                         h.cause + ").";
  if (is_bias_alone(base, numbers)) {
    h.sentence.back() = ';';
    h.sentence += " it is what the bias alone gives, without any weight.";
    h.ambiguous = true;
  }
  h.cost = 1 + h.fitted;
  return h;
}

namespace {

struct BiasChange {
  std::string cause;  // "lost", "doubled", "row lost", "row doubled", "moved"
  std::int64_t amount = 0;
  bool ambiguous = false;
};

// What a change of the bias within [lo, hi] accumulator units can be called.
BiasChange name_change(Interval interval, std::int64_t bias, int rows) {
  std::vector<BiasChange> names{{"lost", -bias}, {"doubled", bias}};
  if (arith::is_whole_bias(bias) && arith::bias_fits(bias / arith::kBiasUnit, rows) && rows > 1) {
    std::vector<std::int32_t> cells(static_cast<std::size_t>(rows));
    arith::split_bias(bias / arith::kBiasUnit, cells);
    for (const std::int32_t cell : {cells.front(), cells.back()}) {
      names.push_back({"row lost", -std::int64_t{arith::kBiasUnit} * cell});
      names.push_back({"row doubled", std::int64_t{arith::kBiasUnit} * cell});
    }
  }
  std::optional<BiasChange> found;
  for (const BiasChange& name : names) {
    if (name.amount == 0 || name.amount < interval.lo || name.amount > interval.hi) continue;
    if (!found) {
      found = name;
    } else if (found->amount != name.amount) {
      found->ambiguous = true;
    }
  }
  if (found) return *found;
  const std::int64_t nearest = interval.lo > 0 ? interval.lo : interval.hi;
  const std::int64_t unit = arith::kBiasUnit;
  const std::int64_t whole = nearest > 0 ? (nearest + unit - 1) / unit * unit : -((-nearest + unit - 1) / unit * unit);
  const bool fits = whole >= interval.lo && whole <= interval.hi;
  const bool several = fits && (nearest > 0 ? whole + unit <= interval.hi : whole - unit >= interval.lo);
  return {"moved", fits ? whole : nearest, several};
}

}  // namespace

std::optional<Hypothesis> fit_biases(const Problem& problem, const Prediction& base, After after) {
  if (!base.conversion || !base.outcome.y_d.empty() || base.conversion->overflow != Overflow::kSaturates) {
    return std::nullopt;
  }
  const Conversion& conversion = *base.conversion;
  const Columns columns = columns_of(problem.model.shape);
  const auto count = static_cast<std::size_t>(columns.count);
  std::map<std::int32_t, Interval> of_code;
  constexpr std::int64_t kFar = std::int64_t{1} << 41;
  std::vector<Interval> change(count, {-kFar, kFar});
  std::vector<std::int64_t> wrong(count);
  for (std::size_t i = problem.begin_index(); i < problem.end_index(); ++i) {
    const std::int32_t code = problem.observed[i];
    auto found = of_code.find(code);
    if (found == of_code.end()) {
      Interval interval = accumulators_of(conversion, code);
      if (after == After::kRelu && code == 0) interval.lo = -kFar;
      found = of_code.emplace(code, interval).first;
    }
    const std::size_t n = columns.of(i);
    const std::int64_t acc = base.outcome.acc[i] + (conversion.delta.empty() ? 0 : conversion.delta[n]);
    change[n].lo = std::max(change[n].lo, found->second.lo - acc);
    change[n].hi = std::min(change[n].hi, found->second.hi - acc);
    if (acc < found->second.lo || acc > found->second.hi) ++wrong[n];
  }
  const auto bias = base.setup.tensor("bias");
  const int rows = static_cast<int>(base.setup.integer("bias_rows", 8));
  std::vector<std::int64_t> delta(count, 0);
  Numbers numbers;
  std::vector<std::string> causes;
  bool ambiguous = false;
  for (std::size_t n = 0; n < count; ++n) {
    const Interval interval = change[n];
    if (interval.lo > interval.hi || (interval.lo <= 0 && interval.hi >= 0) || wrong[n] <= kConfirmations) continue;
    const std::int64_t own = bias && n < bias->values.size() ? bias->values[n] : 0;
    const BiasChange named = name_change(interval, own, rows);
    delta[n] = named.amount;
    numbers.columns.push_back(n);
    numbers.amounts.push_back(named.amount);
    causes.push_back(named.cause);
    ambiguous = ambiguous || named.ambiguous;
  }
  if (numbers.columns.empty()) return std::nullopt;
  const bool one = std::ranges::all_of(causes, [&](const std::string& cause) { return cause == causes.front(); });
  const bool named = one && causes.front() != "moved";
  std::size_t biased = 0;  // columns that have a bias
  if (bias) biased = count - static_cast<std::size_t>(std::ranges::count(bias->values, 0));
  const bool omitted = named && causes.front() == "lost" && numbers.columns.size() == biased;
  Hypothesis h{"bias_column", (named ? causes.front() + ", " : "moved, ") + columns_text(numbers.columns), {}};
  h.location = columns_text(numbers.columns);
  const bool row = causes.front().starts_with("row");
  const std::string what = causes.front().ends_with("lost") ? " is lost" : " counts twice";
  std::vector<std::int64_t> units = numbers.amounts;
  for (std::int64_t& unit : units) unit /= arith::kBiasUnit;
  h.sentence =
      named ? std::string(row ? "One bias row" : "The bias") + " of " + h.location + what + "."
            : "The bias of columns differs, in units of 128: " + amounts_text(numbers.columns, units, true) + ".";
  h.fitted = static_cast<int>(numbers.columns.size());
  h.cost = (named ? 1 : 2) + h.fitted;
  h.ambiguous = ambiguous || !named;  // a constant can come into a sum in other ways
  if (omitted) {
    h.id = "bias_omitted";
    h.cause = "omitted";
    h.sentence = "The bias is omitted.";
    h.location.clear();
    h.fitted = 0;
    h.cost = 1;
  }
  h.convert = [delta = std::move(delta)](Conversion& c) {
    if (c.delta.empty()) c.delta.assign(delta.size(), 0);
    for (std::size_t n = 0; n < delta.size(); ++n) c.delta[n] += delta[n];
    return true;
  };
  return h;
}

}  // namespace witin::explain
