#include "sim/report/diff_page.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "sim/diff/tally.hpp"
#include "sim/package/limits.hpp"
#include "sim/report/diff_report.hpp"
#include "sim/report/html/page.hpp"
#include "sim/report/network_parts.hpp"
#include "sim/report/table.hpp"

namespace witin::report {
namespace {

using diff::FieldReport;
using diff::NodeReport;
using diff::Origin;
using html::Tone;

const FieldReport* output_of(const NodeReport& node) { return node.fields.empty() ? nullptr : &node.fields.back(); }

std::int64_t different(const NodeReport& node) {
  std::int64_t sum = 0;
  for (const FieldReport& field : node.fields) sum += field.different;
  return sum;
}

std::string leading_channels_of(const FieldReport& field) {
  std::vector<std::int64_t> channels;
  channels.reserve(field.channel_groups.size());
  for (const diff::ChannelGroup& group : field.channel_groups) channels.push_back(group.different);
  return leading_channels(channels, field.channels_per_group, field.channels);
}

std::string counted_values(std::int64_t count) { return html::grouped(count) + (count == 1 ? " value" : " values"); }

std::string place(const diff::Example& at) { return "frame " + std::to_string(at.frame) + " " + to_string(at.index); }

class DiffPage {
 public:
  DiffPage(const diff::Report& report, bool complete, const explain::Explanations* explanations)
      : report_(report), complete_(complete), explanations_(explanations), page_("Comparison", sides()) {
    // Culprits first, then what differs else, each in execution order.
    for (const bool culprits : {true, false}) {
      for (std::size_t i = 0; i < report.nodes.size() && described_.size() < package::limits::kDescribedNodes; ++i) {
        const Tone tone = tone_of(report.nodes[i]);
        if (tone != Tone::kGood && (tone == Tone::kBad) == culprits) described_.push_back(i);
      }
    }
  }

  std::string text() {
    verdict();
    facts();
    if (!report_.notes.empty()) page_.list(report_.notes);
    show_findings();
    network();
    for (const std::size_t position : described_) describe(position);
    const auto differing = static_cast<std::size_t>(
        std::ranges::count_if(report_.nodes, [](const NodeReport& node) { return different(node) != 0; }));
    if (differing > described_.size()) {
      page_.paragraph(std::to_string(differing - described_.size()) + " further nodes that differ are not described.");
    }
    missing();
    return page_.text();
  }

 private:
  [[nodiscard]] std::string sides() const {
    const auto side = [](const diff::SideInfo& info) {
      std::string out = info.path + " (" + info.kind + ", " + counted(info.frames, "frame");
      if (!info.package.empty()) out += ", package " + info.package + " " + info.package_sha256.substr(0, 12);
      return out + ")";
    };
    return "left: " + side(report_.left) + "   right: " + side(report_.right);
  }

  [[nodiscard]] Tone tone_of(const NodeReport& node) const {
    if (different(node) == 0) return Tone::kGood;
    if (node.origin == Origin::kCulprit) return Tone::kBad;
    if (node.origin == Origin::kInherited) return Tone::kWarn;
    return report_.first && report_.first->node == node.node ? Tone::kBad : Tone::kWarn;
  }

  [[nodiscard]] std::string label_of(const NodeReport& node) const {
    const FieldReport* output = output_of(node);
    if (different(node) == 0 || output == nullptr) return "equal";
    const std::string share = output->different != 0 ? percent(output->different, output->values) : "inside";
    if (node.origin == Origin::kCulprit) return "born here " + share;
    return (node.origin == Origin::kInherited ? "inherited " : "differs ") + share;
  }

  [[nodiscard]] std::string link_to(std::size_t position) const {
    return std::ranges::find(described_, position) != described_.end() ? "#" + node_anchor(position) : "";
  }

  [[nodiscard]] std::string first_words() const {
    const diff::FirstDifference& first = *report_.first;
    return "First difference in execution order: " + first.node + " " + first.field + ", " + place(first.at) +
           ": left " + std::to_string(first.at.left) + ", right " + std::to_string(first.at.right) + ".";
  }

  void verdict() {
    const diff::Counts& counts = report_.counts;
    const bool equal = is_equal(report_, complete_);
    if (counts.different == 0) {
      const bool lacking = counts.missing_left + counts.missing_right != 0;
      page_.verdict(!equal    ? Tone::kBad
                    : lacking ? Tone::kWarn
                              : Tone::kGood,
                    !equal    ? "Different: values that only one side has"
                    : lacking ? "Equal in what both sides have"
                              : "Equal",
                    counted_values(counts.compared) + " compared.");
      return;
    }
    const auto culprit = std::ranges::find(report_.nodes, Origin::kCulprit, &NodeReport::origin);
    std::string answer = "Different: " + html::grouped(counts.different) + " of " + counted_values(counts.compared);
    if (culprit != report_.nodes.end()) answer += ", born in " + culprit->node;
    if (equal) answer += ", all within " + std::to_string(report_.tolerance) + " LSB";
    std::string detail = report_.first ? first_words() : std::string();
    if (culprit != report_.nodes.end() && output_of(*culprit) != nullptr) {
      const std::string leading = leading_channels_of(*output_of(*culprit));
      if (!leading.empty()) detail += " Of the differences of " + culprit->node + ", " + leading + ".";
    }
    page_.verdict(equal ? Tone::kWarn : Tone::kBad, answer, detail);
  }

  void facts() {
    const diff::Counts& counts = report_.counts;
    std::vector<html::Fact> facts{
        {"compared", html::grouped(counts.compared)},
        {"equal", html::grouped(counts.equal)},
        {"different", html::grouped(counts.different), counts.different != 0 ? Tone::kBad : Tone::kGood}};
    if (report_.tolerance != 0) {
      facts.push_back({"beyond " + std::to_string(report_.tolerance) + " LSB", html::grouped(counts.beyond)});
    }
    facts.push_back({"only left", html::grouped(counts.missing_right)});
    facts.push_back({"only right", html::grouped(counts.missing_left)});
    const auto culprits = std::ranges::count(report_.nodes, Origin::kCulprit, &NodeReport::origin);
    if (culprits != 0) facts.push_back({"nodes where differences are born", std::to_string(culprits), Tone::kBad});
    page_.facts(facts);
  }

  void show_findings() {
    if (explanations_ == nullptr || explanations_->nodes.empty()) return;
    page_.heading("Findings", "findings");
    for (const explain::NodeExplanation& node : explanations_->nodes) {
      using enum explain::WrongSide;
      const Tone tone = node.wrong == kUnknown ? Tone::kMuted : node.wrong == kNeither ? Tone::kGood : Tone::kBad;
      page_.subheading(node.node, tone);
      if (!node.reason.empty()) page_.paragraph("Not explained. " + node.reason);
      if (node.wrong == kNeither) {
        page_.paragraph("Both sides are what the model computes of their inputs.");
      }
      if (node.left) show_findings("left", *node.left);
      if (node.right) show_findings("right", *node.right);
    }
    if (explanations_->left_out != 0) {
      page_.paragraph(std::to_string(explanations_->left_out) + " further nodes that differ were not explained.");
    }
  }

  void show_findings(const std::string& side, const explain::Explanation& explanation) {
    if (explanation.differing == 0) return;
    page_.paragraph("The " + side + " side is not what the model computes in " + html::grouped(explanation.differing) +
                    " of " + html::grouped(explanation.differing + explanation.equal) + " values." +
                    (explanation.findings.empty() ? " Nothing this program knows explains that." : "") +
                    (explanation.indistinguishable ? " On these data the first findings cannot be told apart." : "") +
                    (explanation.complete ? "" : " Not every pair of causes was tried."));
    if (explanation.findings.empty()) return;
    html::Table table{{{"explains", true}, {"finding"}, {""}, {"where"}, {"breaks", true}}, {}};
    for (const explain::Finding& finding : explanation.findings) {
      std::string sentence = finding.sentence;
      for (const std::string& same : finding.same_as) sentence += " The same here: " + same;
      table.rows.push_back(
          {percent(finding.explained, explanation.differing), std::move(sentence),
           html::Cell(finding.certain ? "certain" : "possible", finding.certain ? Tone::kBad : Tone::kMuted),
           finding.location.empty() ? "the whole node" : finding.location, html::grouped(finding.broken)});
    }
    page_.table(table);
  }

  // Arrays one side lacks stand before the first node that reads them.
  [[nodiscard]] std::vector<NetworkNode> drawn_nodes() const {
    std::vector<NetworkNode> nodes;
    std::set<std::string_view> placed;
    std::map<std::string_view, const diff::Missing*> missing;
    for (const NodeReport& node : report_.nodes) placed.insert(node.node);
    for (const diff::Missing& one : report_.missing) missing.emplace(one.node, &one);
    const auto add_missing = [&](const diff::Missing& one) {
      if (!placed.insert(one.node).second) return;
      nodes.push_back({one.node, one.field, one.left ? "only right" : "only left", {}, Tone::kMissing});
    };
    for (std::size_t i = 0; i < report_.nodes.size(); ++i) {
      const NodeReport& node = report_.nodes[i];
      for (const std::string& input : node.inputs) {
        if (const auto found = missing.find(input); found != missing.end()) add_missing(*found->second);
      }
      const FieldReport* output = output_of(node);
      nodes.push_back({node.node, node.op + (output != nullptr ? " " + to_string(output->shape) : ""), label_of(node),
                       node.inputs, tone_of(node), link_to(i)});
    }
    for (const diff::Missing& one : report_.missing) add_missing(one);
    return nodes;
  }

  void network() {
    page_.heading("The network");
    page_.legend({{Tone::kGood, "equal"},
                  {Tone::kBad, "born here: its inputs are equal, its output differs"},
                  {Tone::kWarn, "differs; inherited, or its inputs are unknown"},
                  {Tone::kMissing, "on one side only"}});
    page_.figure(network_graph(drawn_nodes(), report_.first ? first_words() : "Every node is equal.", "not compared"),
                 "Nodes in execution order; what differs leads to its description.");
    html::Table table{{{"node"},
                       {"operator"},
                       {"field"},
                       {"compared", true},
                       {"different", true},
                       {"share", true},
                       {"frames", true},
                       {"largest", true},
                       {"mean error", true}},
                      {}};
    for (std::size_t i = 0; i < report_.nodes.size(); ++i) {
      const NodeReport& node = report_.nodes[i];
      for (const FieldReport& field : node.fields) {
        const Tone tone = field.different == 0 ? Tone::kGood : tone_of(node);
        table.rows.push_back({html::Cell(node.node, tone, link_to(i)), node.op, field.field,
                              html::grouped(field.values), html::grouped(field.different),
                              percent(field.different, field.values), html::grouped(field.frames_different),
                              html::grouped(field.largest_error), html::fixed(field.mean_error, 4)});
      }
    }
    page_.begin_details("Every array, with its counts");
    page_.table(table, "Errors are right - left, in LSB.");
    page_.end_details();
  }

  void describe(std::size_t position) {
    const NodeReport& node = report_.nodes[position];
    page_.heading(node.node, node_anchor(position));
    page_.subheading(label_of(node), tone_of(node));
    std::string frames = "npu_y differs in " + counted(node.frames_different, "frame") + ": in " +
                         std::to_string(node.frames_born) + " with equal inputs, in " +
                         std::to_string(node.frames_inherited) + " with inputs that differ";
    if (node.frames_unknown != 0) frames += ", in " + std::to_string(node.frames_unknown) + " with unknown inputs";
    if (node.assumes_equal_input) frames += " (taking for granted that both runs were given the same network input)";
    page_.paragraph(node.op + (node.op.empty() ? "" : ": ") + frames + ".");
    for (auto field = node.fields.rbegin(); field != node.fields.rend(); ++field) {
      if (field->different != 0) describe(node, *field);
      if (field->capture) capture(*field->capture);
    }
  }

  void describe(const NodeReport& node, const FieldReport& field) {
    std::string text = field.field + " " + to_string(field.shape) + ": " + html::grouped(field.different) + " of " +
                       html::grouped(field.values) + " values differ (" + percent(field.different, field.values) +
                       "), by up to " + std::to_string(field.largest_error) + " LSB, mean error " +
                       html::fixed(field.mean_error, 4) + " LSB.";
    if (const std::string leading = leading_channels_of(field); !leading.empty()) text += " Of those, " + leading + ".";
    page_.paragraph(text);
    page_.begin_row();
    page_.figure(difference_map(field.map, field.frames, field.shape, node.node),
                 "Where the values of " + field.field + " differ.");
    page_.figure(error_histogram(field.histogram, node.node), "Errors, right - left.");
    page_.end_row();
    html::Table table{{{"frame", true}, {"index"}, {"left", true}, {"right", true}, {"error", true}}, {}};
    for (std::size_t i = 0; i < std::min(field.examples.size(), package::limits::kShownExamples); ++i) {
      const diff::Example& example = field.examples[i];
      table.rows.push_back({std::to_string(example.frame), to_string(example.index), std::to_string(example.left),
                            std::to_string(example.right),
                            std::to_string(diff::error_of(example.left, example.right))});
    }
    if (!table.rows.empty()) page_.table(table, "The first ones:");
  }

  void capture(const diff::CaptureReport& capture) {
    struct Row {
      const char* name;
      double diff::CaptureFigures::*figure;
    };
    using Figures = diff::CaptureFigures;
    constexpr Row kRows[] = {{"deviation of a frame, largest", &Figures::frame_deviation_max},
                             {"deviation of a frame, mean", &Figures::frame_deviation_mean},
                             {"deviation of a column, largest", &Figures::column_deviation_max},
                             {"deviation of a column, mean", &Figures::column_deviation_mean},
                             {"mean error of a frame, largest", &Figures::frame_mean_max},
                             {"mean error of a frame, mean", &Figures::frame_mean},
                             {"mean error of a column, largest", &Figures::column_mean_max},
                             {"mean error of a column, mean", &Figures::column_mean},
                             {"slope", &Figures::slope},
                             {"intercept", &Figures::intercept},
                             {"cosine", &Figures::cosine}};
    html::Table table{{{"chip against expected"}, {"raw", true}, {"after column offsets", true}}, {}};
    if (capture.logged_raw) table.columns.push_back({"raw, program.log", true});
    if (capture.logged_corrected) table.columns.push_back({"after offsets, program.log", true});
    for (const Row& row : kRows) {
      std::vector<html::Cell> cells{row.name, html::fixed(capture.raw.*row.figure, 4),
                                    html::fixed(capture.corrected.*row.figure, 4)};
      for (const auto* logged : {&capture.logged_raw, &capture.logged_corrected}) {
        if (*logged) cells.emplace_back(html::fixed((**logged).*row.figure, 4));
      }
      table.rows.push_back(std::move(cells));
    }
    page_.table(table, "The figures of the capture, of chip - expected, in LSB.");
  }

  void missing() {
    if (report_.missing.empty()) return;
    page_.heading("On one side only");
    html::Table table{{{"node"}, {"field"}, {"only"}, {"frames", true}, {"values", true}, {"reason"}}, {}};
    for (const diff::Missing& missing : report_.missing) {
      table.rows.push_back({html::Cell(missing.node, Tone::kMissing), missing.field, missing.left ? "right" : "left",
                            html::grouped(missing.frames), html::grouped(missing.values), missing.reason});
    }
    page_.table(table);
  }

  const diff::Report& report_;
  const bool complete_;
  const explain::Explanations* explanations_;
  html::Page page_;
  std::vector<std::size_t> described_;
};

}  // namespace

std::string diff_page(const diff::Report& report, bool complete, const explain::Explanations* explanations) {
  return DiffPage(report, complete, explanations).text();
}

}  // namespace witin::report
