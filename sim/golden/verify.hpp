// Runs a golden case and compares what comes out with what must come out.
#pragma once

#include "sim/golden/case.hpp"
#include "sim/golden/compare_sink.hpp"
#include "sim/report/accuracy.hpp"

namespace witin::golden {

enum class Verdict : std::uint8_t { kEqual, kDifferent, kUnusable };

struct CaseResult {
  std::filesystem::path path;
  std::string name = {};  // empty when the case could not be read
  Verdict verdict = Verdict::kUnusable;
  std::int64_t frames = 0;
  std::vector<FieldComparison> comparisons = {};  // in execution order
  std::optional<report::Accuracy> accuracy = {};
  std::optional<Error> error = {};  // why it is unusable, or different although all values are equal
  double seconds = 0;

  [[nodiscard]] std::int64_t compared() const;
  [[nodiscard]] std::int64_t different() const;
  [[nodiscard]] const FieldComparison* first_difference() const;  // null: none
};

// Unusable: files missing, damaged or not of this network, a run that failed (also by options.cancel), a comparison of
// nothing. `options` may not narrow the frames.
[[nodiscard]] CaseResult verify_case(const std::filesystem::path& path, const RunOptions& options = {});

}  // namespace witin::golden
