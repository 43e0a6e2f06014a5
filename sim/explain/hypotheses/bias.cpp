// The bias of every column: omitted, doubled, rounded, clipped; one of its rows lost or doubled. Biases of single
// columns are fitted: fits.hpp.
#include <algorithm>

#include "sim/arith/bias.hpp"
#include "sim/explain/hypotheses.hpp"

namespace witin::explain {
namespace {

using Units = std::vector<std::int64_t>;  // of each column

struct Change {
  std::string cause;
  std::string sentence;
  std::string location;
  int cost = 1;
  Units delta;  // accumulator units
};

void add_change(const std::string& id, Change change, Hypotheses& out) {
  if (std::ranges::all_of(change.delta, [](std::int64_t d) { return d == 0; })) return;
  Hypothesis h{id, std::move(change.cause), std::move(change.sentence), std::move(change.location), change.cost};
  h.convert = [delta = std::move(change.delta)](Conversion& c) {
    if (c.delta.empty()) c.delta.assign(delta.size(), 0);
    for (std::size_t n = 0; n < delta.size(); ++n) c.delta[n] += delta[n];
    return true;
  };
  out.push_back(std::move(h));
}

// [row][column], units of 128, as the mapper splits them; empty where they do not fit.
std::vector<Units> split_rows(const std::vector<std::int32_t>& bias, int rows) {
  std::vector<Units> split(static_cast<std::size_t>(rows), Units(bias.size()));
  std::vector<std::int32_t> cells(static_cast<std::size_t>(rows));
  for (std::size_t n = 0; n < bias.size(); ++n) {
    if (!arith::is_whole_bias(bias[n]) || !arith::bias_fits(bias[n] / arith::kBiasUnit, rows)) return {};
    arith::split_bias(bias[n] / arith::kBiasUnit, cells);
    for (std::size_t r = 0; r < cells.size(); ++r) split[r][n] = cells[r];
  }
  return split;
}

// The first rows as full as they can be.
std::vector<Units> fill_rows(const std::vector<std::int32_t>& bias, int rows) {
  std::vector<Units> split(static_cast<std::size_t>(rows), Units(bias.size()));
  for (std::size_t n = 0; n < bias.size(); ++n) {
    std::int64_t left = bias[n] / arith::kBiasUnit;
    for (Units& row : split) left -= row[n] = std::clamp<std::int64_t>(left, -128, 127);
  }
  return split;
}

void add_rows(const std::vector<Units>& rows, const std::string& layout, int cost, Hypotheses& out) {
  std::vector<std::pair<Units, std::vector<std::size_t>>> kinds;  // rows that hold the same cells
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const auto same = std::ranges::find_if(kinds, [&](const auto& kind) { return kind.first == rows[r]; });
    if (same == kinds.end()) {
      kinds.push_back({rows[r], {r}});
    } else {
      same->second.push_back(r);
    }
  }
  const std::string of = " of " + std::to_string(rows.size());
  for (const auto& [cells, same] : kinds) {
    std::string which = std::to_string(same.front() + 1);
    for (std::size_t i = 1; i < same.size(); ++i)
      which += (i + 1 == same.size() ? " or " : ", ") + std::to_string(same[i] + 1);
    for (const bool doubled : {false, true}) {
      Change change{(doubled ? "doubled " : "lost ") + which + of + layout,
                    "Bias row " + which + of + (doubled ? " counts twice" : " is lost") + layout + ".",
                    "bias row " + which + of,
                    cost,
                    {}};
      for (const std::int64_t cell : cells) change.delta.push_back((doubled ? 1 : -1) * arith::kBiasUnit * cell);
      add_change("bias_row", std::move(change), out);
    }
  }
}

void add_rounded(const std::vector<std::int32_t>& bias, int rows, Hypotheses& out) {
  struct Rule {
    arith::Rounding rounding;
    const char* words;
  };
  const Rule rules[] = {{arith::Rounding::kHalfAway, "half away from zero"},
                        {arith::Rounding::kHalfEven, "half to even"},
                        {arith::Rounding::kHalfUp, "half up"},
                        {arith::Rounding::kFloor, "down"},
                        {arith::Rounding::kTrunc, "toward zero"}};
  std::vector<std::int64_t> steps;
  for (std::int64_t step = arith::kBiasUnit; step <= arith::kBiasUnit * 64; step *= 2) steps.push_back(step);
  if (std::ranges::find(steps, std::int64_t{arith::kBiasUnit} * rows) == steps.end()) {
    steps.push_back(std::int64_t{arith::kBiasUnit} * rows);
  }
  for (const std::int64_t step : steps) {
    std::vector<Units> seen;
    for (const Rule& rule : rules) {
      const bool per_row = step == std::int64_t{arith::kBiasUnit} * rows;
      const std::string what = per_row && rows > 1 ? "the same in each of the " + std::to_string(rows) +
                                                         " bias rows (multiples of " + std::to_string(step) + ")"
                                                   : "to multiples of " + std::to_string(step);
      Change change{"rounded " + std::to_string(step),
                    "Biases are rounded " + what + ", " + rule.words + ".",
                    {},
                    per_row || step == arith::kBiasUnit ? 1 : 2,
                    {}};
      for (const std::int32_t b : bias) {
        change.delta.push_back(step * arith::round(static_cast<double>(b) / static_cast<double>(step), rule.rounding) -
                               b);
      }
      if (std::ranges::find(seen, change.delta) != seen.end()) continue;
      seen.push_back(change.delta);
      change.cause += std::string(" ") + rule.words;
      add_change("bias_rounded", std::move(change), out);
    }
  }
}

void add_clipped(const std::vector<std::int32_t>& bias, int rows, Hypotheses& out) {
  for (int kept = 1; kept < std::max(rows, 2); ++kept) {
    Change change{std::to_string(kept),
                  "Biases are clipped to what " + std::to_string(kept) + (kept == 1 ? " row holds." : " rows hold."),
                  {},
                  2,
                  {}};
    for (const std::int32_t b : bias) {
      change.delta.push_back(std::clamp<std::int64_t>(b, -128 * 128 * kept, 127 * 128 * kept) - b);
    }
    add_change("bias_clipped", std::move(change), out);
  }
}

void add_scaled(const std::vector<std::int32_t>& bias, Hypotheses& out) {
  struct Factor {
    const char* cause;
    const char* sentence;
    std::int64_t num;
    std::int64_t den;
    int cost;
  };
  const Factor factors[] = {{"omitted", "The bias is omitted.", 0, 1, 1},
                            {"doubled", "The bias counts twice.", 2, 1, 1},
                            {"halved", "Only half of the bias counts.", 1, 2, 2},
                            {"negated", "The bias is subtracted.", -1, 1, 2},
                            {"units", "The bias counts in units of 1 instead of 128.", 1, 128, 2},
                            {"driven_255", "The bias rows are driven with 255 instead of 128.", 255, 128, 2},
                            {"driven_127", "The bias rows are driven with 127 instead of 128.", 127, 128, 2}};
  for (const Factor& factor : factors) {
    Change change{factor.cause, factor.sentence, {}, factor.cost, {}};
    for (const std::int32_t b : bias) change.delta.push_back(b * factor.num / factor.den - b);
    add_change(factor.cause == std::string("omitted") ? "bias_omitted" : "bias_scaled", std::move(change), out);
  }
  Change reversed{"reversed", "The biases are in reversed order of columns.", {}, 2, {}};
  for (std::size_t n = 0; n < bias.size(); ++n) reversed.delta.push_back(bias[bias.size() - 1 - n] - bias[n]);
  add_change("bias_order", std::move(reversed), out);
  for (const bool left : {false, true}) {
    Change moved{left ? "left" : "right",
                 std::string("The biases are one column too far to the ") + (left ? "left." : "right."),
                 {},
                 2,
                 {}};
    for (std::size_t n = 0; n < bias.size(); ++n) {
      const std::size_t from = left ? n + 1 : n - 1;
      moved.delta.push_back((from < bias.size() ? bias[from] : 0) - bias[n]);
    }
    add_change("bias_order", std::move(moved), out);
  }
}

// Where accumulators are not shown, or the digital side has a bias: the tensors themselves.
void add_tensor_changes(const Setup& setup, std::string_view only, Hypotheses& out) {
  std::vector<std::string> roles;
  for (const auto& [role, index] : setup.node.tensors) {
    if (role.starts_with("bias") && (only.empty() || role == only)) roles.push_back(role);
  }
  const auto scale = [](Setup& s, const std::string& role, int factor) {
    auto bias = s.tensor(role);
    if (!bias || std::ranges::all_of(bias->values, [](std::int32_t b) { return b == 0; })) return false;
    for (std::int32_t& b : bias->values) b *= factor;
    s.set_tensor(role, *bias);
    return true;
  };
  for (const int factor : {0, 2}) {
    const std::string words = factor == 0 ? " is omitted." : " counts twice.";
    const std::string id = factor == 0 ? "bias_omitted" : "bias_scaled";
    for (const std::string& role : roles) {
      Hypothesis h{id, role, "The bias '" + role + "'" + words, role, roles.size() > 1 || !only.empty() ? 2 : 1};
      h.edit = [=](Setup& s) { return scale(s, role, factor); };
      out.push_back(std::move(h));
    }
    if (roles.size() < 2) continue;
    Hypothesis h{id, "all", "Every bias" + words};
    h.edit = [=](Setup& s) {
      bool changed = false;
      for (const std::string& role : roles) changed = scale(s, role, factor) || changed;
      return changed;
    };
    out.push_back(std::move(h));
  }
}

}  // namespace

void add_biases(const Setup& setup, const Outcome& outcome, Hypotheses& out) {
  if (!conversion_of(setup, outcome)) return add_tensor_changes(setup, {}, out);
  if (setup.node.tensors.contains("bias_d")) add_tensor_changes(setup, "bias_d", out);
  const auto tensor = setup.tensor("bias");
  if (!tensor) return;
  const std::vector<std::int32_t>& bias = tensor->values;
  const int rows = static_cast<int>(setup.integer("bias_rows", 8));
  add_scaled(bias, out);
  add_rows(split_rows(bias, rows), "", 1, out);
  add_rows(fill_rows(bias, rows), ", filled one after the other", 2, out);
  for (const int others : {2, 4, 8, 16, 32}) {
    if (others != rows) add_rows(split_rows(bias, others), " if there are " + std::to_string(others), 3, out);
  }
  add_rounded(bias, rows, out);
  add_clipped(bias, rows, out);
}

}  // namespace witin::explain
