#include <doctest/doctest.h>

#include "tests/array/array_case.hpp"

namespace {

using namespace witin;
using namespace witin::test;

struct Matrix {
  std::int64_t rows = 0, columns = 0;
  std::vector<std::int16_t> weight, weight_neg;  // weight_neg empty: -weight
  std::vector<std::int32_t> bias, bias_d;
};

Matrix random_matrix(Random& random, const ArrayCase& node, std::int64_t rows, std::int64_t columns) {
  const std::int64_t limit = random(0, 1) == 0 ? 127 : 275;
  Matrix m{rows, columns, random.vector<std::int16_t>(rows * columns, -limit, limit), {}, {}, {}};
  if (node.rule.pn && random(0, 1) == 0) {
    m.weight_neg = random.vector<std::int16_t>(rows * columns, -limit, limit);
  }
  m.bias = random.vector<std::int32_t>(columns, -600, 600, 128);
  m.bias_d = node.rule.split ? random.vector<std::int32_t>(columns, -600, 600, 128)
                             : std::vector<std::int32_t>(static_cast<std::size_t>(columns), 0);
  return m;
}

OpRunner runner(const ArrayCase& node, const Matrix& m) {
  OpRunner op("linear", node.rule.arithmetic);
  op.input({m.rows}, node.x_range())
      .tensor("weight", {m.rows, m.columns}, m.weight)
      .tensor("bias", {m.columns}, m.bias);
  if (node.rule.split) op.tensor("bias_d", {m.columns}, m.bias_d);
  if (!m.weight_neg.empty()) op.tensor("weight_neg", {m.rows, m.columns}, m.weight_neg);
  node.describe(op);
  return op;
}

std::vector<oracle::Term> terms(const Matrix& m, const Codes& x, std::int64_t frame, std::int64_t column) {
  std::vector<oracle::Term> out;
  for (std::int64_t k = 0; k < m.rows; ++k) {
    const auto w = static_cast<std::size_t>(k * m.columns + column);
    out.push_back({x[static_cast<std::size_t>(frame * m.rows + k)], m.weight[w],
                   m.weight_neg.empty() ? -m.weight[w] : m.weight_neg[w]});
  }
  return out;
}

// npu_y, npu_acc, npu_v and npu_y_d, where the rule has them.
std::map<std::string, Codes> expected(const ArrayCase& node, const Matrix& m, const Codes& x) {
  std::map<std::string, Codes> out;
  const auto add = [&](const char* field, oracle::Wide value) {
    out[field].push_back(static_cast<std::int32_t>(value));
  };
  for (std::int64_t frame = 0; frame < std::ssize(x) / m.rows; ++frame) {
    for (std::int64_t n = 0; n < m.columns; ++n) {
      const auto column = static_cast<std::size_t>(n);
      const oracle::Sums sums = oracle::sums(node.rule, terms(m, x, frame, n), m.bias[column], m.bias_d[column]);
      add("npu_y", oracle::output(node.rule, sums));
      add("npu_acc", sums.acc);
      if (node.rule.arithmetic == Arithmetic::kWtm2101) add("npu_v", oracle::adc(sums.acc, node.rule.g));
      if (!node.rule.split) continue;
      const oracle::Wide divisor = node.rule.divisor == 0
                                       ? oracle::Wide{node.rule.g}
                                       : oracle::nearest_even(node.rule.divisor, node.rule.multiplier);
      add("npu_y_d", oracle::nearest_even(sums.high, divisor));
    }
  }
  return out;
}

void check(const ArrayCase& node, const Matrix& m, const Codes& x) {
  const OpRunner op = runner(node, m);
  const auto y = op.run({x});
  REQUIRE_MESSAGE(y.ok(), y.error().line());
  auto wanted = expected(node, m, x);
  CHECK(*y == wanted.at("npu_y"));
  auto traced = op.trace({x}, 3);
  REQUIRE_MESSAGE(traced.ok(), traced.error().line());
  traced->erase("npu_x");
  CHECK(*traced == wanted);
}

// Every product of a code and a weight, as 1 x N matrices.
void check_all_products(Arithmetic arithmetic, std::int64_t g, CodeRange x, NegIn neg_in, int y_bits) {
  ArrayCase node;
  node.rule = {.arithmetic = arithmetic, .g = g, .pn = neg_in == NegIn::kPn, .y_bits = y_bits};
  node.x_signed = x.lo == -128;
  node.neg_in = neg_in;
  Matrix m{1, 0, {}, {}, {}, {}};
  for (std::int16_t w = -275; w <= 275; ++w) m.weight.push_back(w);
  m.columns = std::ssize(m.weight);
  m.bias.assign(m.weight.size(), 128);
  m.bias_d.assign(m.weight.size(), 0);
  check(node, m, all_codes(x));
}

}  // namespace

TEST_CASE("linear: every product of an 8-bit code and a weight, all profiles and signs") {
  for (const Arithmetic arithmetic : {Arithmetic::kWtm2101, Arithmetic::kWitinNn, Arithmetic::kNb01}) {
    for (const std::int64_t g : {1, 3, 64, 256, 1000, 1024, 8192}) {
      check_all_products(arithmetic, g, unsigned_range(8), NegIn::kNone, 8);
      check_all_products(arithmetic, g, signed_range(8), NegIn::kNone, 8);
      check_all_products(arithmetic, g, pn_range(8), NegIn::kPn, 10);
    }
  }
}

TEST_CASE("linear: random matrices, widths, modes and signs") {
  Random random(1);
  for (int round = 0; round < 400; ++round) {
    CAPTURE(round);
    const ArrayCase node = random.array_case(true);
    const Matrix m = random_matrix(random, node, random(1, 70), random(1, 40));
    check(node, m, random.codes(random(1, 5) * m.rows, node.x_range()));
  }
}

TEST_CASE("linear: no frames give no codes") {
  Random random(4);
  const ArrayCase node;
  const auto traced = runner(node, random_matrix(random, node, 3, 2)).trace({{}});
  REQUIRE_MESSAGE(traced.ok(), traced.error().line());
  for (const auto& [name, codes] : *traced) CHECK(codes.empty());
  CHECK(traced->size() == 4);
}

TEST_CASE("linear: npu_x is what drives the array") {
  OpRunner op("linear", Arithmetic::kWitinNn);
  op.input({3}, pn_range(10)).tensor("weight", {3, 1}, std::vector<std::int8_t>{1, 2, 3});
  op.attribute("g", std::int64_t{1}).attribute("x_bits", std::int64_t{10}).attribute("neg_in", std::string("pn"));
  const auto traced = op.trace({{-1, 300, -700}});
  REQUIRE_MESSAGE(traced.ok(), traced.error().line());
  CHECK(traced->at("npu_x") == Codes{0, 44, 0, 1, 0, 700 % 256});
  CHECK(traced->at("npu_y_d") == Codes{2 * 256 - 3 * 512});
}

TEST_CASE("linear: several vectors a frame are so many rows") {
  Random random(2);
  ArrayCase node;
  node.rule.g = 300;
  const Matrix m = random_matrix(random, node, 7, 5);
  const Codes x = random.codes(4 * 3 * 7, node.x_range());
  OpRunner op("linear", Arithmetic::kWtm2101);
  op.input({4, 7}, node.x_range()).tensor("weight", {7, 5}, m.weight).tensor("bias", {5}, m.bias);
  node.describe(op);
  const auto y = op.run({x});
  REQUIRE_MESSAGE(y.ok(), y.error().line());
  CHECK(*y == expected(node, m, x).at("npu_y"));
}

TEST_CASE("linear: parts of k_split are converted each on its own and summed with saturation") {
  Random random(3);
  for (const bool wide : {false, true}) {
    ArrayCase node;
    node.rule = {.arithmetic = Arithmetic::kWtm2101, .g = 256, .split = wide};
    node.split = wide;
    node.x_bits = wide ? 10 : 8;
    const Matrix m = random_matrix(random, node, 20, 6);
    const Codes x = random.codes(4 * 20, node.x_range());
    OpRunner op = runner(node, m);
    const std::vector<std::int64_t> parts{4, 11, 5};
    op.attribute("k_split", parts);
    const auto traced = op.trace({x});
    REQUIRE_MESSAGE(traced.ok(), traced.error().line());
    Codes y;
    Codes acc;
    for (std::int64_t frame = 0; frame < 4; ++frame) {
      std::vector<Codes> part_acc(3);
      for (std::int64_t n = 0; n < 6; ++n) {
        const auto all = terms(m, x, frame, n);
        const auto column = static_cast<std::size_t>(n);
        oracle::Wide code = 0;
        std::size_t first = 0;
        for (std::size_t p = 0; p < 3; ++p) {
          const auto count = static_cast<std::size_t>(parts[p]);
          const std::vector<oracle::Term> own(all.begin() + static_cast<std::ptrdiff_t>(first),
                                              all.begin() + static_cast<std::ptrdiff_t>(first + count));
          const oracle::Sums sums = oracle::sums(node.rule, own, p == 0 ? m.bias[column] : 0, 0);
          code += oracle::saturate(oracle::converted(node.rule, sums.acc), 8);
          part_acc[p].push_back(static_cast<std::int32_t>(sums.acc));
          first += count;
        }
        if (wide) code += oracle::nearest_even(oracle::sums(node.rule, all, 0, m.bias_d[column]).high, node.rule.g);
        y.push_back(static_cast<std::int32_t>(oracle::saturate(code, 8)));
      }
      for (const Codes& codes : part_acc) acc.insert(acc.end(), codes.begin(), codes.end());
    }
    CHECK(traced->at("npu_y") == y);
    CHECK(traced->at("npu_acc") == acc);
    CHECK(*op.run({x}) == y);
  }
}

TEST_CASE("linear: codes beyond what the node takes are refused while running, and only those") {
  OpRunner op("linear");
  op.input({3}, signed_range(16)).tensor("weight", {3, 1}, std::vector<std::int8_t>{1, 1, 1});
  op.attribute("g", std::int64_t{1});
  CHECK(*op.run({{0, 255, 1, 1, 2, 3}}) == Codes{127, 6});
  const auto bad = op.run({{0, 255, 1, 1, -2, 3}}, 10);
  REQUIRE(!bad.ok());
  CHECK(bad.error().line() ==
        "frame 11, element 1: an input code is outside what the array is set up for; expected 0..255, found -2 "
        "(x_bits, x_signed and neg_in of the node say which codes it takes) [run.code_range]");
}
