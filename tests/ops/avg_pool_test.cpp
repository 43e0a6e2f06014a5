// avg_pool: sums cut off toward zero.
#include <doctest/doctest.h>

#include "tests/ops/pool_case.hpp"

using namespace witin;
using namespace witin::test;

TEST_CASE("avg_pool: the sum cut off toward zero, padding counted as zeros or not at all") {
  for (const PoolGeometry& geometry : kPoolGeometries) {
    for (const CodeRange codes : {signed_range(8), unsigned_range(8), signed_range(12)}) {
      const Codes x = random_codes(static_cast<std::size_t>(3 * geometry.c * geometry.h * geometry.w), codes, 2);
      for (const bool padding : {true, false}) {
        for (const auto& [in, out] : {std::pair{1.0, 1.0}, {0.3, 0.7}, {4.0, 0.5}}) {
          Codes expected;
          geometry.windows(x, [&, in = in, out = out](const Codes& inside) {
            std::int64_t sum = 0;
            for (const auto code : inside) sum += code;
            const std::int64_t count =
                padding ? geometry.kernel[0] * geometry.kernel[1] : static_cast<std::int64_t>(inside.size());
            expected.push_back(rescaled(sum / count, in, out));
          });
          OpRunner op = geometry.runner("avg_pool", codes).attribute("count_include_pad", padding);
          CHECK(*op.attribute("scale_in", in).attribute("scale_out", out).run({x}) == expected);
        }
      }
    }
  }
}

TEST_CASE("avg_pool: every code alone; a negative average becomes one more, 128 wraps") {
  const Codes x = all_codes(signed_range(12));
  Codes expected;
  for (const auto code : x) {
    const std::int32_t moved = code < 0 ? code + 1 : code;
    expected.push_back(((moved + 128) % 256 + 256) % 256 - 128);
  }
  CHECK(*pool("avg_pool", {1, 1, 1}, signed_range(12), {1, 1}).run({x}) == expected);
  CHECK(*pool("avg_pool", {1, 1, 2}, signed_range(8), {1, 2}).run({{-1, -2, 1, 2, -3, -3, -1, 0}}) ==
        Codes{0, 1, -2, 0});
}

TEST_CASE("avg_pool: refusals") {
  CHECK(pool("avg_pool", {1, 2, 2}, signed_range(8), {3, 1}).refusal() == "pool.kernel");
  CHECK(pool("avg_pool", {1, 2, 2}, signed_range(8), {1, 1}).attribute("scale_in", 1e9).refusal() == "attribute.value");
  CHECK(OpRunner("avg_pool").input({1, 2, 2}, signed_range(8)).refusal() == "attribute.missing");
}
