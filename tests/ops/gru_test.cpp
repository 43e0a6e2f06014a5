// gru: every intermediate of random cells under every switch.
#include <doctest/doctest.h>

#include "tests/ops/gru_case.hpp"

using namespace witin;
using namespace witin::test;
using namespace witin::test::oracle;

TEST_CASE("gru: two candidate matrices") {
  Random random(41);
  for (int round = 0; round < 100; ++round) {
    CAPTURE(round);
    GruSetting s(random, round);
    const std::int64_t hidden = s.hidden;
    const CellMatrix zr = random_cell_matrix(random, s.inputs + hidden, 2 * hidden);
    const CellMatrix hn = random_cell_matrix(random, hidden, hidden);
    const CellMatrix in = random_cell_matrix(random, s.inputs, hidden);
    const std::vector<std::int64_t> shifts{random(-9, 0), random(-9, -5)};
    OpRunner op = s.runner("gru");
    add_matrix(op, "zr", zr);
    add_matrix(op, "hn", hn);
    add_matrix(op, "in", in);
    op.attribute("shifts", shifts).attribute("order", std::string(s.z_first ? "zr" : "rz"));
    op.attribute("saturate_sums", s.saturate_sums);
    for (std::int64_t t = 0; t < s.frames; ++t) {
      const auto x = s.frame(t);
      const auto before = s.h;
      for (std::int64_t k = 0; k < hidden; ++k) {
        std::int64_t& h = s.h[static_cast<std::size_t>(k)];
        const auto u = joined(x, before);
        const std::int64_t z = activation(s.sigmoid, zr.y(u, s.z_first ? k : hidden + k), false);
        const std::int64_t r = activation(s.sigmoid, zr.y(u, s.z_first ? hidden + k : k), false);
        const std::int64_t sum = in.y(x, k) + s.shift(r * hn.y(before, k), shifts[0]);
        const std::int64_t n = activation(s.tanh, sum, s.saturate_sums);
        s.add("h_in", h);
        s.add("z", z);
        s.add("r", r);
        s.add("n", n);
        s.add("hn", hn.y(before, k));
        s.add("in", in.y(x, k));
        h = saturate(s.shift((s.ones - z) * n + z * h, shifts[1]), 8);
        s.add("npu_y", h);
      }
    }
    check_cell(op, s.x, s.wanted);
  }
}

TEST_CASE("gru: cells whose parts do not fit together") {
  Random random(44);
  const GruSetting s(random, 0);
  const std::int64_t hidden = s.hidden;
  const auto gru = [&](std::int64_t zr_columns, std::int64_t hn_rows, std::int64_t in_rows) {
    OpRunner op = s.runner("gru");
    add_matrix(op, "zr", random_cell_matrix(random, s.inputs + hidden, zr_columns));
    add_matrix(op, "hn", random_cell_matrix(random, hn_rows, hidden));
    add_matrix(op, "in", random_cell_matrix(random, in_rows, hidden));
    return op;
  };
  CHECK(gru(2 * hidden, hidden, s.inputs).refusal().empty());
  CHECK(gru(2 * hidden + 1, hidden, s.inputs).refusal() == "tensor.shape");
  CHECK(gru(2 * hidden, hidden + 1, s.inputs).refusal() == "tensor.shape");
  CHECK(gru(2 * hidden, hidden, s.inputs + 1).refusal() == "tensor.shape");
  CHECK(gru(2 * hidden, hidden, s.inputs).attribute("order", std::string("nz")).refusal() == "attribute.value");
  CHECK(gru(2 * hidden, hidden, s.inputs).attribute("ones", std::int64_t{0}).refusal() == "attribute.range");
  CHECK(gru(2 * hidden, hidden, s.inputs).attribute("state_min", std::int64_t{0}).refusal() == "attribute.unknown");
}
