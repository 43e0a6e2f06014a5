#include <cmath>
#include <limits>
#include <random>

#include "sim/report/html/heat_map.hpp"
#include "sim/report/html/histogram.hpp"
#include "sim/report/html/line_chart.hpp"
#include "tests/support/markup.hpp"

using namespace witin::report::html;
using witin::test::occurrences;
using witin::test::unbalanced;

TEST_CASE("a curve has its points, its band and its name") {
  LineChart chart{"Accuracy", "falls", "noise level", "accuracy, %", 0, 100, {}};
  chart.series.push_back({"normal & co", {{0, 99, 98, 100}, {1, 97, 95, 98}, {2, 80, 70, 85}}});
  chart.series.push_back({"flat", {{0, 50, 50, 50}, {2, 50, 50, 50}}});
  const std::string svg = line_chart(chart).text;
  CHECK(unbalanced(svg) == "");
  CHECK(occurrences(svg, "<polyline") == 2);
  CHECK(occurrences(svg, "<polygon") == 1);  // the second has no spread
  CHECK(occurrences(svg, "<circle") == 5);
  CHECK(svg.find("normal &amp; co, noise level 1.0: 97.00 (95.00 to 98.00)") != std::string::npos);
  CHECK(svg.find(">100</text>") != std::string::npos);
  CHECK(line_chart(chart).text == svg);
}

TEST_CASE("what cannot be drawn is left out, what is too much is thinned") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  LineChart chart{"t", "d", "x", "y", {}, {}, {}};
  CHECK(line_chart(chart).text.find("no values") != std::string::npos);
  chart.series.push_back({"broken", {{nan, 1, 1, 1}, {1, nan, 1, 1}, {2, 2, 2, INFINITY}}});
  CHECK(line_chart(chart).text.find("no values") != std::string::npos);
  LineChart::Series large{"large", {}};
  for (int i = 0; i < 1'000'000; ++i) large.points.push_back({1.0 * i, 1.0 * i, 0, 2.0 * i});
  chart.series.push_back(large);
  CHECK(line_chart(chart).text.size() < 60'000);
  for (int i = 0; i < 30; ++i) chart.series.push_back({"more", {{0, 0, 0, 0}}});
  CHECK(line_chart(chart).text.find("20 further curves are not drawn") != std::string::npos);
}

TEST_CASE("every count of a histogram can be read") {
  Histogram errors{"Errors", "mostly one LSB", "difference in LSB", {{"-1", 120}, {"1", 80}, {"2", 0}}};
  const std::string svg = histogram(errors).text;
  CHECK(unbalanced(svg) == "");
  CHECK(svg.find("-1: 120 values") != std::string::npos);
  CHECK(svg.find("1: 80 values") != std::string::npos);
  CHECK(svg.find("2: 0 values") == std::string::npos);
  CHECK(svg.find("logarithmic") == std::string::npos);
  errors.bins.push_back({"9", 1});
  CHECK(histogram(errors).text.find("logarithmic") != std::string::npos);
  for (int i = 0; i < 500; ++i) errors.bins.push_back({std::to_string(10 + i), 1});
  CHECK(histogram(errors).text.find("and 441 more: 441 values") != std::string::npos);
  CHECK(unbalanced(histogram({"t", "d", "x", {}}).text) == "");
}

TEST_CASE("even_starts cuts into nearly equal parts") {
  for (const std::int64_t extent : {0, 1, 2, 63, 64, 65, 1000, 1 << 20}) {
    const auto starts = even_starts(extent, 64);
    REQUIRE(starts.size() == static_cast<std::size_t>(std::min<std::int64_t>(extent, 64)) + 1);
    CHECK(starts.front() == 0);
    CHECK(starts.back() == extent);
    for (std::size_t i = 0; i + 1 < starts.size(); ++i) {
      const std::int64_t size = starts[i + 1] - starts[i];
      CHECK(size >= extent / 64);
      CHECK(size <= extent / 64 + 1);
    }
  }
}

TEST_CASE("a heat map shows a single difference and names its channel") {
  HeatMap map{"t", "d"};
  map.row_starts = even_starts(1000, 40);
  map.column_starts = even_starts(64, 64);
  map.counts.assign(40 * 64, 0);
  map.values.assign(40 * 64, 25 * 36);
  CHECK(occurrences(heat_map(map).text, "class=\"heat") == 0);
  map.counts[7 * 64 + 13] = 1;
  const std::string svg = heat_map(map).text;
  CHECK(unbalanced(svg) == "");
  CHECK(svg.find("channel 13: 1 difference") != std::string::npos);
  CHECK(svg.find("frame 175\xE2\x80\x93"
                 "199: 1 difference") != std::string::npos);
  CHECK(svg.find(">13</text>") != std::string::npos);
  CHECK(svg.find("heat h8") != std::string::npos);
}

TEST_CASE("large heat maps keep every count and stay small") {
  std::mt19937 random(5);
  HeatMap map{"t", "d"};
  map.row_starts = even_starts(100'000, 500);
  map.column_starts = even_starts(1024, 1000);
  std::int64_t total = 0;
  for (int i = 0; i < 500 * 1000; ++i) total += map.counts.emplace_back(random() % 5 == 0 ? random() % 90 : 0);
  const std::string svg = heat_map(map).text;
  CHECK(svg.size() < 300'000);
  std::int64_t shown = 0;
  for (std::size_t at = 0; (at = svg.find("<title>channel ", at)) != std::string::npos; ++at) {
    shown += std::stoll(svg.substr(svg.find(": ", at) + 2));
  }
  CHECK(shown == total);
  CHECK(heat_map(HeatMap{}).text.empty());
}
