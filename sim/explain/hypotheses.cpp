#include "sim/explain/hypotheses.hpp"

namespace witin::explain {

Hypotheses hypotheses_for(const Setup& setup, const Outcome& outcome, const Shape& upstream) {
  Hypotheses out;
  add_roundings(setup, outcome, out);
  add_relus(setup, outcome, out);
  add_divisors(setup, outcome, out);
  add_biases(setup, outcome, out);
  add_inputs(setup, outcome, out);
  add_weights(setup, outcome, out);
  add_paddings(setup, outcome, out);
  add_orders(setup, outcome, upstream, out);
  add_frames(setup, outcome, out);
  add_overflows(setup, outcome, out);
  return out;
}

}  // namespace witin::explain
