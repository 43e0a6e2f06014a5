#include "sim/report/bench_report.hpp"

#include <array>
#include <cstdio>
#include <numeric>

#include "sim/escape.hpp"
#include "sim/report/document.hpp"
#include "sim/report/table.hpp"

namespace witin::report {
namespace {

using bench::Measurement;

std::string fixed(double value, int digits) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  return text.data();
}

std::string time_of(double seconds) {
  if (seconds >= 1) return fixed(seconds, 2) + " s";
  if (seconds >= 1e-3) return fixed(seconds * 1e3, 2) + " ms";
  if (seconds >= 1e-6) return fixed(seconds * 1e6, 2) + " us";
  return fixed(seconds * 1e9, 0) + " ns";
}

double ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

std::string percent_text(double share) { return fixed(100 * share, 1) + " %"; }

std::string peak_text(double macs, double peak) { return macs <= 0 || peak <= 0 ? "-" : percent_text(macs / peak); }

Document share_or_null(double macs, double peak) {
  return macs <= 0 || peak <= 0 ? Document(nullptr) : Document(macs / peak);
}

double all_nodes(const Measurement& m) { return std::accumulate(m.node_seconds.begin(), m.node_seconds.end(), 0.0); }

// A second of the node's own time.
double node_macs(const Engine& engine, const Measurement& m, std::size_t node) {
  return ratio(static_cast<double>(engine.nodes()[node].macs * m.frames), m.node_seconds[node]);
}

}  // namespace

std::string bench_summary(const Engine& engine, const Measurement& m) {
  const double macs = ratio(static_cast<double>(m.macs(engine)), m.seconds);
  std::string out;
  append_escaped(out, engine.package().name);
  out += ": " + counted(m.frames, "frame") + " in " + time_of(m.seconds) + ", the fastest of " +
         counted(m.runs, "run") + ", on " + counted(m.threads, "thread") + ", " + std::string(engine.isa()) + "\n";
  out += fixed(ratio(static_cast<double>(m.frames), m.seconds), 0) + " frames/s, " + fixed(macs * 1e-9, 2) + " GMAC/s";
  if (m.peak_macs > 0) {
    out +=
        ", " + peak_text(macs, m.peak_macs * m.threads) + " of the peak of " + fixed(m.peak_macs * 1e-9, 1) + " a core";
  }
  out += "\n\n";
  using enum Table::Align;
  Table table(
      {{"node"}, {"op"}, {"shape"}, {"time", kRight}, {"share", kRight}, {"GMAC/s", kRight}, {"of peak", kRight}});
  for (std::size_t i = 0; i < engine.nodes().size(); ++i) {
    const NodeInfo& node = engine.nodes()[i];
    const double own = node_macs(engine, m, i);
    table.add({node.name, node.op, to_string(node.shape),
               time_of(ratio(m.node_seconds[i], static_cast<double>(m.frames))),
               percent_text(ratio(m.node_seconds[i], all_nodes(m))), own > 0 ? fixed(own * 1e-9, 2) : "-",
               peak_text(own, m.peak_macs)});
  }
  return out + table.text();
}

std::string bench_document(const Engine& engine, const Measurement& m) {
  const double macs = ratio(static_cast<double>(m.macs(engine)), m.seconds);
  Document json = new_document("witin.bench");
  json["package"] = {{"name", engine.package().name}, {"sha256", engine.package().sha256()}};
  json["arithmetic"] = name(engine.arithmetic());
  json["isa"] = engine.isa();
  json["threads"] = m.threads;
  json["frames"] = m.frames;
  json["runs"] = m.runs;
  json["seconds"] = m.seconds;
  json["frames_per_second"] = ratio(static_cast<double>(m.frames), m.seconds);
  json["macs_per_second"] = macs;
  json["peak_macs_per_second"] = m.peak_macs > 0 ? Document(m.peak_macs) : Document(nullptr);
  json["share_of_peak"] = share_or_null(macs, m.peak_macs * m.threads);
  json["nodes"] = Document::array();
  for (std::size_t i = 0; i < engine.nodes().size(); ++i) {
    Document node = report::to_json(engine.nodes()[i]);
    node["seconds"] = m.node_seconds[i];
    node["share_of_time"] = ratio(m.node_seconds[i], all_nodes(m));
    node["macs_per_second"] = node_macs(engine, m, i);
    node["share_of_peak"] = share_or_null(node_macs(engine, m, i), m.peak_macs);
    json["nodes"].push_back(std::move(node));
  }
  return text_of(json);
}

}  // namespace witin::report
