// Every hypothesis the tool knows that has no numbers to be fitted. Fitted ones: fits.hpp.
#pragma once

#include "sim/explain/hypothesis.hpp"

namespace witin::explain {

// `outcome`: of the setup as it is. `upstream`: shape [C, H, W] of the map whose flattening is input 0, or empty.
[[nodiscard]] Hypotheses hypotheses_for(const Setup& setup, const Outcome& outcome, const Shape& upstream);

void add_roundings(const Setup& setup, const Outcome& outcome, Hypotheses& out);
void add_overflows(const Setup& setup, const Outcome& outcome, Hypotheses& out);
void add_divisors(const Setup& setup, const Outcome& outcome, Hypotheses& out);
void add_biases(const Setup& setup, const Outcome& outcome, Hypotheses& out);
void add_relus(const Setup& setup, const Outcome& outcome, Hypotheses& out);
void add_inputs(const Setup& setup, const Outcome& outcome, Hypotheses& out);
void add_weights(const Setup& setup, const Outcome& outcome, Hypotheses& out);
void add_paddings(const Setup& setup, const Outcome& outcome, Hypotheses& out);
void add_orders(const Setup& setup, const Outcome& outcome, const Shape& upstream, Hypotheses& out);
void add_frames(const Setup& setup, const Outcome& outcome, Hypotheses& out);

}  // namespace witin::explain
