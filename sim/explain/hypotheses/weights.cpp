// Weights: the kernel flipped or transposed, -(-128) saturated, the matrix clipped or in another order.
#include <algorithm>

#include "sim/explain/hypotheses.hpp"

namespace witin::explain {
namespace {

using Reorder = std::function<IntTensor(const IntTensor&)>;

std::vector<std::string> weight_roles(const Setup& setup) {
  std::vector<std::string> roles;
  for (const auto& [role, index] : setup.node.tensors) {
    if (role.starts_with("weight")) roles.push_back(role);
  }
  return roles;
}

// Every weight tensor of the node reordered alike.
Hypothesis reordered(std::string id, std::string cause, std::string sentence, int cost, Reorder reorder) {
  Hypothesis h{std::move(id), std::move(cause), std::move(sentence), {}, cost};
  h.edit = [reorder = std::move(reorder)](Setup& s) {
    bool changed = false;
    for (const std::string& role : weight_roles(s)) {
      const auto weight = s.tensor(role);
      if (!weight) continue;
      const IntTensor other = reorder(*weight);
      changed = changed || other.values != weight->values;
      s.set_tensor(role, other);
    }
    return changed;
  };
  return h;
}

IntTensor flipped(const IntTensor& weight, bool in_h, bool in_w) {
  IntTensor out = weight;
  const std::int64_t height = weight.shape[2];
  const std::int64_t width = weight.shape[3];
  const std::int64_t kernels = weight.shape[0] * weight.shape[1];
  for (std::int64_t k = 0; k < kernels; ++k) {
    for (std::int64_t u = 0; u < height; ++u) {
      for (std::int64_t v = 0; v < width; ++v) {
        const std::int64_t from = (k * height + (in_h ? height - 1 - u : u)) * width + (in_w ? width - 1 - v : v);
        out.values[static_cast<std::size_t>((k * height + u) * width + v)] =
            weight.values[static_cast<std::size_t>(from)];
      }
    }
  }
  return out;
}

// Two axes of a weight swapped; where they differ in length, the same memory is read in the other order.
IntTensor swapped(const IntTensor& weight, std::size_t a, std::size_t b) {
  IntTensor out = weight;
  Shape strides(weight.shape.size(), 1);
  for (std::size_t axis = strides.size() - 1; axis-- > 0;) strides[axis] = strides[axis + 1] * weight.shape[axis + 1];
  Shape order = weight.shape;  // of the other reading
  std::swap(order[a], order[b]);
  Shape other(order.size(), 1);
  for (std::size_t axis = other.size() - 1; axis-- > 0;) other[axis] = other[axis + 1] * order[axis + 1];
  std::swap(other[a], other[b]);
  for (std::size_t i = 0; i < out.values.size(); ++i) {
    std::int64_t rest = static_cast<std::int64_t>(i);
    std::int64_t from = 0;
    for (std::size_t axis = 0; axis < strides.size(); ++axis) {
      from += rest / strides[axis] * other[axis];
      rest %= strides[axis];
    }
    out.values[i] = weight.values[static_cast<std::size_t>(from)];
  }
  return out;
}

void add_kernels(const Setup& setup, Hypotheses& out) {
  if (setup.node.op != "conv2d" && setup.node.op != "conv_transpose2d") return;
  const auto weight = setup.tensor("weight");
  if (!weight || weight->shape.size() != 4) return;
  const auto add_flip = [&](const char* cause, const char* words, bool in_h, bool in_w) {
    out.push_back(reordered("kernel_flipped", cause, std::string("The kernel is flipped in ") + words + ".", 1,
                            [=](const IntTensor& w) { return flipped(w, in_h, in_w); }));
  };
  const bool tall = weight->shape[2] > 1;
  const bool wide = weight->shape[3] > 1;
  if (tall) add_flip("h", "H", true, false);
  if (wide) add_flip("w", "W", false, true);
  if (tall && wide) add_flip("hw", "H and W", true, true);
  if (tall && wide) {
    out.push_back(reordered("kernel_transposed", "", "H and W of the kernel are swapped.", 1,
                            [](const IntTensor& w) { return swapped(w, 2, 3); }));
  }
  out.push_back(reordered("weight_order", "channels", "Input and output channels of the weights are swapped.", 2,
                          [](const IntTensor& w) { return swapped(w, 0, 1); }));
}

void add_matrices(const Setup& setup, Hypotheses& out) {
  const auto weight = setup.tensor("weight");
  if (!weight || weight->shape.size() != 2) return;
  out.push_back(reordered("weight_order", "transposed", "Rows and columns of the weights are swapped.", 2,
                          [](const IntTensor& w) { return swapped(w, 0, 1); }));
  out.push_back(
      reordered("weight_order", "rows", "The weights' rows are in reversed order.", 2, [](const IntTensor& w) {
        IntTensor other = w;
        const auto columns = static_cast<std::ptrdiff_t>(w.shape[1]);
        for (std::ptrdiff_t row = 0; row < w.shape[0]; ++row) {
          std::copy_n(w.values.begin() + (w.shape[0] - 1 - row) * columns, columns,
                      other.values.begin() + row * columns);
        }
        return other;
      }));
}

void add_limits(Hypotheses& out) {
  struct Limit {
    const char* id;
    const char* cause;
    const char* sentence;
    std::int32_t lo;
    std::int32_t hi;
  };
  const Limit limits[] = {{"weights_clipped", "-127", "Weights of -128 count as -127.", -127, 32767},
                          {"weights_clipped", "int8", "Weights are clipped to [-128, 127].", -128, 127},
                          {"weights_clipped", "256", "Weights are clipped to [-256, 256].", -256, 256}};
  for (const Limit& limit : limits) {
    Hypothesis h =
        reordered(limit.id, limit.cause, limit.sentence, 2, [lo = limit.lo, hi = limit.hi](const IntTensor& w) {
          IntTensor other = w;
          for (std::int32_t& v : other.values) v = std::clamp(v, lo, hi);
          return other;
        });
    out.push_back(std::move(h));
  }
}

void add_scales(Hypotheses& out) {
  for (const int factor : {2, 4}) {
    out.push_back(reordered("weights_scaled", std::to_string(factor),
                            "The weights are " + std::to_string(factor) + " times too large.", 2,
                            [=](const IntTensor& w) {
                              IntTensor other = w;
                              for (std::int32_t& v : other.values) v *= factor;
                              return other;
                            }));
  }
}

// weight_neg is what negative codes meet: absent, it is exactly -weight.
void add_negation(const Setup& setup, Hypotheses& out) {
  if (setup.text("neg_in", "none") != "pn" || !setup.node.tensors.contains("weight")) return;
  const auto negate = [](Setup& s, std::int32_t most) {
    auto weight = s.tensor("weight");
    if (!weight) return false;
    const auto now = s.tensor("weight_neg");
    IntTensor exact = *weight;
    for (std::int32_t& v : exact.values) v = -v;
    IntTensor other = exact;
    for (std::int32_t& v : other.values) v = std::min(v, most);
    if (other.values == (now ? now->values : exact.values)) return false;
    s.set_tensor("weight_neg", other);
    return true;
  };
  Hypothesis saturated{"negation_saturates", "weight", "-(-128) of a weight saturates to 127."};
  saturated.edit = [negate](Setup& s) { return negate(s, 127); };
  out.push_back(std::move(saturated));
  Hypothesis exact{"negation_exact", "weight", "Negative codes meet exactly -weight, -(-128) being 128."};
  exact.edit = [negate](Setup& s) { return negate(s, 32767); };
  out.push_back(std::move(exact));
}

void add_taps(const Setup& setup, Hypotheses& out) {
  if (setup.node.op != "tdnn") return;
  const auto taps = std::ssize(setup.integers("time_offsets"));
  if (taps < 2) return;
  out.push_back(
      reordered("context_reversed", "", "The frames of the context are in reversed order.", 1, [=](const IntTensor& w) {
        IntTensor other = w;
        const std::ptrdiff_t block = std::ssize(w.values) / taps;
        for (std::ptrdiff_t tap = 0; tap < taps; ++tap) {
          std::copy_n(w.values.begin() + (taps - 1 - tap) * block, block, other.values.begin() + tap * block);
        }
        return other;
      }));
}

}  // namespace

void add_weights(const Setup& setup, const Outcome&, Hypotheses& out) {
  if (weight_roles(setup).empty()) return;
  add_negation(setup, out);
  add_kernels(setup, out);
  add_matrices(setup, out);
  add_taps(setup, out);
  add_limits(out);
  add_scales(out);
  if (setup.node.op != "gru" && setup.node.op != "gru_single") return;
  Hypothesis h{"gate_order", "", "The gates z and r are in the other order."};
  h.edit = [now = setup.text("order", "zr")](Setup& s) {
    return s.node.attributes.insert_or_assign("order", AttributeValue(std::string(now == "zr" ? "rz" : "zr"))), true;
  };
  out.push_back(std::move(h));
}

}  // namespace witin::explain
