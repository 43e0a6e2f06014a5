// Hypotheses whose numbers are read off the differences, column by column: an offset added after conversion, a column
// that is stuck, a bias that is not the model's.
//
// A column gets a number only if that explains at least nine tenths of its values and several of them confirm it.
#pragma once

#include "sim/explain/problem.hpp"

namespace witin::explain {

// What follows the fitted change before the codes are seen.
enum class After : std::uint8_t { kNothing, kRelu };

// All take the prediction the fit adds to; none where nothing fits.
[[nodiscard]] std::optional<Hypothesis> fit_offsets(const Problem& problem, const Prediction& base, After after);
[[nodiscard]] std::optional<Hypothesis> fit_stuck(const Problem& problem, const Prediction& base);
[[nodiscard]] std::optional<Hypothesis> fit_biases(const Problem& problem, const Prediction& base, After after);

}  // namespace witin::explain
