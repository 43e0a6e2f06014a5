#include "sim/report/verify_report.hpp"

#include <algorithm>
#include <numeric>

#include "sim/escape.hpp"
#include "sim/report/document.hpp"
#include "sim/report/html/markup.hpp"
#include "sim/report/table.hpp"

namespace witin::report {
namespace {

using golden::CaseResult;
using golden::Difference;
using golden::FieldComparison;
using golden::Verdict;

std::int64_t count(std::span<const CaseResult> results, Verdict verdict) {
  return std::ranges::count(results, verdict, &CaseResult::verdict);
}

std::int64_t compared(std::span<const CaseResult> results) {
  return std::accumulate(results.begin(), results.end(), std::int64_t{0},
                         [](std::int64_t sum, const CaseResult& result) { return sum + result.compared(); });
}

std::string describe(const FieldComparison& comparison) {
  const Difference& first = *comparison.first;
  return "node " + comparison.node + " " + comparison.field + " frame " + std::to_string(first.frame) + " " +
         to_string(first.index) + ": expected " + std::to_string(first.expected) + ", found " +
         std::to_string(first.found);
}

Document to_json(const FieldComparison& comparison) {
  Document json = {{"node", comparison.node},
                   {"field", comparison.field},
                   {"compared", comparison.compared},
                   {"different", comparison.different},
                   {"first", nullptr}};
  if (comparison.first) {
    json["first"] = {{"frame", comparison.first->frame},
                     {"index", comparison.first->index},
                     {"expected", comparison.first->expected},
                     {"found", comparison.first->found}};
  }
  return json;
}

Document to_json(const CaseResult& result) {
  Document json = {{"path", result.path.string()},
                   {"name", result.name},
                   {"verdict", name(result.verdict)},
                   {"frames", result.frames},
                   {"compared", result.compared()},
                   {"different", result.different()},
                   {"error", nullptr},
                   {"accuracy", nullptr}};
  if (result.error) json["error"] = report::to_json(*result.error);
  if (result.accuracy) json["accuracy"] = result.accuracy->share();
  json["fields"] = Document::array();
  for (const FieldComparison& comparison : result.comparisons) json["fields"].push_back(to_json(comparison));
  return json;
}

std::string seconds(double value) {
  const auto milliseconds = static_cast<std::int64_t>(value * 1000.0);
  return std::to_string(milliseconds / 1000) + "." + std::to_string(1000 + milliseconds % 1000).substr(1);
}

}  // namespace

std::string_view name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kEqual:
      return "equal";
    case Verdict::kDifferent:
      return "different";
    case Verdict::kUnusable:
      break;
  }
  return "unusable";
}

std::string detail(const CaseResult& result) {
  if (result.error) return result.error->line();
  std::string out;
  append_escaped(out, result.path.string());
  if (const FieldComparison* first = result.first_difference()) {
    return out + ": " + std::to_string(result.different()) + " of " + counted(result.compared(), "value") +
           "; first in " + describe(*first);
  }
  return out + ": " + counted(result.frames, "frame") + ", " + counted(result.compared(), "value");
}

std::string totals(std::span<const CaseResult> results) {
  return counted(static_cast<std::int64_t>(results.size()), "case") + ": " +
         std::to_string(count(results, Verdict::kEqual)) + " equal, " +
         std::to_string(count(results, Verdict::kDifferent)) + " different, " +
         std::to_string(count(results, Verdict::kUnusable)) + " unusable; " + counted(compared(results), "value") +
         " compared\n";
}

std::string verify_document(std::span<const CaseResult> results) {
  Document json = new_document("witin.verify");
  json["summary"] = {{"cases", results.size()},
                     {"equal", count(results, Verdict::kEqual)},
                     {"different", count(results, Verdict::kDifferent)},
                     {"unusable", count(results, Verdict::kUnusable)},
                     {"compared", compared(results)}};
  json["cases"] = Document::array();
  for (const CaseResult& result : results) json["cases"].push_back(to_json(result));
  return text_of(json);
}

std::string verify_junit(std::span<const CaseResult> results) {
  double time = 0;
  std::string cases;
  for (const CaseResult& result : results) {
    time += result.seconds;
    const std::string path = result.path.string();
    cases += "  <testcase classname=\"witin-sim.verify\" name=\"" + html::escaped(path) + "\" time=\"" +
             seconds(result.seconds) + "\">\n";
    if (result.verdict != Verdict::kEqual) {
      const std::string tag = result.verdict == Verdict::kDifferent ? "failure" : "error";
      cases += "    <" + tag + " message=\"" + html::escaped(detail(result)) + "\"/>\n";
    }
    cases += "    <system-out>" + html::escaped(detail(result)) + "</system-out>\n  </testcase>\n";
  }
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"witin-sim verify\" tests=\"" +
         std::to_string(results.size()) + "\" failures=\"" + std::to_string(count(results, Verdict::kDifferent)) +
         "\" errors=\"" + std::to_string(count(results, Verdict::kUnusable)) + "\" time=\"" + seconds(time) + "\">\n" +
         cases + "</testsuite>\n";
}

}  // namespace witin::report
