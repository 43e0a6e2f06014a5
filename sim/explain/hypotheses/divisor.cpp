// G is off by a power of two, for one matrix of the node or for all of them; a shift is off by one.
#include "sim/explain/hypotheses.hpp"

namespace witin::explain {
namespace {

constexpr int kMostBits = 6;

std::string factor_text(int bits) {
  return bits > 0 ? std::to_string(1 << bits) + " times too large" : std::to_string(1 << -bits) + " times too small";
}

double scaled_by(double number, int bits) {
  return bits >= 0 ? number * static_cast<double>(1 << bits) : number / static_cast<double>(1 << -bits);
}

void multiply(Setup& setup, const std::string& attribute, int bits) {
  setup.node.attributes.insert_or_assign(attribute, AttributeValue(scaled_by(setup.number(attribute, 1), bits)));
}

}  // namespace

void add_divisors(const Setup& setup, const Outcome& outcome, Hypotheses& out) {
  std::vector<std::string> names;
  for (const auto& [name, value] : setup.node.attributes) {
    if (name == "g" || name == "divisor" || name.starts_with("g_")) names.push_back(name);
  }
  const bool cheap = conversion_of(setup, outcome).has_value() && outcome.y_d.empty();
  for (int bits = -kMostBits; bits <= kMostBits; ++bits) {
    if (bits == 0 || names.empty()) continue;
    Hypothesis all{"g",
                   std::to_string(bits),
                   (names.size() > 1 ? "Every G is " : "G is ") + factor_text(bits) + ".",
                   {},
                   bits * bits > 4 ? 2 : 1};
    if (cheap) {
      all.convert = [bits](Conversion& c) {
        if (c.spec.g) c.spec.g = scaled_by(*c.spec.g, bits);
        if (c.spec.divisor) c.spec.divisor = scaled_by(*c.spec.divisor, bits);
        return true;
      };
    } else {
      all.edit = [names, bits](Setup& s) {
        for (const std::string& name : names) multiply(s, name, bits);
        return true;
      };
    }
    out.push_back(std::move(all));
    if (names.size() < 2) continue;
    for (const std::string& name : names) {
      Hypothesis one{"g", name + " " + std::to_string(bits), name + " is " + factor_text(bits) + ".", name, 2};
      one.edit = [name, bits](Setup& s) { return multiply(s, name, bits), true; };
      out.push_back(std::move(one));
    }
  }
  for (const char* const name : {"shift", "bits"}) {
    const std::string& op = setup.node.op;
    const bool is_shift = name == std::string("shift") ? op == "add" || op == "mul" : op == "shift" || op == "scalar";
    if (!is_shift || (op == "add" && setup.has("scale_left")) || (op == "mul" && setup.has("scale_left"))) continue;
    for (const int by : {-2, -1, 1, 2}) {
      Hypothesis h{"shift", std::to_string(by), "The shift is off by " + std::to_string(by) + "."};
      h.edit = [name, by](Setup& s) {
        return s.node.attributes.insert_or_assign(name, AttributeValue(s.integer(name, 0) + by)), true;
      };
      out.push_back(std::move(h));
    }
  }
}

}  // namespace witin::explain
