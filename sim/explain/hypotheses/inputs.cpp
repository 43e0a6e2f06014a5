// Input codes are read with another sign, or without their high part; the smallest code is not negated as it should be.
#include <algorithm>

#include "sim/arith/rounding.hpp"
#include "sim/arith/split.hpp"
#include "sim/explain/hypotheses.hpp"

namespace witin::explain {
namespace {

using Map = std::function<std::int32_t(std::int32_t)>;

// The codes of input `index` mapped one by one. `range`: of the mapped codes. `is_signed`: what x_signed becomes, if it
// changes.
Hypothesis mapped(std::string id, std::string cause, std::string sentence, std::size_t index, CodeRange range,
                  std::optional<bool> is_signed, Map map) {
  Hypothesis h{std::move(id), std::move(cause), std::move(sentence)};
  h.edit = [=, map = std::move(map)](Setup& s) {
    Codes codes = *s.inputs[index];
    bool changed = false;
    for (std::int32_t& code : codes) {
      const std::int32_t old = code;
      code = map(code);
      changed = changed || code != old;
    }
    if (!changed) return false;
    CodeRange wider = s.types[index].range;
    wider = {std::min(wider.lo, range.lo), std::max(wider.hi, range.hi)};
    s.types[index].range = wider;
    s.set_input(index, std::move(codes));
    if (is_signed && s.node.tensors.contains("weight") && s.text("neg_in", "none") != "pn") {
      s.node.attributes.insert_or_assign("x_signed", AttributeValue(*is_signed));
      s.node.attributes.erase("neg_in");
      s.node.attributes.erase("shift");
    }
    return true;
  };
  return h;
}

int bits_of(CodeRange range) {
  int bits = 8;
  while (bits < 16 && !unsigned_range(bits).contains({0, range.hi}) && range.hi > 0) ++bits;
  while (bits < 16 && !signed_range(bits).contains({range.lo, 0}) && range.lo < 1 - (1 << bits)) ++bits;
  return bits;
}

void add_signs(const Setup& setup, std::size_t index, const std::string& which, Hypotheses& out) {
  const CodeRange range = setup.types[index].range;
  const int bits = static_cast<int>(setup.integer("x_bits", bits_of(range)));
  const std::int32_t span = std::int32_t{1} << bits;
  const std::string at = index == 0 ? "" : std::to_string(index);
  const bool shifted = setup.text("neg_in", "none") == "shift";
  out.push_back(mapped("input_sign", "signed" + at, "Unsigned input codes" + which + " are read as signed ones.", index,
                       signed_range(bits), true, [=](std::int32_t x) { return x >= span / 2 ? x - span : x; }));
  if (range.lo < 0) {
    out.push_back(mapped("input_sign", "unsigned" + at, "Signed input codes" + which + " are read as unsigned ones.",
                         index, unsigned_range(bits), false, [=](std::int32_t x) { return x < 0 ? x + span : x; }));
    out.push_back(mapped("input_negative", "lost" + at, "Negative input codes" + which + " are lost (read as 0).",
                         index, range, {}, [](std::int32_t x) { return std::max(x, 0); }));
    out.push_back(mapped("input_negative", "magnitude" + at, "Input codes" + which + " lose their sign.", index,
                         {range.lo, -range.lo}, {}, [](std::int32_t x) { return x < 0 ? -x : x; }));
    out.push_back(mapped("input_negative", "flipped" + at, "Input codes" + which + " are negated.", index,
                         {-range.hi, -range.lo}, {}, [](std::int32_t x) { return -x; }));
    const std::int32_t lowest = signed_range(bits).lo;
    out.push_back(mapped("negation_saturates", "input" + at,
                         "The input code " + std::to_string(lowest) + which + " is negated to " +
                             std::to_string(-lowest - 1) + " instead of " + std::to_string(-lowest) + ".",
                         index, range, {}, [=](std::int32_t x) { return x == lowest ? lowest + 1 : x; }));
  }
  if (shifted) {
    const auto shift = static_cast<std::int32_t>(setup.integer("shift", 0));
    out.push_back(mapped("input_sign", "not_shifted" + at, "Input codes are driven without their shift.", index,
                         {range.lo - shift, range.hi - shift}, {},
                         [=](std::int32_t x) { return std::max(x - shift, 0); }));
  }
}

void add_widths(const Setup& setup, std::size_t index, const std::string& which, Hypotheses& out) {
  const CodeRange range = setup.types[index].range;
  if (range.hi <= 255 && range.lo >= -255) return;
  const std::string at = index == 0 ? "" : std::to_string(index);
  out.push_back(
      mapped("high_part", "dropped" + at,
             "The high part of the input codes" + which + " is dropped: the low 8 bits with their sign are left.",
             index, range, {}, [](std::int32_t x) { return arith::split_code(x).low; }));
  out.push_back(mapped("high_part", "masked" + at,
                       "Only the low 8 bits of the input codes" + which + " are read, as an unsigned number.", index,
                       {0, 255}, {}, [](std::int32_t x) { return x & 255; }));
  out.push_back(mapped("high_part", "saturated" + at, "Input codes" + which + " saturate at 8 bits.", index, range, {},
                       [](std::int32_t x) { return std::clamp(x, -255, 255); }));
  out.push_back(mapped("high_part", "low_dropped" + at, "The low 8 bits of the input codes" + which + " are dropped.",
                       index, range, {}, [](std::int32_t x) { return arith::split_code(x).high; }));
}

void add_scales(const Setup& setup, std::size_t index, const std::string& which, Hypotheses& out) {
  const CodeRange range = setup.types[index].range;
  const int bits = bits_of(range);
  const CodeRange most =
      range.lo < 0 ? (range.lo < signed_range(bits).lo ? pn_range(bits) : signed_range(bits)) : unsigned_range(bits);
  const std::string at = index == 0 ? "" : " " + std::to_string(index);
  const auto add = [&](const std::string& id, const std::string& cause, const std::string& sentence, const Map& map) {
    Hypothesis h = mapped(id, cause + at, sentence, index, most, {}, map);
    h.cost = 2;
    out.push_back(std::move(h));
  };
  for (const int by : {1, 2, 3}) {
    const std::int32_t factor = 1 << by;
    const std::string text = std::to_string(factor);
    add("input_scaled", "times " + text, "Input codes" + which + " are " + text + " times too large.",
        [=](std::int32_t x) { return arith::clamp(std::int64_t{x} * factor, most); });
    add("input_scaled", "by " + text, "Input codes" + which + " are divided by " + text + ", rounded down.",
        [=](std::int32_t x) { return static_cast<std::int32_t>(arith::floor_shift(x, by)); });
    add("input_bits", "lowest " + std::to_string(by),
        "The lowest " + (by == 1 ? "bit" : std::to_string(by) + " bits") + " of the input codes" + which +
            (by == 1 ? " is" : " are") + " lost.",
        [=](std::int32_t x) { return static_cast<std::int32_t>(arith::floor_shift(x, by)) * factor; });
  }
}

}  // namespace

void add_inputs(const Setup& setup, const Outcome& outcome, Hypotheses& out) {
  for (std::size_t i = 0; i < setup.inputs.size(); ++i) {
    const std::string which = setup.inputs.size() > 1 ? " of '" + setup.node.inputs[i] + "'" : "";
    add_signs(setup, i, which, out);
    add_widths(setup, i, which, out);
    add_scales(setup, i, which, out);
  }
  if (setup.inputs.size() == 2 && setup.types[0].shape == setup.types[1].shape) {
    Hypothesis h{"inputs_swapped", "", "The two inputs are swapped."};
    h.edit = [](Setup& s) {
      std::swap(s.inputs[0], s.inputs[1]);
      std::swap(s.types[0], s.types[1]);
      return true;
    };
    out.push_back(std::move(h));
  }
  if (outcome.y_d.empty()) return;
  Hypothesis digital{"high_part", "digital_missing",
                     "The digital part is not added: the array's low part is the output."};
  digital.convert = [](Conversion& c) { return c.drops_high = true, true; };
  out.push_back(std::move(digital));
  Hypothesis whole{"high_part", "not_split", "The input is not split: one pass over whole codes."};
  whole.cost = 2;
  whole.edit = [](Setup& s) {
    s.node.attributes.insert_or_assign("split", AttributeValue(false));
    auto bias = s.tensor("bias");
    const auto digital_bias = s.tensor("bias_d");
    if (bias && digital_bias) {
      for (std::size_t n = 0; n < bias->values.size(); ++n) bias->values[n] += digital_bias->values[n];
      s.set_tensor("bias", *bias);
    }
    s.node.tensors.erase("bias_d");
    return true;
  };
  out.push_back(std::move(whole));
}

}  // namespace witin::explain
