#include "sim/report/html/axis.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <random>
#include <set>

#include "sim/report/html/markup.hpp"

using namespace witin::report::html;

TEST_CASE("axes that people expect") {
  CHECK(make_axis(0, 9, 10).ticks == std::vector<double>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  CHECK(make_axis(0.31, 0.99, 5).ticks == std::vector<double>{0.2, 0.4, 0.6, 0.8, 1.0});
  CHECK(make_axis(-3, 180, 4).ticks == std::vector<double>{-50, 0, 50, 100, 150, 200});
  const Axis one = make_axis(5, 5);
  CHECK(one.low < 5);
  CHECK(one.high > 5);
}

TEST_CASE("every axis covers its values with few, different labels") {
  std::mt19937_64 random(7);
  int bad = 0;
  for (int i = 0; i < 20000; ++i) {
    const double size = std::pow(10.0, static_cast<double>(random() % 18) - 6);
    const double low = (static_cast<double>(random() % 2001) - 1000) / 1000 * size;
    const double high = low + static_cast<double>(random() % 1000 + 1) / 1000 * size;
    const Axis axis = make_axis(low, high, 6);
    const double slack = (high - low) * 1e-6;
    std::set<std::string> labels;
    for (const double tick : axis.ticks) labels.insert(fixed(tick, axis.digits));
    const bool covers = axis.low <= low + slack && axis.high >= high - slack;
    bad += !covers || axis.ticks.size() < 2 || axis.ticks.size() > 9 || labels.size() != axis.ticks.size() ||
                   axis.at(axis.low) != 0 || axis.at(axis.high) != 1
               ? 1
               : 0;
  }
  CHECK(bad == 0);
}
