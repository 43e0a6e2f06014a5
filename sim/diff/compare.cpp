#include "sim/diff/compare.hpp"

#include <algorithm>
#include <map>
#include <mutex>

#include "sim/diff/capture_figures.hpp"
#include "sim/diff/compare_field.hpp"
#include "sim/diff/fields.hpp"
#include "sim/diff/match.hpp"
#include "sim/diff/origin.hpp"
#include "sim/guard.hpp"

namespace witin::diff {
namespace {

constexpr std::int64_t kBits = std::int64_t{1} << 28;  // of all fields: 32 MB

bool is_npy_member(const Entry& entry) { return entry.source == entry.node + "/" + entry.field + ".npy"; }

class Comparison {
 public:
  Comparison(const Side& left, const Side& right, const CompareOptions& options)
      : left_(left), right_(right), options_(options) {}

  Result<Report> run() {
    Result<Matches> matches = match(left_, right_, options_);
    if (!matches) return std::move(matches).error();
    matches_ = *std::move(matches);
    report_.left = left_.info();
    report_.right = right_.info();
    report_.tolerance = options_.tolerance;
    report_.notes = matches_.notes;
    for (Missing& missing : matches_.missing) add_missing(std::move(missing));
    plan();
    for (std::size_t i = 0; i < jobs_.size(); ++i) {
      if (Status status = compare_one(matches_.pairs[i], jobs_[i]); !status) return std::move(status).error();
    }
    if (report_.counts.compared == 0) return nothing();
    describe_graph();
    find_origins(evidence_, network_inputs_, report_);
    return std::move(report_);
  }

 private:
  Error nothing() const {
    return Error{"diff.nothing",
                 "the sides have no value in common",
                 left_.info().path + " and " + right_.info().path,
                 "arrays of the same names, shapes and frames",
                 std::to_string(left_.entries().size()) + " and " + std::to_string(right_.entries().size()) + " arrays",
                 ""};
  }

  void add_missing(Missing missing) {
    if (missing.values == 0) return;
    (missing.left ? report_.counts.missing_left : report_.counts.missing_right) += missing.values;
    report_.missing.push_back(std::move(missing));
  }

  void plan() {
    std::map<std::size_t, int> left_uses;
    std::map<std::size_t, int> right_uses;
    for (const Match& match : matches_.pairs) {
      FieldJob job{&left_, &right_, match.left, match.right, {}};
      const Entry& left = left_.entries()[match.left];
      const Entry& right = right_.entries()[match.right];
      ++left_uses[match.left];
      ++right_uses[match.right];
      const std::int64_t values = element_count(left.shape);
      if (values == 0) {  // any number of frames fits a file, and none has anything to compare
        jobs_.push_back(std::move(job));
        continue;
      }
      job.frames = pair_frames(left, right, match.by_position, options_);
      total_ += job.frames.count * values;
      for (const Entry* entry : {&left, &right}) {
        run_frames_ = std::max(run_frames_, entry->frames);
        for (const std::int64_t frame : entry->frame_numbers) run_frames_ = std::max(run_frames_, frame + 1);
      }
      jobs_.push_back(std::move(job));
    }
    const auto fields = static_cast<std::int64_t>(jobs_.size());
    for (FieldJob& job : jobs_) {
      const auto whole = [&job](const Entry& entry) {
        return job.frames.from_zero && job.frames.first == 0 && job.frames.count == entry.frames;
      };
      job.left_once = left_uses[job.left_entry] == 1 && whole(left_.entries()[job.left_entry]);
      job.right_once = right_uses[job.right_entry] == 1 && whole(right_.entries()[job.right_entry]);
      job.run_frames = run_frames_;
      job.frames_per_bit = std::max<std::int64_t>((run_frames_ * fields + kBits - 1) / kBits, 1);
    }
  }

  Status compare_one(const Match& match, const FieldJob& job) {
    std::int64_t before = done_;
    std::mutex mutex;
    const auto progress = [&](std::int64_t values) {
      const std::scoped_lock lock(mutex);
      before += values;
      if (options_.progress) options_.progress(before, total_);
    };
    Result<FieldResult> compared = compare_field(job, options_, progress);
    if (!compared) return std::move(compared).error();
    done_ = before;
    FieldReport& field = compared->report;
    const Entry& left = left_.entries()[match.left];
    const Entry& right = right_.entries()[match.right];
    field.field = left.field;
    if (!is_npy_member(left)) field.left_source = left.source;
    if (!is_npy_member(right)) field.right_source = right.source;
    count(match.node, field, job.frames);
    if (field.examples.size() > options_.max_examples) field.examples.resize(options_.max_examples);
    if (Status status = add_figures(match, job, field); !status) return status;
    note_evidence(match.node, job, *compared);
    if (report_.nodes.empty() || report_.nodes.back().node != match.node) {
      report_.nodes.push_back({.node = match.node});
    }
    report_.nodes.back().fields.push_back(std::move(field));
    return {};
  }

  void count(const std::string& node, const FieldReport& field, const FramePairs& frames) {
    Counts& counts = report_.counts;
    counts.compared += field.values;
    counts.different += field.different;
    counts.equal += field.values - field.different;
    counts.beyond += field.beyond;
    const std::int64_t size = element_count(field.shape);
    for (const bool on_left : {true, false}) {
      const std::int64_t missing = on_left ? frames.missing_left : frames.missing_right;
      add_missing({node, field.field, on_left, missing, missing * size, "the other side has more frames"});
    }
    if (!report_.first && !field.examples.empty()) report_.first = {node, field.field, field.examples.front()};
  }

  Status add_figures(const Match& match, const FieldJob& job, FieldReport& field) {
    const bool chip_right = right_.info().kind == "capture";
    if ((!chip_right && left_.info().kind != "capture") || is_input_field(field.field) || field.values == 0) return {};
    Result<CaptureReport> figures = capture_figures(job, chip_right);
    if (!figures) return std::move(figures).error();
    const Side& chip = chip_right ? right_ : left_;
    if (const auto layer = chip.entries()[chip_right ? match.right : match.left].layer) {
      add_logged(chip.logged(), *layer, *figures);
    }
    field.capture = *std::move(figures);
    return {};
  }

  static void add_logged(std::span<const LoggedLayer> logged, std::size_t layer, CaptureReport& report) {
    for (const LoggedLayer& entry : logged) {
      if (entry.layer != layer) continue;
      report.logged_raw = entry.raw;
      report.logged_corrected = entry.corrected;
    }
  }

  void note_evidence(const std::string& node, const FieldJob& job, FieldResult& compared) {
    NodeEvidence& own = evidence_[node];
    const std::string& field = compared.report.field;
    const bool whole = job.frames.from_zero && job.frames.missing_left == 0 && job.frames.missing_right == 0;
    if (is_input_field(field)) {
      if (field == "npu_x" || field == "inp") own.driven_compared = own.driven_compared || whole;
      own.driven |= compared.bits;
      return;
    }
    if (field == "npu_y") {
      own.output_compared = own.output_compared || whole;
      own.output |= compared.bits;
    }
    own.results |= compared.bits;
  }

  // Ops and edges of all nodes, from the side that knows more of them.
  void describe_graph() {
    const auto known = [](const Side& side) {
      return std::ranges::count_if(side.entries(), [](const Entry& entry) { return entry.inputs.has_value(); });
    };
    const auto ops = [](const Side& side) {
      return std::ranges::count_if(side.entries(), [](const Entry& entry) { return !entry.op.empty(); });
    };
    const bool from_right = std::pair(known(right_), ops(right_)) > std::pair(known(left_), ops(left_));
    const Side& side = from_right ? right_ : left_;
    network_inputs_ = side.network_inputs();
    for (const Entry& entry : side.entries()) {
      if (entry.node.empty()) continue;
      NodeEvidence& own = evidence_[entry.node];
      own.op = entry.op;
      own.reads = entry.inputs;
      own.lookahead = entry.lookahead;
    }
    for (NodeReport& node : report_.nodes) {
      const NodeEvidence& own = evidence_[node.node];
      node.op = own.op;
      node.inputs = own.reads.value_or(std::vector<std::string>{});
    }
  }

  const Side& left_;
  const Side& right_;
  const CompareOptions& options_;
  Matches matches_;
  std::vector<FieldJob> jobs_;
  std::int64_t run_frames_ = 0;
  std::int64_t total_ = 0;
  std::int64_t done_ = 0;
  Evidence evidence_;
  std::vector<std::string> network_inputs_;
  Report report_;
};

}  // namespace

Result<Report> compare(const Side& left, const Side& right, const CompareOptions& options) {
  return guarded(left.info().path, [&] { return Comparison(left, right, options).run(); });
}

}  // namespace witin::diff
