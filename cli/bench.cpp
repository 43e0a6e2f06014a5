// witin-sim bench: how fast a network runs, node by node.
#include <CLI/CLI.hpp>

#include "cli/command.hpp"
#include "cli/engine_options.hpp"
#include "cli/input_options.hpp"
#include "cli/ui/signals.hpp"
#include "sim/bench/measure.hpp"
#include "sim/report/bench_report.hpp"

namespace witin::cli {
namespace {

struct BenchArguments {
  std::filesystem::path model;
  InputArguments input;
  std::int64_t random_frames = 1024;
  double seconds = 1;
  bool json = false;
  EngineArguments engine;
};

Result<std::unique_ptr<FrameSource>> open_source(const BenchArguments& arguments, const Package& package) {
  if (arguments.input.file.empty() && arguments.input.named.empty()) {
    return bench::random_source(package, arguments.random_frames);
  }
  const Result<std::vector<InputFile>> files = input_files(arguments.input);
  if (!files) return files.error();
  return open_inputs(package, *files, {.quantize = arguments.input.quantize});
}

Result<ExitStatus> bench(const BenchArguments& arguments, Terminal& terminal) {
  if (Status status = use_isa(arguments.engine); !status) return std::move(status).error();
  const Result<Engine> engine = open_engine(arguments.model, "");
  if (!engine) return engine.error();
  const Result<std::unique_ptr<FrameSource>> source = open_source(arguments, engine->package());
  if (!source) return source.error();
  const Result<FrameRange> range = frame_range(arguments.input.frames, (*source)->frames());
  if (!range) return range.error();
  RunOptions options;
  options.first_frame = range->first;
  options.frames = range->count;
  options.threads = arguments.engine.threads;
  options.cancel = &interrupted();
  const Result<bench::Measurement> measured = bench::measure(*engine, **source, options, arguments.seconds);
  if (!measured) return measured.error();
  terminal.print(arguments.json ? report::bench_document(*engine, *measured)
                                : report::bench_summary(*engine, *measured));
  return ExitStatus::kDone;
}

}  // namespace

void add_bench(CLI::App& app, Action& action) {
  const auto arguments = std::make_shared<BenchArguments>();
  CLI::App* command = app.add_subcommand("bench", "Measure how fast a network runs, node by node");
  command->footer(
      "Examples:\n"
      "  witin-sim bench model.wpkg\n"
      "  witin-sim bench model.wpkg input.npy --threads 1 --isa avx2\n"
      "  witin-sim bench model.wpkg --random-frames 100 --seconds 5 --json");
  command->add_option("MODEL", arguments->model, "The network: a package")->required()->type_name("FILE.wpkg");
  add_input_options(*command, arguments->input);
  command->add_option("--random-frames", arguments->random_frames, "Frames of random codes, without an input")
      ->check(CLI::Range(1, 1 << 20))
      ->type_name("N");
  command->add_option("--seconds", arguments->seconds, "How long to repeat the run")
      ->check(CLI::Range(0.0, 3600.0))
      ->type_name("S");
  command->add_flag("--json", arguments->json, "Print one JSON document instead of text");
  add_engine_options(*command, arguments->engine);
  command->callback(
      [&action, arguments] { action = [arguments](Terminal& terminal) { return bench(*arguments, terminal); }; });
}

}  // namespace witin::cli
