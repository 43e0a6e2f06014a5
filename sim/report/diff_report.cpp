#include "sim/report/diff_report.hpp"

#include <algorithm>

#include "sim/escape.hpp"
#include "sim/report/diff_figures.hpp"
#include "sim/report/html/markup.hpp"
#include "sim/report/table.hpp"

namespace witin::report {
namespace {

using diff::Example;
using diff::FieldReport;
using diff::Missing;
using diff::NodeReport;
using diff::Origin;
using diff::Report;

constexpr std::size_t kMissingLines = 20;  // of text; documents hold all

std::string example_text(const Example& example) {
  return "frame " + std::to_string(example.frame) + " " + to_string(example.index) + ": left " +
         std::to_string(example.left) + ", right " + std::to_string(example.right);
}

bool has_differences(const FieldReport& field) { return field.different != 0; }

std::string origin_sentence(const NodeReport& node) {
  const std::string all = std::to_string(node.frames_different);
  const auto of = [&all](std::int64_t part) { return std::to_string(part) + " of " + all + " frames"; };
  switch (node.origin) {
    case Origin::kEqual:
      return "";
    case Origin::kCulprit:
      return "culprit: born here in " + of(node.frames_born) +
             (node.assumes_equal_input ? ", if both runs had the same network input" : ", where its inputs are equal");
    case Origin::kInherited:
      return "inherited: its inputs differ in all " + all + " frames";
    case Origin::kUnknown:
      break;
  }
  return "origin unknown: its inputs were not compared in " + of(node.frames_unknown);
}

std::string histogram_line(const FieldReport& field) {
  std::string out;
  for (const diff::HistogramBin& bin : field.histogram) {
    if (bin.lo == 0) continue;
    const auto with_sign = [](std::int64_t value) { return (value > 0 ? "+" : "") + std::to_string(value); };
    out += out.empty() ? "" : ", ";
    out += bin.lo == bin.hi ? with_sign(bin.lo) : with_sign(bin.lo) + ".." + with_sign(bin.hi);
    out += ": " + std::to_string(bin.count);
  }
  return out;
}

std::string node_text(const NodeReport& node) {
  std::string out;
  for (const FieldReport& field : node.fields) {
    if (!has_differences(field) && !field.capture) continue;
    out += "\n" + escaped(node.node) + " " + escaped(field.field);
    if (!field.left_source.empty() || !field.right_source.empty()) {
      const auto source = [](const std::string& name) { return name.empty() ? "the trace" : escaped(name); };
      out += " (" + source(field.left_source) + ", " + source(field.right_source) + ")";
    }
    out += "\n";
    if (has_differences(field)) out += "  errors right - left: " + histogram_line(field) + "\n";
    for (const Example& example : field.examples) out += "  " + example_text(example) + "\n";
    const auto more = field.different - static_cast<std::int64_t>(field.examples.size());
    if (more > 0 && !field.examples.empty()) out += "  and " + std::to_string(more) + " more\n";
    if (field.capture) out += figures_text(*field.capture);
  }
  return out;
}

std::string missing_text(const Report& report) {
  std::string out;
  std::size_t lines = 0;
  for (const Missing& missing : report.missing) {
    if (lines++ == kMissingLines) break;
    out += std::string("only ") + (missing.left ? "right" : "left") + ": " + escaped(missing.node) + " " +
           escaped(missing.field) + ", " + counted(missing.frames, "frame") + ", " + counted(missing.values, "value") +
           (missing.reason.empty() ? "" : " (" + escaped(missing.reason) + ")") + "\n";
  }
  if (report.missing.size() > kMissingLines) {
    out += "and " + std::to_string(report.missing.size() - kMissingLines) + " more\n";
  }
  return out;
}

Document to_json(const diff::SideInfo& side) {
  return {{"path", side.path},
          {"kind", side.kind},
          {"package", {{"name", side.package}, {"sha256", side.package_sha256}}},
          {"frames", side.frames}};
}

Document to_json(const Example& example) {
  return {{"frame", example.frame}, {"index", example.index}, {"left", example.left}, {"right", example.right}};
}

Document to_json(const FieldReport& field) {
  Document json = {{"field", field.field},
                   {"shape", field.shape},
                   {"left_source", field.left_source},
                   {"right_source", field.right_source},
                   {"frames", field.frames},
                   {"compared", field.values},
                   {"different", field.different},
                   {"beyond_tolerance", field.beyond},
                   {"frames_different", field.frames_different},
                   {"largest_error", field.largest_error},
                   {"mean_error", field.mean_error},
                   {"mean_absolute_error", field.mean_absolute_error}};
  json["histogram"] = Document::array();
  for (const diff::HistogramBin& bin : field.histogram) json["histogram"].push_back({bin.lo, bin.hi, bin.count});
  Document groups = Document::array();
  for (const diff::ChannelGroup& group : field.channel_groups) groups.push_back({group.different, group.error_sum});
  json["channels"] = {{"count", field.channels}, {"per_group", field.channels_per_group}, {"groups", groups}};
  json["map"] = {{"rows", field.map.rows},
                 {"columns", field.map.columns},
                 {"frames_per_row", field.map.frames_per_row},
                 {"channels_per_column", field.map.channels_per_column},
                 {"different", field.map.different}};
  json["examples"] = Document::array();
  for (const Example& example : field.examples) json["examples"].push_back(to_json(example));
  json["capture"] = field.capture ? figures_document(*field.capture) : Document(nullptr);
  return json;
}

Document to_json(const NodeReport& node) {
  Document json = {{"node", node.node},
                   {"op", node.op},
                   {"inputs", node.inputs},
                   {"origin", name(node.origin)},
                   {"frames_different", node.frames_different},
                   {"frames_born", node.frames_born},
                   {"frames_inherited", node.frames_inherited},
                   {"frames_unknown", node.frames_unknown},
                   {"assumes_equal_input", node.assumes_equal_input}};
  json["fields"] = Document::array();
  for (const FieldReport& field : node.fields) json["fields"].push_back(to_json(field));
  return json;
}

Document to_json(const Missing& missing) {
  return {{"node", missing.node},     {"field", missing.field},   {"side", missing.left ? "left" : "right"},
          {"frames", missing.frames}, {"values", missing.values}, {"reason", missing.reason}};
}

std::int64_t beyond(const NodeReport& node) {
  std::int64_t sum = 0;
  for (const FieldReport& field : node.fields) sum += field.beyond;
  return sum;
}

std::int64_t compared(const NodeReport& node) {
  std::int64_t sum = 0;
  for (const FieldReport& field : node.fields) sum += field.values;
  return sum;
}

}  // namespace

bool is_equal(const Report& report, bool complete) {
  const bool missing = report.counts.missing_left + report.counts.missing_right != 0;
  return report.within_tolerance() && !(complete && missing);
}

std::string diff_verdict(const Report& report, bool complete) {
  const diff::Counts& counts = report.counts;
  const bool equal = is_equal(report, complete);
  std::string out = equal ? "equal: " : "different: ";
  if (counts.different == 0) {
    out += counted(counts.compared, "value");
  } else {
    out += std::to_string(counts.different) + " of " + counted(counts.compared, "value") + " differ";
    if (report.tolerance > 0) {
      out += ", " + std::to_string(counts.beyond) + " by more than " + std::to_string(report.tolerance) + " LSB";
    }
  }
  if (counts.missing_left != 0) out += ", " + std::to_string(counts.missing_left) + " only right";
  if (counts.missing_right != 0) out += ", " + std::to_string(counts.missing_right) + " only left";
  if (report.first) {
    out += "; first in node " + escaped(report.first->node) + " " + escaped(report.first->field) + " " +
           example_text(report.first->at);
  }
  return out;
}

std::string diff_text(const Report& report) {
  std::string out;
  for (const std::string& note : report.notes) out += "note: " + escaped(note) + "\n";
  if (report.counts.different != 0) {
    std::vector<Table::Column> columns{{"node"}, {"op"}, {"field"}};
    for (const char* title : {"values", "different", "share", "largest", "mean |error|", "frames"}) {
      columns.push_back({title, Table::Align::kRight});
    }
    Table table(columns);
    std::string origins;
    for (const NodeReport& node : report.nodes) {
      for (const FieldReport& field : node.fields) {
        if (!has_differences(field)) continue;
        table.add({escaped(node.node), escaped(node.op), escaped(field.field), std::to_string(field.values),
                   std::to_string(field.different), percent(field.different, field.values),
                   std::to_string(field.largest_error), html::fixed(field.mean_absolute_error, 4),
                   std::to_string(field.frames_different)});
      }
      if (node.origin != Origin::kEqual) origins += escaped(node.node) + ": " + origin_sentence(node) + "\n";
    }
    out += "\n" + table.text();
    if (!origins.empty()) out += "\n" + origins;
  }
  for (const NodeReport& node : report.nodes) out += node_text(node);
  const std::string missing = missing_text(report);
  if (!missing.empty()) out += "\n" + missing;
  return out;
}

Document diff_document(const Report& report, bool complete) {
  Document json = new_document("witin.diff");
  json["left"] = to_json(report.left);
  json["right"] = to_json(report.right);
  json["verdict"] = is_equal(report, complete) ? "equal" : "different";
  json["tolerance"] = report.tolerance;
  json["complete"] = complete;
  json["counts"] = {{"compared", report.counts.compared},         {"equal", report.counts.equal},
                    {"different", report.counts.different},       {"beyond_tolerance", report.counts.beyond},
                    {"missing_left", report.counts.missing_left}, {"missing_right", report.counts.missing_right}};
  json["first"] = nullptr;
  if (report.first) {
    json["first"] = {{"node", report.first->node}, {"field", report.first->field}};
    json["first"].update(to_json(report.first->at));
  }
  json["notes"] = report.notes;
  json["nodes"] = Document::array();
  for (const NodeReport& node : report.nodes) json["nodes"].push_back(to_json(node));
  json["missing"] = Document::array();
  for (const Missing& missing : report.missing) json["missing"].push_back(to_json(missing));
  return json;
}

std::string diff_junit(const Report& report, bool complete, double time) {
  std::size_t failures = 0;
  std::size_t tests = report.nodes.size();
  std::string cases;
  const auto add = [&](const std::string& node, const std::string& failure, const std::string& text) {
    cases += "  <testcase classname=\"witin-sim.diff\" name=\"" + html::escaped(node) + "\">\n";
    if (!failure.empty()) {
      ++failures;
      cases += "    <failure message=\"" + html::escaped(failure) + "\"/>\n";
    }
    cases += "    <system-out>" + html::escaped(text) + "</system-out>\n  </testcase>\n";
  };
  for (const NodeReport& node : report.nodes) {
    const std::int64_t wrong = beyond(node);
    std::string failure;
    if (wrong != 0) {
      failure = std::to_string(wrong) + " of " + counted(compared(node), "value") + " differ";
      const auto field = std::ranges::find_if(node.fields, [](const FieldReport& f) { return !f.examples.empty(); });
      if (field != node.fields.end())
        failure += "; first in " + field->field + " " + example_text(field->examples.front());
      if (node.origin != Origin::kEqual) failure += "; " + origin_sentence(node);
    }
    add(node.node, failure, counted(compared(node), "value"));
  }
  if (complete && !report.missing.empty()) {
    ++tests;
    add("missing", counted(static_cast<std::int64_t>(report.missing.size()), "array") + " missing",
        missing_text(report));
  }
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"witin-sim diff\" tests=\"" +
         std::to_string(tests) + "\" failures=\"" + std::to_string(failures) + "\" errors=\"0\" time=\"" +
         html::fixed(time, 3) + "\">\n" + cases + "</testsuite>\n";
}

}  // namespace witin::report
