#include "sim/report/gap_page.hpp"

#include <algorithm>
#include <numeric>

#include "sim/package/limits.hpp"
#include "sim/report/gap_report.hpp"
#include "sim/report/html/line_chart.hpp"
#include "sim/report/html/page.hpp"
#include "sim/report/network_parts.hpp"
#include "sim/report/run_report.hpp"
#include "sim/report/table.hpp"

namespace witin::report {
namespace {

using gap::NodeGap;
using html::Tone;

Tone tone_of(const NodeGap& node) {
  if (node.born.different != 0) return Tone::kBad;
  if (node.free.different != 0) return Tone::kWarn;
  return node.kept ? Tone::kMuted : Tone::kGood;
}

std::string label_of(const NodeGap& node) {
  if (node.born.different != 0) return "born " + percent(node.born.different, node.values);
  if (node.free.different != 0) return "inherited " + percent(node.free.different, node.values);
  return node.kept ? "same rules" : "equal";
}

// The nodes that are described: those with most births, in execution order.
std::vector<std::size_t> described_nodes(const gap::Report& report) {
  std::vector<std::size_t> order(report.nodes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
    return report.nodes[a].born.different > report.nodes[b].born.different;
  });
  order.resize(std::min(package::limits::kDescribedNodes, order.size()));
  std::ranges::sort(order);
  return order;
}

std::string link_to(const std::vector<std::size_t>& described, std::size_t position) {
  return std::ranges::binary_search(described, position) ? "#" + node_anchor(position) : "";
}

std::vector<NetworkNode> drawn_nodes(const gap::Report& report, const std::vector<std::size_t>& described) {
  std::vector<NetworkNode> nodes;
  nodes.reserve(report.nodes.size());
  for (const NodeGap& node : report.nodes) {
    nodes.push_back({node.name, node.op + " " + to_string(node.shape), label_of(node), node.inputs, tone_of(node),
                     link_to(described, nodes.size())});
  }
  return nodes;
}

std::vector<html::Fact> facts_of(const gap::Report& report) {
  std::int64_t values = 0;
  for (const NodeGap& node : report.nodes) values += node.values;
  std::vector<html::Fact> facts{{"frames", html::grouped(report.frames)},
                                {"values compared", html::grouped(values)},
                                {"differ", percent(report.different(), values)},
                                {"born", html::grouped(report.born()), Tone::kBad}};
  for (const gap::OutputGap& output : report.outputs) {
    facts.push_back({"frames with other codes at " + output.name, html::grouped(output.frames_different)});
    if (output.is_class) facts.push_back({"with another largest one", html::grouped(output.classes_changed)});
  }
  if (report.library_accuracy) {
    facts.push_back({"accuracy, library", percent_of_frames(*report.library_accuracy)});
    facts.push_back({"accuracy, chip", percent_of_frames(*report.chip_accuracy)});
  }
  return facts;
}

html::Markup course(const gap::Report& report) {
  html::LineChart chart{"Differences along the network",
                        "Share of every node's outputs that differ, and that are born different",
                        "node, in execution order",
                        "outputs, %",
                        0,
                        1,
                        {{"different", {}}, {"born here", {}}}};
  for (std::size_t i = 0; i < report.nodes.size(); ++i) {
    const NodeGap& node = report.nodes[i];
    const auto add = [&](std::size_t series, std::int64_t count) {
      const double y = node.values == 0 ? 0 : 100.0 * static_cast<double>(count) / static_cast<double>(node.values);
      chart.series[series].points.push_back({static_cast<double>(i + 1), y, y, y});
    };
    add(0, node.free.different);
    add(1, node.born.different);
  }
  return html::line_chart(chart);
}

html::Table table_of(const gap::Report& report, const std::vector<std::size_t>& described) {
  html::Table table{{{"node"},
                     {"operator"},
                     {"different", true},
                     {"born here", true},
                     {"inherited", true},
                     {"mean error", true},
                     {"largest", true},
                     {"negative sums cut", true},
                     {"halves", true},
                     {"other", true}},
                    {}};
  for (std::size_t i = 0; i < report.nodes.size(); ++i) {
    const NodeGap& node = report.nodes[i];
    const double mean = node.values == 0 ? 0 : static_cast<double>(node.free.sum) / static_cast<double>(node.values);
    table.rows.push_back({{node.name, tone_of(node), link_to(described, i)},
                          node.op,
                          percent(node.free.different, node.values),
                          node.kept ? "-" : percent(node.born.different, node.values),
                          percent(node.inherited, node.values),
                          html::fixed(mean, 4),
                          std::to_string(node.free.largest),
                          percent(node.causes.negative, node.born.different),
                          percent(node.causes.half, node.born.different),
                          percent(node.causes.other, node.born.different)});
  }
  return table;
}

std::vector<diff::HistogramBin> bins_of(const gap::ErrorBins& errors) {
  std::vector<diff::HistogramBin> bins;
  for (std::size_t i = 0; i < errors.size(); ++i) {
    const std::int64_t error = static_cast<std::int64_t>(i) - gap::kMostError;
    if (errors[i] != 0) bins.push_back({error, error, errors[i]});
  }
  return bins;
}

// "1 LSB", "up to 3 LSB".
std::string errors_in_words(const gap::Errors& errors) {
  return (errors.largest > 1 ? "up to " : "") + std::to_string(errors.largest) + " LSB";
}

void describe(html::Page& page, const gap::Report& report, std::size_t position) {
  const NodeGap& node = report.nodes[position];
  page.subheading(node.name, tone_of(node), node_anchor(position));
  if (node.kept) return page.paragraph("Computed the same on both sides: " + node.why + ".");
  if (node.free.different == 0 && node.born.different == 0) return page.paragraph("Equal.");
  std::string text = node.op + " " + to_string(node.shape) + ": " + html::grouped(node.free.different) + " of " +
                     html::grouped(node.values) + " values differ in " + counted(node.frames_different, "frame") +
                     ", by " + errors_in_words(node.free) + ".";
  if (node.born.different == 0) return page.paragraph(text + " None is born here.");
  text += " " + html::grouped(node.born.different) + " are born here: " + gap_cause(node) + ".";
  if (const std::string leading = leading_channels(node.map, node.shape); !leading.empty()) {
    text += " Of those, " + leading + ".";
  }
  page.paragraph(text);
  page.begin_row();
  page.figure(difference_map(node.map, report.frames, node.shape, node.name, report.first_frame),
              "Where values are born different.");
  const std::vector<diff::HistogramBin> bins = bins_of(node.free.bins);
  if (bins.size() > 1) {
    page.figure(error_histogram(bins, node.name), "Errors of the free running network, chip - library.");
  }
  page.end_row();
}

}  // namespace

std::string gap_page(const gap::Report& report) {
  html::Page page("What training did not see: " + report.package,
                  "witin_nn against wtm2101, " + counted(report.frames, "frame") + ", package " + report.sha256);
  const std::vector<std::size_t> described = described_nodes(report);
  const NodeGap* worst = report.worst();
  page.verdict(worst == nullptr ? Tone::kGood : Tone::kBad,
               worst == nullptr ? "Both profiles give the same codes" : "Most is born in " + worst->name,
               gap_conclusion(report));
  page.facts(facts_of(report));
  page.heading("The network");
  page.legend({{Tone::kGood, "equal"},
               {Tone::kBad, "differences are born here"},
               {Tone::kWarn, "inherited only"},
               {Tone::kMuted, "the same rules on both sides"}});
  page.figure(network_graph(drawn_nodes(report, described), gap_conclusion(report), "network input"),
              "In execution order. Red: the node itself computes other codes on the chip, given the library's inputs.");
  page.figure(course(report), "How differences add up along the network.");
  page.heading("Nodes");
  page.table(table_of(report, described));

  for (const std::size_t position : described) describe(page, report, position);
  if (described.size() < report.nodes.size()) {
    page.paragraph("The " + std::to_string(described.size()) + " nodes with most births are described, of " +
                   std::to_string(report.nodes.size()) + ".");
  }
  return page.text();
}

}  // namespace witin::report
