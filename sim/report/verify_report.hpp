// What a verification found: a line a case, a document (witin.verify), and JUnit's XML for CI.
#pragma once

#include <span>
#include <string>

#include "sim/golden/verify.hpp"

namespace witin::report {

[[nodiscard]] std::string_view name(golden::Verdict verdict);  // "equal", "different", "unusable"

// What comes after the verdict: "PATH: 360 frames, 12345 values", "PATH: 3 of 12345 values; first in node ...".
[[nodiscard]] std::string detail(const golden::CaseResult& result);
// "98 cases: 97 equal, 1 different, 0 unusable; 61234 values compared"
[[nodiscard]] std::string totals(std::span<const golden::CaseResult> results);

[[nodiscard]] std::string verify_document(std::span<const golden::CaseResult> results);
[[nodiscard]] std::string verify_junit(std::span<const golden::CaseResult> results);

}  // namespace witin::report
