// witin-sim run: a package and its input, to outputs, a trace and a summary.
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <chrono>

#include "cli/command.hpp"
#include "cli/engine_options.hpp"
#include "cli/input_options.hpp"
#include "cli/noise_options.hpp"
#include "cli/ui/progress_bar.hpp"
#include "cli/ui/signals.hpp"
#include "sim/report/run_report.hpp"
#include "sim/report/table.hpp"
#include "witin/input.hpp"
#include "witin/record.hpp"

namespace witin::cli {
namespace {

namespace fs = std::filesystem;

struct RunArguments {
  fs::path model;
  InputArguments input;
  fs::path output;
  fs::path trace;
  std::string trace_level;
  std::string trace_nodes;
  std::string arithmetic;
  NoiseArguments noise;
  fs::path labels;
  bool dequantize_output = false;
  bool json = false;
  EngineArguments engine;
};

Status check_trace_options(const RunArguments& arguments) {
  const bool narrowed =
      !arguments.trace_nodes.empty() || (!arguments.trace_level.empty() && arguments.trace_level != "none");
  if (arguments.trace.empty() && narrowed) {
    return Error{"usage.trace", "options of the trace without a trace", "", "--trace T.wtrace", "", ""};
  }
  return {};
}

// The sinks a command line asks for, and what becomes of them.
class Results {
 public:
  static Result<Results> open(const RunArguments& arguments, const NoiseOptions& noise, const Engine& engine,
                              std::int64_t input_frames, FrameRange range) {
    Results results;
    if (!arguments.labels.empty()) {
      auto accuracy = report::AccuracySink::create(engine, arguments.labels, input_frames, range.first);
      if (!accuracy) return std::move(accuracy).error();
      results.accuracy_ = std::move(accuracy).value();
    }
    if (arguments.output.empty() || arguments.json) {
      results.stats_ = std::make_unique<report::NodeStatsSink>(engine.nodes());
    }
    if (!arguments.output.empty()) {
      auto output =
          OutputRecorder::create(engine, range.count, arguments.output, {.dequantize = arguments.dequantize_output});
      if (!output) return std::move(output).error();
      results.output_ = std::move(output).value();
    }
    if (!arguments.trace.empty() && arguments.trace_level != "none") {
      TraceOptions options;
      if (arguments.trace_level == "outputs") options.level = TraceLevel::kOutputs;
      if (arguments.trace_level == "full") options.level = TraceLevel::kFull;
      if (!arguments.trace_nodes.empty()) options.nodes = arguments.trace_nodes;
      if (!noise.model.none()) {
        options.noise = noise.json();
        options.seed = arguments.noise.seed;
      }
      auto trace = TraceRecorder::create(engine, range.count, arguments.trace, options);
      if (!trace) return std::move(trace).error();
      results.trace_ = std::move(trace).value();
    }
    return results;
  }

  [[nodiscard]] std::vector<FrameSink*> sinks() const {
    std::vector<FrameSink*> all;
    for (FrameSink* sink : {static_cast<FrameSink*>(accuracy_.get()), static_cast<FrameSink*>(stats_.get()),
                            static_cast<FrameSink*>(output_.get()), static_cast<FrameSink*>(trace_.get())}) {
      if (sink != nullptr) all.push_back(sink);
    }
    return all;
  }

  // Both files appear, or none.
  Status finish(const fs::path& trace) {
    if (output_ != nullptr) {
      if (Status sealed = output_->seal(); !sealed) return sealed;
    }
    if (trace_ != nullptr) {
      if (Status finished = trace_->finish(); !finished) return finished;
    }
    if (output_ == nullptr) return {};
    Status finished = output_->finish();
    std::error_code ignored;
    if (!finished && trace_ != nullptr) fs::remove(trace, ignored);
    return finished;
  }

  void describe(report::RunReport& report) const {
    if (stats_ != nullptr) report.stats = stats_->stats();
    if (accuracy_ != nullptr) report.accuracy = accuracy_->accuracy();
  }

 private:
  std::unique_ptr<report::AccuracySink> accuracy_;
  std::unique_ptr<report::NodeStatsSink> stats_;
  std::unique_ptr<OutputRecorder> output_;
  std::unique_ptr<TraceRecorder> trace_;
};

Status run_frames(const Engine& engine, FrameSource& source, const std::vector<FrameSink*>& sinks, FrameRange range,
                  int threads, const NoiseOptions& noise, const Terminal& terminal) {
  const auto start = std::chrono::steady_clock::now();
  {
    ProgressBar bar(terminal.shows_progress());
    RunOptions options;
    options.first_frame = range.first;
    options.frames = range.count;
    options.threads = threads;
    options.noise = noise;
    options.cancel = &interrupted();
    options.progress = [&bar](std::int64_t done, std::int64_t total) { bar.update(done, total); };
    if (Status status = engine.run(source, sinks, options); !status) return status;
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  log_info(fmt::format("{} in {:.3f} s, {:.0f} a second", report::counted(range.count, "frame"), seconds,
                       static_cast<double>(range.count) / std::max(seconds, 1e-9)));
  return {};
}

Result<ExitStatus> run(const RunArguments& arguments, Terminal& terminal) {
  const Result<std::vector<InputFile>> files = input_files(arguments.input);
  if (!files) return files.error();
  std::vector<fs::path> read{arguments.model, arguments.labels, arguments.noise.draws};
  for (const InputFile& file : *files) read.push_back(file.path);
  for (Status status : {check_paths(std::move(read), {arguments.output, arguments.trace}),
                        check_trace_options(arguments), use_isa(arguments.engine)}) {
    if (!status) return std::move(status).error();
  }
  const Result<Engine> engine = open_engine(arguments.model, arguments.arithmetic);
  if (!engine) return engine.error();
  const auto source = open_inputs(engine->package(), *files, {.quantize = arguments.input.quantize});
  if (!source) return source.error();
  const Result<FrameRange> range = frame_range(arguments.input.frames, (*source)->frames());
  if (!range) return range.error();

  const Result<NoiseOptions> noise = noise_options(arguments.noise);
  if (!noise) return noise.error();
  Result<Results> results = Results::open(arguments, *noise, *engine, (*source)->frames(), *range);
  if (!results) return std::move(results).error();
  Status done = run_frames(*engine, **source, results->sinks(), *range, arguments.engine.threads, *noise, terminal);
  if (done.ok()) done = results->finish(arguments.trace);
  if (!done) return std::move(done).error();

  report::RunReport report{range->first, range->count};
  report.output = arguments.output;
  if (arguments.trace_level != "none") report.trace = arguments.trace;
  results->describe(report);
  if (arguments.json) {
    terminal.print(report::document(*engine, report));
    return ExitStatus::kDone;
  }
  if (!report.stats.empty()) terminal.print(report::summary(*engine, report));
  if (report.accuracy) terminal.print(report::summary(*report.accuracy));
  return ExitStatus::kDone;
}

}  // namespace

void add_run(CLI::App& app, Action& action) {
  const auto arguments = std::make_shared<RunArguments>();
  CLI::App* command = app.add_subcommand("run", "Run a network (the default command)");
  command->footer(
      "Examples:\n"
      "  witin-sim run model.wpkg input.npy\n"
      "  witin-sim run model.wpkg input.npy -o output.npy --trace run.wtrace --trace-level full\n"
      "  witin-sim run model.wpkg --input left=a.npy --input right=b.npy -o output.npz\n"
      "  witin-sim run model.wpkg images.npy --labels labels.npy --arithmetic witin_nn\n"
      "  witin-sim run model.wpkg images.npy --labels labels.npy --noise normal:4 --seed 7");
  command->add_option("MODEL", arguments->model, "The network: a package")->required()->type_name("FILE.wpkg");
  add_input_options(*command, arguments->input);
  command->add_option("-o,--output", arguments->output, "Write the outputs; no summary then")->type_name("OUT.npy|npz");
  command->add_option("--trace", arguments->trace, "Record what every node produced")->type_name("T.wtrace");
  command->add_option("--trace-level", arguments->trace_level, "What to record; nodes by default")
      ->check(CLI::IsMember({"none", "outputs", "nodes", "full"}))
      ->type_name("LEVEL");
  command->add_option("--trace-nodes", arguments->trace_nodes, "Record only nodes whose names match")
      ->type_name("GLOB");
  command->add_option("--arithmetic", arguments->arithmetic, "Profile to compute in, instead of the package's own")
      ->check(CLI::IsMember({"wtm2101", "witin_nn", "nb01"}))
      ->type_name("PROFILE");
  add_noise_options(*command, arguments->noise);
  command->add_option("--labels", arguments->labels, "Classes, one a frame: print the accuracy")->type_name("FILE.npy");
  command->add_flag("--dequantize-output", arguments->dequantize_output, "Write code / scale as float32");
  command->add_flag("--json", arguments->json, "Print one JSON document instead of text");
  add_engine_options(*command, arguments->engine);
  command->callback(
      [&action, arguments] { action = [arguments](Terminal& terminal) { return run(*arguments, terminal); }; });
}

}  // namespace witin::cli
