#include <doctest/doctest.h>

#include "tests/array/array_case.hpp"

using namespace witin;
using namespace witin::test;

TEST_CASE("tdnn: context rows in the order of the offsets, zero history, in any blocks of frames") {
  Random random(21);
  for (int round = 0; round < 150; ++round) {
    CAPTURE(round);
    const ArrayCase node = random.array_case(true);
    const std::int64_t channels = random(1, 6);
    const std::int64_t columns = random(1, 5);
    std::vector<std::int64_t> offsets{random(-4, 1)};
    while (random(0, 2) != 0) offsets.push_back(offsets.back() + random(1, 3));
    const std::int64_t rows = channels * std::ssize(offsets);
    const auto weight = random.vector<std::int16_t>(rows * columns, -275, 275);
    const auto bias = random.vector<std::int32_t>(columns, -300, 300, 128);
    OpRunner op("tdnn", node.rule.arithmetic);
    op.input({channels}, node.x_range()).tensor("weight", {rows, columns}, weight);
    op.attribute("time_offsets", offsets);
    op.tensor("bias", {columns}, bias);
    if (node.rule.split) {
      op.tensor("bias_d", {columns}, std::vector<std::int32_t>(static_cast<std::size_t>(columns), 0));
    }
    node.describe(op);

    const std::int64_t frames = random(1, 9);
    const Codes x = random.codes(frames * channels, node.x_range());
    Codes y;
    Codes context;
    for (std::int64_t t = 0; t < frames; ++t) {
      std::vector<std::int64_t> row;
      for (const std::int64_t offset : offsets) {
        const std::int64_t from = t + offset - offsets.back();
        for (std::int64_t c = 0; c < channels; ++c) {
          row.push_back(from < 0 ? node.shift : x[static_cast<std::size_t>(from * channels + c)]);
        }
      }
      for (std::int64_t n = 0; n < columns; ++n) {
        std::vector<oracle::Term> terms;
        for (std::int64_t k = 0; k < rows; ++k) {
          const std::int64_t w = weight[static_cast<std::size_t>(k * columns + n)];
          terms.push_back({row[static_cast<std::size_t>(k)], w, -w});
        }
        const auto sums = oracle::sums(node.rule, terms, bias[static_cast<std::size_t>(n)], 0);
        y.push_back(static_cast<std::int32_t>(oracle::output(node.rule, sums)));
      }
      for (const int sign : {1, -1}) {
        if (sign == -1 && !node.rule.pn) continue;
        for (const std::int64_t code : row) {
          const std::int64_t low = node.rule.split ? (code < 0 ? -(-code % 256) : code % 256) : code;
          context.push_back(static_cast<std::int32_t>(node.rule.pn ? std::max<std::int64_t>(sign * low, 0) : low));
        }
      }
    }
    CHECK(*op.run({x}) == y);
    for (const std::int64_t block : {1, 3}) {
      const auto traced = op.trace({x}, block);
      REQUIRE_MESSAGE(traced.ok(), traced.error().line());
      CHECK(traced->at("npu_y") == y);
      CHECK(traced->at("npu_x") == context);
    }
  }
}
