// gru_single: every intermediate of random cells under every switch.
#include <doctest/doctest.h>

#include "tests/ops/gru_case.hpp"

using namespace witin;
using namespace witin::test;
using namespace witin::test::oracle;

TEST_CASE("gru_single: one candidate matrix over the reset state") {
  Random random(42);
  for (int round = 0; round < 100; ++round) {
    CAPTURE(round);
    GruSetting s(random, round);
    const std::int64_t hidden = s.hidden;
    const CellMatrix zr = random_cell_matrix(random, s.inputs + hidden, 2 * hidden);
    const CellMatrix candidate = random_cell_matrix(random, s.inputs + hidden, hidden);
    const std::vector<std::int64_t> shifts{random(-9, -3), random(-9, -5)};
    OpRunner op = s.runner("gru_single");
    add_matrix(op, "zr", zr);
    add_matrix(op, "h", candidate);
    op.attribute("shifts", shifts).attribute("order", std::string(s.z_first ? "zr" : "rz"));
    for (std::int64_t t = 0; t < s.frames; ++t) {
      const auto x = s.frame(t);
      const auto before = s.h;
      std::vector<std::int64_t> reset;
      for (std::int64_t k = 0; k < hidden; ++k) {
        const std::int64_t r = activation(s.sigmoid, zr.y(joined(before, x), s.z_first ? hidden + k : k), false);
        reset.push_back(saturate(s.shift(r * before[static_cast<std::size_t>(k)], shifts[0]), 8));
        s.add("r", r);
      }
      for (std::int64_t k = 0; k < hidden; ++k) {
        std::int64_t& h = s.h[static_cast<std::size_t>(k)];
        const std::int64_t z = activation(s.sigmoid, zr.y(joined(before, x), s.z_first ? k : hidden + k), false);
        const std::int64_t n = activation(s.tanh, candidate.y(joined(reset, x), k), false);
        s.add("z", z);
        s.add("n", n);
        h = saturate(s.shift((s.ones - z) * h + z * n, shifts[1]), 8);
        s.add("npu_y", h);
      }
      for (const std::int64_t code : joined(reset, x)) s.add("inp_h", code);
    }
    check_cell(op, s.x, s.wanted);
  }
}

TEST_CASE("gru_single: cells whose parts do not fit together") {
  Random random(46);
  const GruSetting s(random, 0);
  const std::int64_t hidden = s.hidden;
  const auto cell = [&](std::int64_t zr_columns, std::int64_t candidate_rows) {
    OpRunner op = s.runner("gru_single");
    add_matrix(op, "zr", random_cell_matrix(random, s.inputs + hidden, zr_columns));
    add_matrix(op, "h", random_cell_matrix(random, candidate_rows, hidden));
    return op;
  };
  CHECK(cell(2 * hidden, s.inputs + hidden).refusal().empty());
  CHECK(cell(2 * hidden + 1, s.inputs + hidden).refusal() == "tensor.shape");
  CHECK(cell(2 * hidden, s.inputs + hidden + 1).refusal() == "tensor.shape");
}
