// global_avg_pool: one average a channel.
#include <doctest/doctest.h>

#include "tests/ops/pool_case.hpp"

using namespace witin;
using namespace witin::test;

TEST_CASE("global_avg_pool: one average a channel") {
  OpRunner op("global_avg_pool", Arithmetic::kWtm2101);
  op.input({2, 2, 3}, signed_range(8));
  CHECK(*op.run({{1, 2, 3, 4, 5, 6, -1, -2, -3, -4, -5, -6}}) == Codes{3, -2});
  CHECK(*op.attribute("scale_out", 0.5).run({{1, 2, 3, 4, 5, 6, -1, -2, -3, -4, -5, -6}}) == Codes{6, -5});
  CHECK((*op.prepare())->output().shape == Shape{2, 1, 1});
}

TEST_CASE("global_avg_pool: refusals") {
  CHECK(OpRunner("global_avg_pool").input({2}, signed_range(8)).refusal() == "node.shape");
}
