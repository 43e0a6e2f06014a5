// Pieces of recurrent cells, from the numerics' description, for one value at a time.
#pragma once

#include "tests/array/array_case.hpp"

namespace witin::test::oracle {

// a 2^n, or a / 2^-n rounded as the name says, from its definition by comparing distances.
inline std::int64_t cell_shift(std::int64_t a, std::int64_t n, const std::string& rounding) {
  if (n >= 0) return a * (std::int64_t{1} << n);
  const std::int64_t den = std::int64_t{1} << -n;
  const auto below = static_cast<std::int64_t>(floor_div(a, den));
  const std::int64_t rest = a - below * den;
  if (rounding == "floor" || rest == 0) return below;
  if (rounding == "trunc") return a < 0 ? below + 1 : below;
  if (2 * rest != den) return 2 * rest > den ? below + 1 : below;
  if (rounding == "half_up") return below + 1;
  if (rounding == "half_away") return a < 0 ? below : below + 1;
  return below % 2 == 0 ? below : below + 1;  // half_even
}

// Activation of a gate on the int8 scale: 256 entries hold it at its own value, 1024 at twice its value.
inline std::int64_t activation(const std::vector<std::int8_t>& table, std::int64_t gate, bool saturate) {
  if (saturate) gate = std::clamp<std::int64_t>(gate, -128, 127);
  const auto length = static_cast<std::int64_t>(table.size());
  const std::int64_t value =
      length == 1024 ? std::clamp<std::int64_t>(2 * gate, -512, 511) : std::clamp<std::int64_t>(gate, -128, 127);
  return table[static_cast<std::size_t>((value + length) % length)];
}

// One matrix [rows, columns] of a cell.
struct CellMatrix {
  std::int64_t rows = 0, columns = 0, g = 1024;
  std::vector<std::int16_t> weight;
  std::vector<std::int32_t> bias;

  [[nodiscard]] std::int64_t y(const std::vector<std::int64_t>& x, std::int64_t column) const {
    Wide acc = bias[static_cast<std::size_t>(column)];
    for (std::int64_t k = 0; k < rows; ++k) {
      acc += Wide{x[static_cast<std::size_t>(k)]} * weight[static_cast<std::size_t>(k * columns + column)];
    }
    return saturate(floor_div(adc(acc, g) + 2, 4), 8);
  }
};

}  // namespace witin::test::oracle

namespace witin::test {

using oracle::CellMatrix;

inline CellMatrix random_cell_matrix(Random& random, std::int64_t rows, std::int64_t columns) {
  return {rows, columns, std::int64_t{1} << random(8, 11), random.vector<std::int16_t>(rows * columns, -150, 150),
          random.vector<std::int32_t>(columns, -200, 200, 128)};
}

inline void add_matrix(OpRunner& op, const std::string& name, const CellMatrix& m) {
  op.tensor("weight_" + name, {m.rows, m.columns}, m.weight)
      .tensor("bias_" + name, {m.columns}, m.bias)
      .attribute("g_" + name, m.g);
}

// A table of 256 or 1024 entries without any structure, so that a wrong index shows.
inline std::vector<std::int8_t> random_table(Random& random) {
  return random.vector<std::int8_t>(random(0, 1) == 0 ? 256 : 1024, -128, 127);
}

inline void add_table(OpRunner& op, const std::string& role, const std::vector<std::int8_t>& table) {
  op.tensor(role, {std::ssize(table)}, table);
}

inline std::string random_rounding(Random& random) {
  static constexpr const char* kNames[]{"half_up", "floor", "half_even", "trunc", "half_away"};
  return kNames[random(0, 4)];
}

// The same codes whatever the blocks, from plain and from traced runs.
inline void check_cell(const OpRunner& op, const Codes& x, const std::map<std::string, Codes>& wanted) {
  const auto y = op.run({x});
  REQUIRE_MESSAGE(y.ok(), y.error().line());
  CHECK(*y == wanted.at("npu_y"));
  for (const std::int64_t block : {1, 4}) {
    const auto traced = op.trace({x}, block);
    REQUIRE_MESSAGE(traced.ok(), traced.error().line());
    for (const auto& entry : wanted) {
      const std::string& name = entry.first;  // CAPTURE cannot take a structured binding
      const auto& codes = entry.second;
      CAPTURE(name);
      CHECK(traced->at(name) == codes);
    }
  }
}

}  // namespace witin::test
