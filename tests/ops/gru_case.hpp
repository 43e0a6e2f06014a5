// What the tests of the three GRU cells share: sizes, tables, switches and frames.
#pragma once

#include "tests/array/cell_oracle.hpp"

namespace witin::test::oracle {

struct GruSetting {
  GruSetting(Random& random, int round)
      : inputs(random(1, 8)),
        hidden(random(1, 6)),
        frames(random(1, 8)),
        sigmoid(random_table(random)),
        tanh(random_table(random)),
        rounding(round < 30 ? "half_up" : random_rounding(random)),
        ones(random(0, 1) == 0 ? 128 : random(1, 300)),
        z_first(random(0, 1) == 0),
        saturate_sums(random(0, 1) == 0),
        reset_every(random(0, 2) == 0 ? random(1, 4) : 0),
        x(random.codes(frames * inputs, {-128, 255})),
        h(static_cast<std::size_t>(hidden), 0) {}

  OpRunner runner(const char* name) const {
    OpRunner op(name, Arithmetic::kWtm2101);
    op.input({inputs}, {-128, 255});
    add_table(op, "table_sigmoid", sigmoid);
    add_table(op, "table_tanh", tanh);
    op.attribute("rounding", rounding).attribute("ones", ones).attribute("reset_every", reset_every);
    return op;
  }
  std::vector<std::int64_t> frame(std::int64_t t) {
    if (reset_every != 0 && t % reset_every == 0) std::ranges::fill(h, 0);
    return {x.begin() + t * inputs, x.begin() + (t + 1) * inputs};
  }
  std::int64_t shift(std::int64_t a, std::int64_t n) const { return cell_shift(a, n, rounding); }
  void add(const char* name, std::int64_t value) { wanted[name].push_back(static_cast<std::int32_t>(value)); }

  std::int64_t inputs, hidden, frames;
  std::vector<std::int8_t> sigmoid, tanh;
  std::string rounding;
  std::int64_t ones;
  bool z_first, saturate_sums;
  std::int64_t reset_every;
  Codes x;
  std::vector<std::int64_t> h;
  std::map<std::string, Codes> wanted;
};

inline std::vector<std::int64_t> joined(std::vector<std::int64_t> a, const std::vector<std::int64_t>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace witin::test::oracle
