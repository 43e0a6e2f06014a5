// A ReLU or table is missing, or one is applied that is not there; the output's sign bit is misread.
#include <algorithm>

#include "sim/explain/hypotheses.hpp"

namespace witin::explain {

void add_relus(const Setup& setup, const Outcome& outcome, Hypotheses& out) {
  const bool table = setup.node.op == "relu" || setup.node.op == "lut" || setup.node.op == "prelu";
  if (table && setup.inputs.size() == 1 && setup.types[0].shape == outcome.shape) {
    const bool relu = setup.node.op == "relu";
    Hypothesis h{
        relu ? "relu_missing" : "table_missing", "",
        relu ? "The ReLU is missing: the output is the input." : "The table is not applied: the output is the input."};
    h.output = [](const Setup& s, const Outcome&, Codes& y) { y = *s.inputs[0]; };
    out.push_back(std::move(h));
  }
  if (outcome.range.lo < 0) {
    Hypothesis h{"relu_added", "",
                 "A ReLU is applied to the output that the model does not have here (applied twice, or too early)."};
    h.output = [](const Setup&, const Outcome&, Codes& y) {
      for (std::int32_t& code : y) code = std::max(code, 0);
    };
    out.push_back(std::move(h));
  }
  if (setup.node.op == "relu") {
    for (const std::int32_t top : {127, 255}) {
      Hypothesis h{"relu_doubles",
                   std::to_string(top),
                   "The ReLU's table doubles its codes, up to " + std::to_string(top) + ".",
                   {},
                   2};
      h.output = [top](const Setup&, const Outcome&, Codes& y) {
        for (std::int32_t& code : y) code = std::min(2 * code, top);
      };
      out.push_back(std::move(h));
    }
    Hypothesis h{"relu_negates", "", "The ReLU keeps negative codes and drops the others.", {}, 3};
    h.output = [](const Setup& s, const Outcome&, Codes& y) {
      for (std::size_t i = 0; i < y.size(); ++i) y[i] = std::min((*s.inputs[0])[i], 0);
    };
    out.push_back(std::move(h));
  }
  if (outcome.range.hi <= 255 && outcome.range.lo >= -128) {
    Hypothesis h{
        "output_sign",
        outcome.range.lo < 0 ? "unsigned" : "signed",
        outcome.range.lo < 0 ? "The signed output is read as unsigned." : "The unsigned output is read as signed.",
        {},
        2};
    h.output = [lo = outcome.range.lo](const Setup&, const Outcome&, Codes& y) {
      for (std::int32_t& code : y) {
        if (lo < 0 ? code < 0 : code > 127) code += lo < 0 ? 256 : -256;
      }
    };
    out.push_back(std::move(h));
  }
}

}  // namespace witin::explain
