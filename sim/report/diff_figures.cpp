#include "sim/report/diff_figures.hpp"

#include <array>

#include "sim/report/html/markup.hpp"
#include "sim/report/table.hpp"

namespace witin::report {
namespace {

using diff::CaptureFigures;

struct Figure {
  const char* key;
  const char* title;
  double CaptureFigures::*value;
};

constexpr std::array<Figure, 11> kFigures{{
    {"frame_deviation_max", "error deviation of a frame, largest", &CaptureFigures::frame_deviation_max},
    {"frame_deviation_mean", "error deviation of a frame, mean", &CaptureFigures::frame_deviation_mean},
    {"column_deviation_max", "error deviation of a column, largest", &CaptureFigures::column_deviation_max},
    {"column_deviation_mean", "error deviation of a column, mean", &CaptureFigures::column_deviation_mean},
    {"frame_mean_max", "|mean error| of a frame, largest", &CaptureFigures::frame_mean_max},
    {"frame_mean", "|mean error| of a frame, mean", &CaptureFigures::frame_mean},
    {"column_mean_max", "|mean error| of a column, largest", &CaptureFigures::column_mean_max},
    {"column_mean", "|mean error| of a column, mean", &CaptureFigures::column_mean},
    {"slope", "slope of chip over expected", &CaptureFigures::slope},
    {"intercept", "intercept", &CaptureFigures::intercept},
    {"cosine", "cosine", &CaptureFigures::cosine},
}};

Document to_json(const CaptureFigures& figures) {
  Document json = Document::object();
  for (const Figure& figure : kFigures) json[figure.key] = figures.*figure.value;
  return json;
}

}  // namespace

std::string figures_text(const diff::CaptureReport& capture) {
  std::vector<Table::Column> columns{{"  chip - expected, in LSB"}};
  columns.push_back({"raw", Table::Align::kRight});
  columns.push_back({"column offset removed", Table::Align::kRight});
  const bool logged = capture.logged_raw && capture.logged_corrected;
  if (logged) {
    columns.push_back({"program.log raw", Table::Align::kRight});
    columns.push_back({"offset removed", Table::Align::kRight});
  }
  Table table(columns);
  for (const Figure& figure : kFigures) {
    std::vector<std::string> row{std::string("  ") + figure.title, html::fixed(capture.raw.*figure.value, 4),
                                 html::fixed(capture.corrected.*figure.value, 4)};
    if (logged) {
      row.push_back(html::fixed((*capture.logged_raw).*figure.value, 4));
      row.push_back(html::fixed((*capture.logged_corrected).*figure.value, 4));
    }
    table.add(std::move(row));
  }
  return table.text();
}

Document figures_document(const diff::CaptureReport& capture) {
  const auto optional = [](const std::optional<CaptureFigures>& figures) {
    return figures ? to_json(*figures) : Document(nullptr);
  };
  return {{"chip", capture.chip_is_right ? "right" : "left"},
          {"raw", to_json(capture.raw)},
          {"corrected", to_json(capture.corrected)},
          {"logged_raw", optional(capture.logged_raw)},
          {"logged_corrected", optional(capture.logged_corrected)}};
}

}  // namespace witin::report
