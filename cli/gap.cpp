// witin-sim gap: one network on the training library's profile and on the chip's; what training did not see.
#include <CLI/CLI.hpp>

#include "cli/command.hpp"
#include "cli/engine_options.hpp"
#include "cli/input_options.hpp"
#include "cli/ui/progress_bar.hpp"
#include "cli/ui/signals.hpp"
#include "sim/gap/gap.hpp"
#include "sim/report/gap_page.hpp"
#include "sim/report/gap_report.hpp"
#include "sim/trace/output_file.hpp"

namespace witin::cli {
namespace {

struct GapArguments {
  std::filesystem::path model;
  InputArguments input;
  std::filesystem::path labels;
  std::filesystem::path html;
  bool json = false;
  EngineArguments engine;
};

Result<gap::Report> measure(const GapArguments& arguments, const std::vector<InputFile>& files,
                            const Terminal& terminal) {
  const Result<Package> package = load_package(arguments.model);
  if (!package) return package.error();
  const auto source = open_inputs(*package, files, {.quantize = arguments.input.quantize});
  if (!source) return source.error();
  const Result<FrameRange> range = frame_range(arguments.input.frames, (*source)->frames());
  if (!range) return range.error();
  ProgressBar bar(terminal.shows_progress());
  RunOptions options;
  options.first_frame = range->first;
  options.frames = range->count;
  options.threads = arguments.engine.threads;
  options.cancel = &interrupted();
  options.progress = [&bar](std::int64_t done, std::int64_t total) { bar.update(done, total); };
  Result<gap::Report> report = gap::measure(*package, **source, arguments.labels, options);
  if (!report) return std::move(report).error().within(arguments.model.string());
  return report;
}

Result<ExitStatus> gap(const GapArguments& arguments, Terminal& terminal) {
  const Result<std::vector<InputFile>> files = input_files(arguments.input);
  if (!files) return files.error();
  std::vector<std::filesystem::path> read{arguments.model, arguments.labels};
  for (const InputFile& file : *files) read.push_back(file.path);
  for (Status status : {check_paths(std::move(read), {arguments.html}), use_isa(arguments.engine)}) {
    if (!status) return std::move(status).error();
  }
  const Result<gap::Report> report = measure(arguments, *files, terminal);
  if (!report) return report.error();
  if (!arguments.html.empty()) {
    if (Status written = trace::write_file(arguments.html, report::gap_page(*report)); !written) {
      return std::move(written).error();
    }
  }
  terminal.print(arguments.json ? report::gap_document(*report) : report::gap_summary(*report));
  return ExitStatus::kDone;
}

}  // namespace

void add_gap(CLI::App& app, Action& action) {
  const auto arguments = std::make_shared<GapArguments>();
  CLI::App* command = app.add_subcommand("gap", "Compare the training library's profile with the chip's, node by node");
  command->footer(
      "Examples:\n"
      "  witin-sim gap model.wpkg input.npy\n"
      "  witin-sim gap model.wpkg images.npy --labels labels.npy --html gap.html\n"
      "  witin-sim gap model.wpkg float.npy --quantize-input --json");
  command->add_option("MODEL", arguments->model, "The network: a package")->required()->type_name("FILE.wpkg");
  add_input_options(*command, arguments->input);
  command->add_option("--labels", arguments->labels, "Classes, one a frame: the accuracy of both")
      ->type_name("FILE.npy");
  command->add_option("--html", arguments->html, "Write a page as well")->type_name("FILE.html");
  command->add_flag("--json", arguments->json, "Print one JSON document instead of text");
  add_engine_options(*command, arguments->engine);
  command->callback(
      [&action, arguments] { action = [arguments](Terminal& terminal) { return gap(*arguments, terminal); }; });
}

}  // namespace witin::cli
