// Curves over a common axis, each with a band around it where its spread is known.
#pragma once

#include <optional>

#include <vector>
#include "sim/report/html/markup.hpp"

namespace witin::report::html {

struct LineChart {
  struct Point {
    double x = 0;
    double y = 0;
    double low = 0;  // the band; y itself where there is none
    double high = 0;
  };
  struct Series {
    std::string name;
    std::vector<Point> points;  // in the order of x; those that are not finite are left out
  };

  std::string title;
  std::string description;  // what the picture shows, in a sentence
  std::string x_title;
  std::string y_title;
  std::optional<double> y_low = {};  // the axis goes at least from here to there
  std::optional<double> y_high = {};
  std::vector<Series> series = {};
};

// Colours and dashes repeat after six series; every curve carries its name at its end.
[[nodiscard]] Markup line_chart(const LineChart& chart);

}  // namespace witin::report::html
