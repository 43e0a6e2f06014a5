// witin-sim info: what a package or a trace holds.
#include <CLI/CLI.hpp>

#include "cli/command.hpp"
#include "cli/engine_options.hpp"
#include "sim/report/array_map.hpp"
#include "sim/report/info_report.hpp"
#include "sim/trace/output_file.hpp"

namespace witin::cli {
namespace {

struct InfoArguments {
  std::filesystem::path file;
  bool json = false;
  std::filesystem::path array_map;
};

Result<ExitStatus> info(const InfoArguments& arguments, Terminal& terminal) {
  const Result<report::FileKind> kind = report::kind_of(arguments.file);
  if (!kind) return kind.error();
  if (*kind == report::FileKind::kTrace) {
    if (!arguments.array_map.empty()) {
      return Error{"info.kind", "a trace has no array map", arguments.file.string(), "a package", "a trace", ""};
    }
    const Result<Trace> trace = Trace::open(arguments.file);
    if (!trace) return trace.error();
    terminal.print(arguments.json ? report::trace_document(trace->info()) : report::trace_summary(trace->info()));
    return ExitStatus::kDone;
  }
  const Result<Engine> engine = open_engine(arguments.file, "");
  if (!engine) return engine.error();
  if (!arguments.array_map.empty()) {
    const std::string map = report::array_map(array::footprint(*engine), engine->package().name);
    if (Status written = trace::write_file(arguments.array_map, map); !written) return std::move(written).error();
  }
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
  command->add_option("--array-map", arguments->array_map, "Draw the package's blocks on the array, as SVG")
      ->type_name("MAP.svg");
  command->callback(
      [&action, arguments] { action = [arguments](Terminal& terminal) { return info(*arguments, terminal); }; });
}

}  // namespace witin::cli
