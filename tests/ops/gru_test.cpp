// gru, gru_single and gru2array: every intermediate of random cells under every switch.
#include <doctest/doctest.h>

#include "tests/array/cell_oracle.hpp"

using namespace witin;
using namespace witin::test;
using namespace witin::test::oracle;

namespace {

// What the three cells share: sizes, tables, switches, and the frames.
struct Setting {
  Setting(Random& random, int round)
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

std::vector<std::int64_t> joined(std::vector<std::int64_t> a, const std::vector<std::int64_t>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace

TEST_CASE("gru: two candidate matrices") {
  Random random(41);
  for (int round = 0; round < 100; ++round) {
    CAPTURE(round);
    Setting s(random, round);
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

TEST_CASE("gru_single: one candidate matrix over the reset state") {
  Random random(42);
  for (int round = 0; round < 100; ++round) {
    CAPTURE(round);
    Setting s(random, round);
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

TEST_CASE("gru2array: the form of the published traces and the manual's") {
  Random random(43);
  for (int round = 0; round < 150; ++round) {
    CAPTURE(round);
    Setting s(random, round);
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

TEST_CASE("gru cells whose parts do not fit together") {
  Random random(44);
  const Setting s(random, 0);
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
