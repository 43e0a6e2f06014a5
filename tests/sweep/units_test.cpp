#include "sim/sweep/units.hpp"

#include <doctest/doctest.h>

using witin::sweep::Unit;
using witin::sweep::UnitList;

TEST_CASE("units go through models, settings, trials of all layers, and trials of each layer alone") {
  // Two models of 2 and 0 layers that are noised, 3 settings.
  const UnitList units({2, 0}, 3, 4, 2);
  std::vector<Unit> expected;
  for (std::size_t model = 0; model < 2; ++model) {
    for (std::size_t setting = 0; setting < 3; ++setting) {
      for (std::int64_t trial = 0; trial < 4; ++trial) expected.push_back({model, setting, {}, trial});
      for (std::size_t layer = 0; layer < (model == 0 ? 2U : 0U); ++layer) {
        for (std::int64_t trial = 0; trial < 2; ++trial) expected.push_back({model, setting, layer, trial});
      }
    }
  }
  REQUIRE(units.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CAPTURE(i);
    CHECK(units.at(i) == expected[i]);
    if (expected[i].trial == 0) CHECK(units.find(expected[i].model, expected[i].setting, expected[i].layer) == i);
  }
}

TEST_CASE("without trials of single layers there are none") {
  const UnitList units({5}, 2, 3, 0);
  CHECK(units.size() == 6);
  CHECK(units.at(5) == Unit{0, 1, {}, 2});
}
