#include "tests/fuzz/sides.hpp"

#include <nlohmann/json.hpp>
#include <vector>

#include "sim/report/diff_page.hpp"
#include "sim/report/diff_report.hpp"
#include "tests/fuzz/check.hpp"

namespace witin::fuzz {
namespace {

constexpr std::int64_t kMostReadAlone = 64;  // frames

// The sums hold, in every table.
void check_sums(const diff::Report& report) {
  const diff::Counts& counts = report.counts;
  require(counts.compared > 0, "a comparison of nothing");
  require(counts.compared == counts.equal + counts.different, "values that are neither equal nor different");
  require(counts.beyond <= counts.different && counts.beyond >= 0, "more values beyond the tolerance than different");
  require(counts.missing_left >= 0 && counts.missing_right >= 0, "fewer values missing than none");
  std::int64_t compared = 0;
  std::int64_t different = 0;
  for (const diff::NodeReport& node : report.nodes) {
    for (const diff::FieldReport& field : node.fields) {
      compared += field.values;
      different += field.different;
      std::int64_t in_bins = 0;
      for (const diff::HistogramBin& bin : field.histogram) in_bins += bin.count;
      require(in_bins == field.values, "a histogram of other values than were compared");
      std::int64_t in_map = 0;
      for (const std::int64_t cell : field.map.different) in_map += cell;
      require(in_map == field.different, "a map of other values than differ");
    }
  }
  require(compared == counts.compared && different == counts.different, "counts that are not the sum of the arrays");
}

// Every form of a report can be made of it.
void check_report(const diff::Report& report) {
  const std::string document = report::text_of(report::diff_document(report, true));
  require(nlohmann::json::accept(document), "a document that is no JSON");
  require(!report::diff_verdict(report, true).empty(), "no verdict");
  (void)report::diff_text(report);
  (void)report::diff_junit(report, true, 0);
  (void)report::diff_page(report, true);
}

}  // namespace

bool read_all(const diff::Side& side) {
  for (std::size_t i = 0; i < side.entries().size(); ++i) {
    const diff::Entry& entry = side.entries()[i];
    const std::size_t frame_bytes = static_cast<std::size_t>(side.frame_values(i)) * size_of(entry.dtype);
    if (frame_bytes == 0) continue;
    std::vector<std::byte> whole(static_cast<std::size_t>(entry.frames) * frame_bytes);
    if (!succeeded(side.read(i, 0, entry.frames, whole))) return false;
    std::vector<std::byte> frame(entry.frames == 0 ? 0 : frame_bytes);
    for (std::int64_t at = 0; at < std::min(entry.frames, kMostReadAlone); ++at) {
      require_ok(side.read(i, at, 1, frame));
      require(std::equal(frame.begin(), frame.end(), whole.begin() + at * static_cast<std::int64_t>(frame_bytes)),
              "a frame alone differs from the frame among all");
    }
  }
  return true;
}

void check_comparison(const diff::Side& left, const diff::Side& right, const diff::CompareOptions& options) {
  const Result<diff::Report> report = diff::compare(left, right, options);
  const Result<diff::Report> turned = diff::compare(right, left, options);
  require(succeeded(report) == succeeded(turned), "refused in one direction only");
  if (!report) return;
  check_sums(*report);
  check_sums(*turned);
  check_report(*report);
  const auto figures = [](const diff::Counts& c) { return std::tuple(c.compared, c.different, c.beyond); };
  require(figures(report->counts) == figures(turned->counts), "other counts in the other direction");
  require(report->counts.missing_left == turned->counts.missing_right &&
              report->counts.missing_right == turned->counts.missing_left,
          "other values missing in the other direction");
  const Result<diff::Report> same = diff::compare(left, left, options);
  if (succeeded(same)) require(same->counts.different == 0, "a side that differs from itself");
}

}  // namespace witin::fuzz
