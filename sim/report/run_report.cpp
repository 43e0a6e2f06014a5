#include "sim/report/run_report.hpp"

#include "sim/escape.hpp"
#include "sim/report/document.hpp"
#include "sim/report/table.hpp"

namespace witin::report {
namespace {

std::string join(const std::vector<std::int32_t>& codes, std::size_t frame_size) {
  std::string out;
  for (const std::int32_t code : codes) out += (out.empty() ? "" : " ") + std::to_string(code);
  return frame_size > codes.size() ? out + " ..." : out;
}

std::string outputs_of(const Engine& engine) {
  std::string names;
  for (const std::string& output : engine.package().outputs) names += (names.empty() ? "" : ", ") + output;
  return names;
}

Document to_json(const NodeStats& stats) {
  return {{"values", stats.values},       {"min", stats.min},    {"max", stats.max}, {"zeros", stats.zeros},
          {"saturated", stats.saturated}, {"first", stats.first}};
}

Document path_or_null(const std::filesystem::path& path) {
  return path.empty() ? Document(nullptr) : Document(path.string());
}

}  // namespace

std::string summary(const Engine& engine, const RunReport& report) {
  std::string out;
  append_escaped(out, engine.package().name);
  out += ": " + counted(report.frames, "frame") + ", arithmetic " + std::string(name(engine.arithmetic())) +
         ", output " + outputs_of(engine) + "\n\n";
  using enum Table::Align;
  const std::string first = "first values of frame " + std::to_string(report.first_frame);
  Table table({{"node"},
               {"op"},
               {"shape"},
               {"min", kRight},
               {"max", kRight},
               {"saturated", kRight},
               {"zero", kRight},
               {first}});
  for (std::size_t i = 0; i < report.stats.size(); ++i) {
    const NodeInfo& node = engine.nodes()[i];
    const NodeStats& stats = report.stats[i];
    table.add({node.name, node.op, to_string(node.shape), std::to_string(stats.min), std::to_string(stats.max),
               percent(stats.saturated, stats.values), percent(stats.zeros, stats.values),
               join(stats.first, static_cast<std::size_t>(element_count(node.shape)))});
  }
  return out + table.text();
}

std::string percent_of_frames(const Accuracy& accuracy) {
  const std::int64_t hundredths = (20000 * accuracy.correct + accuracy.frames) / (2 * accuracy.frames);
  const std::string fraction = std::to_string(100 + hundredths % 100).substr(1);
  return std::to_string(hundredths / 100) + "." + fraction + " %";
}

std::string summary(const Accuracy& accuracy) {
  return "accuracy: " + std::to_string(accuracy.correct) + " of " + counted(accuracy.frames, "frame") + ", " +
         percent_of_frames(accuracy) + "\n";
}

std::string document(const Engine& engine, const RunReport& report) {
  Document json = new_document("witin.run");
  json["package"] = {{"name", engine.package().name}, {"sha256", engine.package().sha256()}};
  json["arithmetic"] = name(engine.arithmetic());
  json["first_frame"] = report.first_frame;
  json["frames"] = report.frames;
  json["output"] = path_or_null(report.output);
  json["trace"] = path_or_null(report.trace);
  json["labels"] = nullptr;
  if (report.accuracy) {
    json["labels"] = {{"correct", report.accuracy->correct}, {"accuracy", report.accuracy->share()}};
  }
  json["nodes"] = Document::array();
  for (std::size_t i = 0; i < engine.nodes().size(); ++i) {
    Document node = report::to_json(engine.nodes()[i]);
    node["statistics"] = report.stats.empty() ? Document(nullptr) : to_json(report.stats[i]);
    json["nodes"].push_back(std::move(node));
  }
  return text_of(json);
}

}  // namespace witin::report
