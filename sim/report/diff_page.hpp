// What a comparison found, as a page: which layer, which channel, why.
#pragma once

#include <string>

#include "sim/diff/report.hpp"

namespace witin::report {

// What is known of why a node differs, best first: sentences with the share of the differences they explain.
struct NodeFindings {
  struct Finding {
    std::string sentence;
    std::int64_t explained = 0;  // of `differing`
    bool certain = false;
  };

  std::string node;
  std::int64_t differing = 0;
  std::vector<Finding> findings = {};
  std::string note = {};  // what was not looked at; empty: nothing
};

[[nodiscard]] std::string diff_page(const diff::Report& report, const std::vector<NodeFindings>& findings = {});

}  // namespace witin::report
