// Every instruction set gives the codes and every traced field of the reference path: through the operators, on random,
// adversarial and real shapes. The operators' own tests compare with the definition.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "tests/array/map_case.hpp"

using namespace witin;
using namespace witin::test;

namespace {

// Runs a node on every path this machine has; the number of compared paths beside the reference.
std::size_t check(OpRunner op, const Codes& x) {
  const auto codes = op.isa(kernels::Isa::kRef).run({x});
  REQUIRE_MESSAGE(codes.ok(), codes.error().line());
  const auto fields = op.trace({x}, 2);
  REQUIRE_MESSAGE(fields.ok(), fields.error().line());
  CHECK(fields->at("npu_y") == *codes);
  std::size_t compared = 0;
  for (const kernels::Isa isa : kernels::runnable_isas()) {
    if (isa == kernels::Isa::kRef) continue;
    CAPTURE(kernels::name(isa));
    const auto y = op.isa(isa).run({x});
    REQUIRE_MESSAGE(y.ok(), y.error().line());
    CHECK(*y == *codes);
    const auto traced = op.trace({x}, 3);
    REQUIRE_MESSAGE(traced.ok(), traced.error().line());
    CHECK(*traced == *fields);
    ++compared;
  }
  return compared;
}

OpRunner linear(std::int64_t rows, std::int64_t columns, CodeRange x, const std::vector<std::int16_t>& weight) {
  OpRunner op("linear", Arithmetic::kWtm2101);
  op.input({rows}, x).tensor("weight", {rows, columns}, weight);
  op.attribute("g", std::int64_t{1024}).attribute("x_signed", x.lo < 0);
  return op;
}

OpRunner map_of(std::int64_t channels, std::int64_t side, std::int64_t outputs, std::int64_t groups, Random& random) {
  OpRunner op("conv2d", Arithmetic::kWtm2101);
  op.input({channels, side, side}, unsigned_range(8));
  op.tensor("weight", {outputs, channels / groups, 3, 3},
            random.vector<std::int8_t>(outputs * channels / groups * 9, -128, 127));
  op.attribute("g", std::int64_t{512}).attribute("groups", groups);
  op.attribute("pads", std::vector<std::int64_t>{1, 1, 1, 1});
  return op;
}

}  // namespace

TEST_CASE("instruction sets agree through the operators: random maps, widths, signs, modes, groups") {
  Random random(31);
  std::size_t compared = 0;
  for (int round = 0; round < 300; ++round) {
    CAPTURE(round);
    const MapCase map = random_map(random, round % 2 == 1);
    compared +=
        check(map.runner(), random.codes(random(1, 5) * map.channels * map.height * map.width, map.node.x_range()));
  }
  CHECK(compared == 300 * (kernels::runnable_isas().size() - 1));
}

TEST_CASE("instruction sets agree through the operators: parts and split codes") {
  Random random(32);
  for (int round = 0; round < 100; ++round) {
    CAPTURE(round);
    ArrayCase node = random.array_case(true);
    const std::int64_t rows = random(2, 90);
    const std::int64_t columns = random(1, 90);
    OpRunner op("linear", node.rule.arithmetic);
    op.input({rows}, node.x_range());
    op.tensor("weight", {rows, columns}, random.vector<std::int16_t>(rows * columns, -275, 275));
    op.tensor("bias", {columns}, random.vector<std::int32_t>(columns, -100, 100, 128));
    if (node.neg_in == NegIn::kPn && random(0, 1) == 0) {
      op.tensor("weight_neg", {rows, columns}, random.vector<std::int16_t>(rows * columns, -275, 275));
    }
    if (node.rule.split) op.tensor("bias_d", {columns}, random.vector<std::int32_t>(columns, -5000, 5000));
    node.describe(op);
    const std::int64_t first = random(1, rows - 1);
    std::vector<std::int64_t> parts{first, rows - first};
    if (first > 2) parts = {1, first - 1, rows - first};
    op.attribute("k_split", parts);
    check(op, random.codes(rows * random(1, 9), node.x_range()));
  }
}

TEST_CASE("instruction sets agree through the operators: extreme codes and weights") {
  for (const CodeRange range : {unsigned_range(8), signed_range(8)}) {
    for (const int w : {-128, 127, -275, 275}) {
      for (const std::int64_t rows : {1, 3, 64, 2048}) {
        const std::vector<std::int16_t> weight(static_cast<std::size_t>(rows * 17), static_cast<std::int16_t>(w));
        Codes x(static_cast<std::size_t>(rows), range.lo);
        x.resize(static_cast<std::size_t>(3 * rows), range.hi);
        check(linear(rows, 17, range, weight), x);
      }
    }
  }
}

TEST_CASE("instruction sets agree through the operators: shapes of networks") {
  Random random(33);
  for (const CodeRange range : {unsigned_range(8), signed_range(8)}) {
    for (const auto& [rows, columns] : {std::pair<std::int64_t, std::int64_t>{392, 384}, {800, 256}, {513, 1000}}) {
      check(linear(rows, columns, range, random.vector<std::int16_t>(rows * columns, -128, 127)),
            random.codes(rows * 13, range));
    }
  }
  check(map_of(64, 14, 64, 1, random), random.codes(2 * 64 * 14 * 14, unsigned_range(8)));
  check(map_of(16, 28, 32, 1, random), random.codes(2 * 16 * 28 * 28, unsigned_range(8)));
  check(map_of(64, 21, 64, 64, random), random.codes(2 * 64 * 21 * 21, unsigned_range(8)));
  check(map_of(24, 9, 48, 24, random), random.codes(2 * 24 * 9 * 9, unsigned_range(8)));
}

TEST_CASE("instruction sets: every one the processor has was compared, as the operating system lists them") {
  std::set<std::string> covered;
  std::string list;
  for (const kernels::Isa isa : kernels::runnable_isas()) {
    covered.emplace(kernels::name(isa));
    list += (list.empty() ? "" : ", ") + std::string(kernels::name(isa));
  }
  MESSAGE("instruction sets compared: " << list);
  std::ifstream cpuinfo("/proc/cpuinfo");
  std::set<std::string> flags;
  for (std::string word; cpuinfo >> word && word != "bugs";) flags.insert(word);
  const auto has = [&](const std::set<std::string>& wanted) { return std::ranges::includes(flags, wanted); };
  CHECK(covered.contains("ref"));
  if (has({"sse2"})) CHECK(covered.contains("sse2"));
  if (has({"avx2"})) CHECK(covered.contains("avx2"));
  const std::set<std::string> avx512{"avx512bw", "avx512dq", "avx512f", "avx512vl"};
  if (has(avx512)) CHECK(covered.contains("avx512bw"));
  if (has(avx512) && has({"avx512_vnni"})) CHECK(covered.contains("avx512vnni"));
  if (has({"asimddp"})) CHECK(covered.contains("neon"));
}
