// gru2array: every intermediate of random cells under every switch.
#include <doctest/doctest.h>

#include "tests/ops/gru_case.hpp"

using namespace witin;
using namespace witin::test;
using namespace witin::test::oracle;

TEST_CASE("gru2array: the form of the published traces and the manual's") {
  Random random(43);
  for (int round = 0; round < 150; ++round) {
    CAPTURE(round);
    GruSetting s(random, round);
    const std::int64_t hidden = s.hidden;
    const CellMatrix mx = random_cell_matrix(random, s.inputs, 3 * hidden);
    const CellMatrix mh = random_cell_matrix(random, hidden, 3 * hidden);
    const bool published = round % 3 == 0;
    std::vector<std::int64_t> shifts{random(-9, -5), -7, 0, 0};
    if (!published) shifts = {random(-9, 0), random(-9, -5), random(-2, 1), random(-2, 1)};
    if (published) s.ones = 128;
    const bool manual = shifts[1] != -7 || shifts[2] != 0 || shifts[3] != 0 || s.ones != 128;
    const std::int64_t hidden_shift = random(-2, 1);
    const std::int64_t state_min = random(0, 1) == 0 ? -127 : random(-128, -100);
    OpRunner op = s.runner("gru2array");
    add_matrix(op, "x", mx);
    add_matrix(op, "h", mh);
    op.attribute("shifts", shifts).attribute("hidden_shift", hidden_shift).attribute("saturate_sums", s.saturate_sums);
    if (state_min != -127) op.attribute("state_min", state_min);
    for (std::int64_t t = 0; t < s.frames; ++t) {
      const auto x = s.frame(t);
      const auto before = s.h;
      const auto gh = [&](std::int64_t column) { return s.shift(mh.y(before, column), hidden_shift); };
      for (std::int64_t column = 0; column < 3 * hidden; ++column) {
        s.add("gx", mx.y(x, column));
        s.add("gh", gh(column));
      }
      for (std::int64_t k = 0; k < hidden; ++k) {
        std::int64_t& h = s.h[static_cast<std::size_t>(k)];
        const std::int64_t z = activation(s.sigmoid, mx.y(x, k) + gh(k), s.saturate_sums);
        const std::int64_t r = activation(s.sigmoid, mx.y(x, hidden + k) + gh(hidden + k), s.saturate_sums);
        const std::int64_t n =
            activation(s.tanh, mx.y(x, 2 * hidden + k) + s.shift(r * gh(2 * hidden + k), shifts[0]), s.saturate_sums);
        s.add("z", z);
        s.add("r", r);
        s.add("n", n);
        const std::int64_t next =
            manual ? s.shift(s.shift((s.ones - z) * n, shifts[2]) + s.shift(z * h, shifts[3]), shifts[1])
                   : n - s.shift(z * (n - h), -7);
        h = std::clamp<std::int64_t>(next, state_min, 127);
        s.add("npu_y", h);
      }
    }
    check_cell(op, s.x, s.wanted);
  }
}

TEST_CASE("gru2array: cells whose parts do not fit together") {
  Random random(44);
  const GruSetting s(random, 0);
  const std::int64_t hidden = s.hidden;
  OpRunner two = s.runner("gru2array");
  add_matrix(two, "x", random_cell_matrix(random, s.inputs, 3 * hidden));
  add_matrix(two, "h", random_cell_matrix(random, hidden, 3 * hidden + 3));
  CHECK(two.refusal() == "tensor.shape");

  OpRunner map("gru2array", Arithmetic::kWtm2101);
  map.input({1, s.inputs, 1}, signed_range(8));
  add_matrix(map, "x", random_cell_matrix(random, s.inputs, 3));
  add_matrix(map, "h", random_cell_matrix(random, 1, 3));
  add_table(map, "table_sigmoid", s.sigmoid);
  add_table(map, "table_tanh", s.tanh);
  CHECK(map.refusal() == "node.shape");
}

TEST_CASE("recurrent cells refuse codes the array cannot be driven with") {
  Random random(45);
  OpRunner op("gru2array", Arithmetic::kWtm2101);
  op.input({1}, signed_range(16));
  add_matrix(op, "x", random_cell_matrix(random, 1, 3));
  add_matrix(op, "h", random_cell_matrix(random, 1, 3));
  add_table(op, "table_sigmoid", random_table(random));
  add_table(op, "table_tanh", random_table(random));
  CHECK(op.run({{-128, 255, 0}}).ok());
  const auto bad = op.run({{0, 256, 0}});
  REQUIRE(!bad.ok());
  CHECK(bad.error().code == "run.code_range");
}
