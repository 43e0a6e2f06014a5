#include <doctest/doctest.h>

#include "tests/array/cell_oracle.hpp"

using namespace witin;
using namespace witin::test;
using namespace witin::test::oracle;

TEST_CASE("lstm: every intermediate of random cells, tables, shifts, roundings and resets") {
  Random random(31);
  for (int round = 0; round < 120; ++round) {
    CAPTURE(round);
    const std::int64_t inputs = random(1, 9);
    const std::int64_t hidden = random(1, 6);
    const CellMatrix ifo = random_cell_matrix(random, inputs + hidden, 3 * hidden);
    const CellMatrix cell = random_cell_matrix(random, inputs + hidden, hidden);
    const auto t0 = random_table(random);
    const auto t1 = random_table(random);
    const auto t2 = random_table(random);
    std::vector<std::int64_t> shifts{0, 0, -7, -7};
    if (round % 2 == 1) shifts = {random(-3, 2), random(-3, 2), random(-9, -4), random(-9, -4)};
    const std::string rounding = round < 40 ? "half_up" : random_rounding(random);
    const std::int64_t reset_every = random(0, 2) == 0 ? random(1, 4) : 0;

    OpRunner op("lstm", Arithmetic::kWtm2101);
    op.input({inputs}, {-128, 255});
    add_matrix(op, "ifo", ifo);
    add_matrix(op, "c", cell);
    add_table(op, "table_gate", t0);
    add_table(op, "table_cell", t1);
    add_table(op, "table_output", t2);
    if (round != 0)
      op.attribute("shifts", shifts).attribute("rounding", rounding).attribute("reset_every", reset_every);

    const std::int64_t frames = random(1, 8);
    const Codes x = random.codes(frames * inputs, {-128, 255});
    std::map<std::string, Codes> wanted;
    const auto add = [&](const char* name, std::int64_t value) {
      wanted[name].push_back(static_cast<std::int32_t>(value));
    };
    std::vector<std::int64_t> h(static_cast<std::size_t>(hidden), 0);
    std::vector<std::int64_t> c(static_cast<std::size_t>(hidden), 0);
    for (std::int64_t t = 0; t < frames; ++t) {
      if (round != 0 && reset_every != 0 && t % reset_every == 0) {
        std::ranges::fill(h, 0);
        std::ranges::fill(c, 0);
      }
      std::vector<std::int64_t> u(x.begin() + t * inputs, x.begin() + (t + 1) * inputs);
      u.insert(u.end(), h.begin(), h.end());
      for (const std::int64_t code : u) add("inp", code);
      for (std::int64_t n = 0; n < 3 * hidden; ++n) add("gates_ifo", ifo.y(u, n));
      for (std::int64_t n = 0; n < hidden; ++n) {
        const auto k = static_cast<std::size_t>(n);
        add("h_in", h[k]);
        add("c_in", c[k]);
        const std::int64_t i = activation(t0, ifo.y(u, n), false);
        const std::int64_t f = activation(t0, ifo.y(u, hidden + n), false);
        const std::int64_t o = activation(t0, ifo.y(u, 2 * hidden + n), false);
        const std::int64_t gc = cell.y(u, n);
        const std::int64_t ctl = activation(t1, gc, false);
        const std::int64_t sum = cell_shift(f * c[k], shifts[0], rounding) + cell_shift(i * ctl, shifts[1], rounding);
        add("gates_c", gc);
        add("i", i);
        add("f", f);
        add("o", o);
        add("ctl", ctl);
        add("fc", f * c[k]);
        add("ic", i * ctl);
        c[k] = saturate(cell_shift(sum, shifts[2], rounding), 8);
        add("cx", c[k]);
        const std::int64_t cy = activation(t2, c[k], false);
        add("cy_tanh", cy);
        h[k] = saturate(cell_shift(o * cy, shifts[3], rounding), 8);
        add("npu_y", h[k]);
      }
    }
    check_cell(op, x, wanted);
  }
}

TEST_CASE("lstm: a cell whose parts do not fit together") {
  Random random(32);
  const auto cell = [&](std::int64_t ifo_rows, std::int64_t ifo_columns, std::size_t table, std::int64_t reset) {
    OpRunner op("lstm", Arithmetic::kWtm2101);
    op.input({3}, signed_range(8));
    add_matrix(op, "ifo", random_cell_matrix(random, ifo_rows, ifo_columns));
    add_matrix(op, "c", random_cell_matrix(random, 5, 2));
    add_table(op, "table_gate", std::vector<std::int8_t>(table));
    add_table(op, "table_cell", std::vector<std::int8_t>(256));
    add_table(op, "table_output", std::vector<std::int8_t>(256));
    op.attribute("reset_every", reset);
    return op;
  };
  CHECK(cell(5, 6, 1024, 0).refusal().empty());
  CHECK(cell(5, 5, 1024, 0).refusal() == "tensor.shape");
  CHECK(cell(4, 6, 1024, 0).refusal() == "tensor.shape");
  CHECK(cell(5, 6, 512, 0).refusal() == "tensor.shape");
  CHECK(cell(5, 6, 1024, -1).refusal() == "attribute.range");
  CHECK(cell(5, 6, 256, 0).attribute("shifts", std::vector<std::int64_t>{-7, -7}).refusal() == "attribute.count");
  CHECK(cell(5, 6, 256, 0).attribute("rounding", std::string("up")).refusal() == "attribute.value");
  CHECK(cell(5, 6, 256, 0).attribute("g_c", 0.0).refusal() == "attribute.range");
  const auto ran = cell(5, 6, 256, 0).input({1}, {0, 1}).refusal();
  CHECK(ran == "node.inputs");
}
