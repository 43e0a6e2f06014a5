// witin-sim run: a package and its input, to outputs, a trace and a summary.
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <charconv>
#include <chrono>

#include "cli/command.hpp"
#include "cli/engine_options.hpp"
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
  fs::path input;
  std::vector<std::string> named_inputs;  // NAME=FILE
  fs::path output;
  fs::path trace;
  std::string trace_level;
  std::string trace_nodes;
  std::string frames;
  std::string arithmetic;
  fs::path labels;
  bool quantize_input = false;
  bool dequantize_output = false;
  bool json = false;
  EngineArguments engine;
};

struct FrameRange {
  std::int64_t first = 0;
  std::int64_t count = 0;
};

Result<std::vector<InputFile>> input_files(const RunArguments& arguments) {
  std::vector<InputFile> files;
  if (!arguments.input.empty()) files.push_back({"", arguments.input});
  for (const std::string& named : arguments.named_inputs) {
    const std::size_t equals = named.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == named.size()) {
      return Error{
          "usage.input", "an input is not given as a name and a file", "--input", "NAME=FILE", "'" + named + "'", ""};
    }
    files.push_back({named.substr(0, equals), named.substr(equals + 1)});
  }
  if (files.empty()) {
    return Error{
        "usage.input", "no input is given", "", "INPUT.npy, or --input NAME=FILE", "", "see witin-sim run --help"};
  }
  return files;
}

// "A:B", "A:" or ":B" of `available` frames.
Result<FrameRange> frame_range(const std::string& text, std::int64_t available) {
  if (text.empty()) return FrameRange{0, available};
  const auto refuse = [&](std::string_view what) -> Result<FrameRange> {
    return Error{"usage.frames",   std::string(what),
                 "--frames",       "A:B with 0 <= A < B <= " + std::to_string(available),
                 "'" + text + "'", ""};
  };
  const auto number = [](std::string_view digits, std::int64_t absent) -> std::optional<std::int64_t> {
    if (digits.empty()) return absent;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return value;
  };
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) return refuse("a range of frames has no ':'");
  const auto first = number(std::string_view{text}.substr(0, colon), 0);
  const auto last = number(std::string_view{text}.substr(colon + 1), available);
  if (!first || !last) return refuse("a range of frames does not consist of two numbers");
  if (*first < 0 || *last > available) return refuse("the input does not have these frames");
  if (*first >= *last) return refuse("a range of frames is empty");
  return FrameRange{*first, *last - *first};
}

bool same_file(const fs::path& a, const fs::path& b) {
  std::error_code ignored;
  const auto real = [&](const fs::path& path) { return fs::weakly_canonical(fs::absolute(path, ignored), ignored); };
  return fs::equivalent(a, b, ignored) || real(a) == real(b);
}

// No file that is read may be written, and no two results may share a file.
Status check_paths(const RunArguments& arguments, const std::vector<InputFile>& inputs) {
  std::vector<fs::path> taken{arguments.model};
  for (const InputFile& file : inputs) taken.push_back(file.path);
  if (!arguments.labels.empty()) taken.push_back(arguments.labels);
  for (const fs::path& written : {arguments.output, arguments.trace}) {
    if (written.empty()) continue;
    std::error_code ignored;
    const bool device = fs::is_other(written, ignored) || fs::is_character_file(written, ignored);
    for (const fs::path& other : taken) {
      if (!device && same_file(written, other)) {
        return Error{
            "usage.overwrite", "this file would be overwritten", written.string(), "a file of its own", "", ""};
      }
    }
    taken.push_back(written);
  }
  return {};
}

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
  static Result<Results> open(const RunArguments& arguments, const Engine& engine, std::int64_t input_frames,
                              FrameRange range) {
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
                  int threads, const Terminal& terminal) {
  const auto start = std::chrono::steady_clock::now();
  {
    ProgressBar bar(terminal.shows_progress());
    RunOptions options;
    options.first_frame = range.first;
    options.frames = range.count;
    options.threads = threads;
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
  const Result<std::vector<InputFile>> files = input_files(arguments);
  if (!files) return files.error();
  for (Status status : {check_paths(arguments, *files), check_trace_options(arguments), use_isa(arguments.engine)}) {
    if (!status) return std::move(status).error();
  }
  const Result<Engine> engine = open_engine(arguments.model, arguments.arithmetic);
  if (!engine) return engine.error();
  const auto source = open_inputs(engine->package(), *files, {.quantize = arguments.quantize_input});
  if (!source) return source.error();
  const Result<FrameRange> range = frame_range(arguments.frames, (*source)->frames());
  if (!range) return range.error();

  Result<Results> results = Results::open(arguments, *engine, (*source)->frames(), *range);
  if (!results) return std::move(results).error();
  Status done = run_frames(*engine, **source, results->sinks(), *range, arguments.engine.threads, terminal);
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
      "  witin-sim run model.wpkg images.npy --labels labels.npy --arithmetic witin_nn");
  command->add_option("MODEL", arguments->model, "The network: a package")->required()->type_name("FILE.wpkg");
  command->add_option("INPUT", arguments->input, "Its input codes, [frames, *shape] or one frame")
      ->type_name("FILE.npy|npz");
  command->add_option("--input", arguments->named_inputs, "One of several inputs; may be repeated")
      ->type_name("NAME=FILE");
  command->add_option("-o,--output", arguments->output, "Write the outputs; no summary then")->type_name("OUT.npy|npz");
  command->add_option("--trace", arguments->trace, "Record what every node produced")->type_name("T.wtrace");
  command->add_option("--trace-level", arguments->trace_level, "What to record; nodes by default")
      ->check(CLI::IsMember({"none", "outputs", "nodes", "full"}))
      ->type_name("LEVEL");
  command->add_option("--trace-nodes", arguments->trace_nodes, "Record only nodes whose names match")
      ->type_name("GLOB");
  command->add_option("--frames", arguments->frames, "Only frames A to B-1 of the input")->type_name("A:B");
  command->add_option("--arithmetic", arguments->arithmetic, "Profile to compute in, instead of the package's own")
      ->check(CLI::IsMember({"wtm2101", "witin_nn", "nb01"}))
      ->type_name("PROFILE");
  command->add_option("--labels", arguments->labels, "Classes, one a frame: print the accuracy")->type_name("FILE.npy");
  command->add_flag("--quantize-input", arguments->quantize_input, "The input holds real values: quantise them");
  command->add_flag("--dequantize-output", arguments->dequantize_output, "Write code / scale as float32");
  command->add_flag("--json", arguments->json, "Print one JSON document instead of text");
  add_engine_options(*command, arguments->engine);
  command->callback(
      [&action, arguments] { action = [arguments](Terminal& terminal) { return run(*arguments, terminal); }; });
}

}  // namespace witin::cli
