// permute against the definition: y[index] = x[index permuted back].
#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>

#include "tests/support/op_runner.hpp"

using witin::pn_range;
using witin::Shape;
using witin::signed_range;
using witin::test::Codes;
using witin::test::OpRunner;

namespace {

using List = std::vector<std::int64_t>;

OpRunner permute(Shape shape, List axes) {
  OpRunner op("permute");
  op.input(std::move(shape), pn_range(12)).attribute("axes", std::move(axes));
  return op;
}

}  // namespace

TEST_CASE("permute: every order of a map's axes, over two frames") {
  const Shape shape{2, 3, 5};
  Codes x(60);
  std::iota(x.begin(), x.end(), -30);
  List axes{0, 1, 2};
  do {
    OpRunner op = permute(shape, axes);
    const auto y = op.run({x});
    REQUIRE(y.ok());
    const auto at = [&](std::size_t i) { return shape[static_cast<std::size_t>(axes[i])]; };
    std::size_t element = 0;
    for (std::int64_t frame = 0; frame < 2; ++frame) {
      for (std::int64_t i = 0; i < at(0); ++i) {
        for (std::int64_t j = 0; j < at(1); ++j) {
          for (std::int64_t k = 0; k < at(2); ++k) {
            List index(3);
            index[static_cast<std::size_t>(axes[0])] = i;
            index[static_cast<std::size_t>(axes[1])] = j;
            index[static_cast<std::size_t>(axes[2])] = k;
            const std::int64_t source = frame * 30 + index[0] * 15 + index[1] * 5 + index[2];
            REQUIRE((*y)[element++] == x[static_cast<std::size_t>(source)]);
          }
        }
      }
    }
    const auto prepared = op.prepare();
    CHECK((*prepared)->output().shape == Shape{at(0), at(1), at(2)});
    CHECK((*prepared)->output().range == pn_range(12));
  } while (std::ranges::next_permutation(axes).found);
}

TEST_CASE("permute: negative axes, and axes of extent 1") {
  CHECK(*permute({2, 2}, {-1, -2}).run({{1, 2, 3, 4}}) == Codes{1, 3, 2, 4});
  CHECK(*permute({1, 3}, {1, 0}).run({{1, 2, 3}}) == Codes{1, 2, 3});
  CHECK(*permute({}, {}).run({{7}}) == Codes{7});
}

TEST_CASE("permute: refusals") {
  CHECK(permute({2, 2}, {0}).refusal() == "attribute.count");
  CHECK(permute({2, 2}, {0, 0}).refusal() == "axis.repeated");
  CHECK(permute({2, 2}, {0, 2}).refusal() == "axis.range");
  CHECK(permute({2, 2}, {0, 1, 0}).refusal() == "axis.repeated");
}
