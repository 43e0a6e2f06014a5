#include "sim/report/gap_report.hpp"

#include "sim/escape.hpp"
#include "sim/report/document.hpp"
#include "sim/report/html/markup.hpp"
#include "sim/report/run_report.hpp"
#include "sim/report/table.hpp"

namespace witin::report {
namespace {

using gap::Errors;
using gap::NodeGap;
using gap::OutputGap;

std::string mean(std::int64_t sum, std::int64_t values) {
  return values == 0 ? "-" : html::fixed(static_cast<double>(sum) / static_cast<double>(values), 4);
}

std::string accuracies(const gap::Report& report) {
  return percent_of_frames(*report.library_accuracy) + " in witin_nn, " + percent_of_frames(*report.chip_accuracy) +
         " in wtm2101";
}

Document to_json(const Errors& errors) {
  Document bins = Document::array();
  for (std::size_t i = 0; i < errors.bins.size(); ++i) {
    if (errors.bins[i] == 0) continue;
    bins.push_back({static_cast<std::int64_t>(i) - gap::kMostError, errors.bins[i]});
  }
  return {{"different", errors.different},
          {"error_sum", errors.sum},
          {"absolute_error_sum", errors.absolute_sum},
          {"largest_error", errors.largest},
          {"histogram", std::move(bins)}};
}

Document to_json(const NodeGap& node) {
  Document json = {{"name", node.name},           {"op", node.op},
                   {"inputs", node.inputs},       {"shape", node.shape},
                   {"why_same", nullptr},         {"values", node.values},
                   {"free", to_json(node.free)},  {"born", to_json(node.born)},
                   {"inherited", node.inherited}, {"frames_different", node.frames_different}};
  if (node.kept) json["why_same"] = node.why;
  json["causes"] = {{"half", node.causes.half}, {"negative", node.causes.negative}, {"other", node.causes.other}};
  return json;
}

Document to_json(const OutputGap& output) {
  Document json = {{"name", output.name}, {"frames_different", output.frames_different}, {"classes_changed", nullptr}};
  if (output.is_class) json["classes_changed"] = output.classes_changed;
  return json;
}

Document to_json(const Accuracy& accuracy) { return {{"correct", accuracy.correct}, {"accuracy", accuracy.share()}}; }

}  // namespace

std::string gap_at_output(const OutputGap& output, std::int64_t frames) {
  std::string out = std::to_string(output.frames_different) + " of " + counted(frames, "frame") + " with other codes";
  if (output.is_class) out += ", " + std::to_string(output.classes_changed) + " with another largest one";
  return out;
}

std::string gap_cause(const NodeGap& node) {
  struct Cause {
    std::int64_t count;
    std::string words;
  };
  const Cause causes[] = {
      {node.causes.negative, "the chip cuts a negative sum towards zero, at a quarter of an LSB"},
      {node.causes.half, "a sum lies exactly between two codes: the library takes the even one, the chip the upper"},
      {node.causes.other, "the chip's rule of " + escaped(node.op) + " is another than the library's"}};
  std::string out;
  for (const Cause& cause : causes) {
    if (cause.count == 0) continue;
    out += (out.empty() ? "" : "; ") + percent(cause.count, node.born.different) + " where " + cause.words;
  }
  return out;
}

std::string gap_conclusion(const gap::Report& report) {
  const NodeGap* worst = report.worst();
  if (worst == nullptr) {
    return "Training saw everything: on these frames the chip computes the library's codes in every node.";
  }
  std::string out = "Training did not see the chip's rounding in " + escaped(worst->name) + " (" + escaped(worst->op) +
                    "): " + percent(worst->born.different, worst->values) + " of its outputs are born different, " +
                    percent(worst->born.different, report.born()) + " of all that are (" + gap_cause(*worst) + ")";
  for (const OutputGap& output : report.outputs) {
    out += "; at output " + escaped(output.name) + " " + gap_at_output(output, report.frames);
  }
  if (report.library_accuracy) out += "; accuracy " + accuracies(report);
  return out + ".";
}

std::string gap_summary(const gap::Report& report) {
  std::string out = escaped(report.package) + ": " + counted(report.frames, "frame") + ", witin_nn against wtm2101\n\n";
  using enum Table::Align;
  Table table({{"node"},
               {"op"},
               {"different", kRight},
               {"born here", kRight},
               {"inherited", kRight},
               {"mean error", kRight},
               {"largest", kRight},
               {"born: negative", kRight},
               {"half", kRight},
               {"other", kRight}});
  std::string same;
  for (const NodeGap& node : report.nodes) {
    table.add({escaped(node.name), escaped(node.op), percent(node.free.different, node.values),
               node.kept ? "-" : percent(node.born.different, node.values), percent(node.inherited, node.values),
               mean(node.free.sum, node.values), std::to_string(node.free.largest),
               percent(node.causes.negative, node.born.different), percent(node.causes.half, node.born.different),
               percent(node.causes.other, node.born.different)});
    if (node.kept) same += "computed the same on both sides: " + escaped(node.name) + ", " + escaped(node.why) + "\n";
  }
  out += table.text() + "\n" + same;
  for (const OutputGap& output : report.outputs) {
    out += "output " + escaped(output.name) + ": " + gap_at_output(output, report.frames) + "\n";
  }
  if (report.library_accuracy) out += "accuracy: " + accuracies(report) + "\n";
  return out + "\n" + gap_conclusion(report) + "\n";
}

std::string gap_document(const gap::Report& report) {
  Document json = new_document("witin.gap");
  json["package"] = {{"name", report.package}, {"sha256", report.sha256}};
  json["profiles"] = {name(Arithmetic::kWitinNn), name(Arithmetic::kWtm2101)};
  json["first_frame"] = report.first_frame;
  json["frames"] = report.frames;
  json["labels"] = nullptr;
  if (report.library_accuracy) {
    json["labels"] = {{"witin_nn", to_json(*report.library_accuracy)}, {"wtm2101", to_json(*report.chip_accuracy)}};
  }
  json["conclusion"] = gap_conclusion(report);
  json["outputs"] = Document::array();
  for (const OutputGap& output : report.outputs) json["outputs"].push_back(to_json(output));
  json["nodes"] = Document::array();
  for (const NodeGap& node : report.nodes) json["nodes"].push_back(to_json(node));
  return text_of(json);
}

}  // namespace witin::report
