#include "sim/gap/gap.hpp"

#include <algorithm>

#include "sim/gap/gap_sink.hpp"

namespace witin::gap {
namespace {

// What is known before the run.
Report blank_report(const Package& package, const Engine& engine, const Copies& copies, std::int64_t frames,
                    std::int64_t first_frame) {
  Report report;
  report.package = package.name;
  report.sha256 = package.sha256();
  report.first_frame = first_frame;
  report.frames = frames;
  for (std::size_t i = 0; i < package.nodes.size(); ++i) {
    NodeGap gap;
    gap.name = package.nodes[i].name;
    gap.op = package.nodes[i].op;
    gap.shape = engine.nodes()[copies.nodes[i].library].shape;
    gap.inputs = package.nodes[i].inputs;
    gap.kept = copies.nodes[i].kept;
    gap.why = copies.nodes[i].why;
    report.nodes.push_back(std::move(gap));
  }
  for (const std::string& output : package.outputs) {
    const auto node = std::ranges::find(report.nodes, output, &NodeGap::name);
    if (node == report.nodes.end()) continue;  // an input of the network
    report.outputs.push_back({.name = output, .is_class = element_count(node->shape) > 1});
  }
  return report;
}

}  // namespace

const NodeGap* Report::worst() const {
  const auto most = std::ranges::max_element(nodes, {}, [](const NodeGap& node) { return node.born.different; });
  return most == nodes.end() || most->born.different == 0 ? nullptr : &*most;
}

std::int64_t Report::born() const {
  std::int64_t sum = 0;
  for (const NodeGap& node : nodes) sum += node.born.different;
  return sum;
}

std::int64_t Report::different() const {
  std::int64_t sum = 0;
  for (const NodeGap& node : nodes) sum += node.free.different;
  return sum;
}

Result<Report> measure(const Package& package, FrameSource& source, const std::filesystem::path& labels,
                       const RunOptions& options) {
  Result<Copies> copies = make_copies(package);
  if (!copies) return std::move(copies).error();
  const Result<Engine> engine = Engine::create(copies->package, {.cancel = options.cancel});
  if (!engine) return engine.error();
  const std::int64_t frames = options.frames < 0 ? source.frames() - options.first_frame : options.frames;
  Report report = blank_report(package, *engine, *copies, frames, options.first_frame);

  std::vector<std::unique_ptr<report::AccuracySink>> accuracies;
  if (!labels.empty()) {
    if (report.outputs.size() != 1 || package.outputs.size() != 1) {
      return Error{"labels.output",
                   "labels need a network of one output",
                   labels.string(),
                   "1",
                   std::to_string(package.outputs.size()),
                   ""};
    }
    const auto output = static_cast<std::size_t>(
        std::ranges::find(report.nodes, report.outputs.front().name, &NodeGap::name) - report.nodes.begin());
    for (const std::size_t node : {copies->nodes[output].library, copies->nodes[output].chip}) {
      auto sink = report::AccuracySink::create(*engine, labels, source.frames(), options.first_frame, node);
      if (!sink) return std::move(sink).error();
      accuracies.push_back(std::move(sink).value());
    }
  }
  GapSink gaps(*engine, *copies, frames, report);
  std::vector<FrameSink*> sinks{&gaps};
  for (const auto& accuracy : accuracies) sinks.push_back(accuracy.get());
  if (Status done = engine->run(source, sinks, options); !done) return std::move(done).error();
  if (!accuracies.empty()) {
    report.library_accuracy = accuracies[0]->accuracy();
    report.chip_accuracy = accuracies[1]->accuracy();
  }
  return report;
}

}  // namespace witin::gap
