// Bars of counts.
#pragma once

#include <vector>

#include "sim/report/html/markup.hpp"

namespace witin::report::html {

struct Histogram {
  struct Bin {
    std::string label;
    std::int64_t count = 0;
  };

  std::string title;
  std::string description;  // what the picture shows, in a sentence
  std::string x_title;
  std::vector<Bin> bins = {};
};

// Where the largest count is more than 50 times the smallest, the height grows with the logarithm, and the picture
// says so.
[[nodiscard]] Markup histogram(const Histogram& histogram);

}  // namespace witin::report::html
