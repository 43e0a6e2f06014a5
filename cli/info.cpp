// witin-sim info: what a package or a trace holds.
#include <CLI/CLI.hpp>

#include "cli/command.hpp"
#include "cli/engine_options.hpp"
#include "sim/report/info_report.hpp"

namespace witin::cli {
namespace {

struct InfoArguments {
  std::filesystem::path file;
  bool json = false;
};

Result<ExitStatus> info(const InfoArguments& arguments, Terminal& terminal) {
  const Result<report::FileKind> kind = report::kind_of(arguments.file);
  if (!kind) return kind.error();
  if (*kind == report::FileKind::kTrace) {
    const Result<Trace> trace = Trace::open(arguments.file);
    if (!trace) return trace.error();
    terminal.print(arguments.json ? report::trace_document(trace->info()) : report::trace_summary(trace->info()));
    return ExitStatus::kDone;
  }
  const Result<Engine> engine = open_engine(arguments.file, "");
  if (!engine) return engine.error();
  terminal.print(arguments.json ? report::package_document(*engine) : report::package_summary(*engine));
  return ExitStatus::kDone;
}

}  // namespace

void add_info(CLI::App& app, Action& action) {
  const auto arguments = std::make_shared<InfoArguments>();
  CLI::App* command = app.add_subcommand("info", "Show what a package or a trace holds");
  command->footer(
      "Examples:\n"
      "  witin-sim info model.wpkg\n"
      "  witin-sim info run.wtrace --json");
  command->add_option("FILE", arguments->file, "A package (.wpkg) or a trace (.wtrace, .npz, folder of .npy)")
      ->required();
  command->add_flag("--json", arguments->json, "Print one JSON document instead of text");
  command->callback(
      [&action, arguments] { action = [arguments](Terminal& terminal) { return info(*arguments, terminal); }; });
}

}  // namespace witin::cli
