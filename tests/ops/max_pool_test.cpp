// max_pool: the largest code of every window.
#include <doctest/doctest.h>

#include "tests/ops/pool_case.hpp"

using namespace witin;
using namespace witin::test;

TEST_CASE("max_pool: the largest code inside the map, exact with equal scales") {
  for (const PoolGeometry& geometry : kPoolGeometries) {
    for (const CodeRange codes : {signed_range(8), unsigned_range(8), signed_range(12)}) {
      const Codes x = random_codes(static_cast<std::size_t>(3 * geometry.c * geometry.h * geometry.w), codes, 1);
      Codes expected;
      Codes scaled;
      geometry.windows(x, [&](const Codes& inside) {
        expected.push_back(*std::ranges::max_element(inside));
        scaled.push_back(rescaled(expected.back(), 0.3, 0.7));
      });
      OpRunner op = geometry.runner("max_pool", codes);
      CHECK(*op.run({x}) == expected);
      CHECK(*op.attribute("scale_in", 0.25).attribute("scale_out", 0.25).run({x}) == expected);
      CHECK(*op.attribute("scale_in", 0.3).attribute("scale_out", 0.7).run({x}) == scaled);
    }
  }
}

TEST_CASE("max_pool: refusals") {
  const auto refusal = [](Shape shape, List kernel, List strides, List pads) {
    OpRunner op = pool("max_pool", std::move(shape), signed_range(8), std::move(kernel));
    return op.attribute("strides", std::move(strides)).attribute("pads", std::move(pads)).refusal();
  };
  CHECK(refusal({1, 4, 4}, {0, 2}, {1, 1}, {0, 0, 0, 0}) == "attribute.range");
  CHECK(refusal({1, 4, 4}, {2, 2}, {1, 0}, {0, 0, 0, 0}) == "attribute.range");
  CHECK(refusal({1, 4, 4}, {2, 2}, {1, 1}, {0, 0, 0, -1}) == "attribute.range");
  CHECK(refusal({1, 4, 4}, {5, 2}, {1, 1}, {0, 0, 0, 0}) == "pool.kernel");
  CHECK(refusal({1, 4, 4}, {2, 7}, {1, 1}, {0, 1, 0, 1}) == "pool.kernel");
  CHECK(refusal({1, 4, 4}, {2, 2}, {1, 1}, {2, 0, 0, 0}) == "pool.pads");
  CHECK(refusal({1, 4, 4}, {2, 2}, {1, 1}, {0, 0, 0, 2}) == "pool.pads");
  CHECK(refusal({1, 4, 4}, {2}, {1, 1}, {0, 0, 0, 0}) == "attribute.count");
  CHECK(refusal({4, 4}, {2, 2}, {1, 1}, {0, 0, 0, 0}) == "node.shape");
  CHECK(refusal({1, 0, 4}, {1, 1}, {1, 1}, {0, 0, 0, 0}) == "node.shape");
}
