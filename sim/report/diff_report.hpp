// What a comparison found: text for people, a document (witin.diff), and JUnit's XML for CI.
#pragma once

#include <string>

#include "sim/diff/report.hpp"
#include "sim/report/document.hpp"

namespace witin::report {

// "equal", or "different" where a value is beyond the tolerance or, with `complete`, where one is missing.
[[nodiscard]] bool is_equal(const diff::Report& report, bool complete);

// "different: 3 of 393480 values; first in node conv_2 npu_y frame 17 [4, 0, 2]: left 12, right 11"
[[nodiscard]] std::string diff_verdict(const diff::Report& report, bool complete);

// All but the verdict. The examples of every array are those of the report.
[[nodiscard]] std::string diff_text(const diff::Report& report);

// Colleagues of the comparison add keys before it is printed.
[[nodiscard]] Document diff_document(const diff::Report& report, bool complete);

// A test case for each node.
[[nodiscard]] std::string diff_junit(const diff::Report& report, bool complete, double time);

}  // namespace witin::report
