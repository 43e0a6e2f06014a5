// witin-sim verify: golden cases, run and compared. The entry point of CI.
#include <CLI/CLI.hpp>

#include "cli/command.hpp"
#include "cli/engine_options.hpp"
#include "cli/ui/progress_bar.hpp"
#include "cli/ui/signals.hpp"
#include "sim/cancel.hpp"
#include "sim/report/verify_report.hpp"
#include "sim/trace/output_file.hpp"

namespace witin::cli {
namespace {

using golden::CaseResult;
using golden::Verdict;

struct VerifyArguments {
  std::vector<std::filesystem::path> paths;
  std::filesystem::path junit;
  bool json = false;
  EngineArguments engine;
};

std::string line(const CaseResult& result, const Terminal& terminal) {
  const Color color = result.verdict == Verdict::kEqual ? Color::kGreen : Color::kRed;
  const std::string_view verdict = report::name(result.verdict);
  return terminal.paint(color, verdict) + std::string(11 - verdict.size(), ' ') + report::detail(result) + "\n";
}

CaseResult verify_one(const std::filesystem::path& path, const VerifyArguments& arguments, const Terminal& terminal) {
  ProgressBar bar(terminal.shows_progress());
  RunOptions options;
  options.threads = arguments.engine.threads;
  options.cancel = &interrupted();
  options.progress = [&bar](std::int64_t done, std::int64_t total) { bar.update(done, total); };
  return golden::verify_case(path, options);
}

// The worst of all cases.
ExitStatus status_of(std::span<const CaseResult> results) {
  ExitStatus status = ExitStatus::kDone;
  for (const CaseResult& result : results) {
    ExitStatus own = ExitStatus::kDone;
    if (result.verdict == Verdict::kDifferent) own = ExitStatus::kDifferent;
    if (result.verdict == Verdict::kUnusable) {
      own = result.error->internal() ? ExitStatus::kInternal : ExitStatus::kUnusable;
    }
    status = std::max(status, own);
  }
  return status;
}

Result<ExitStatus> verify(const VerifyArguments& arguments, Terminal& terminal) {
  if (Status status = use_isa(arguments.engine); !status) return std::move(status).error();
  std::vector<std::filesystem::path> cases;
  for (const std::filesystem::path& path : arguments.paths) {
    const auto found = golden::find_cases(path);
    if (!found) return found.error();
    cases.insert(cases.end(), found->begin(), found->end());
  }
  std::vector<CaseResult> results;
  for (const std::filesystem::path& path : cases) {
    results.push_back(verify_one(path, arguments, terminal));
    if (interrupted()) return cancelled("verification");
    if (!arguments.json) terminal.print(line(results.back(), terminal));
  }
  if (!arguments.junit.empty()) {
    if (Status written = trace::write_file(arguments.junit, report::verify_junit(results)); !written) {
      return std::move(written).error();
    }
  }
  if (arguments.json) {
    terminal.print(report::verify_document(results));
  } else if (results.size() > 1) {
    terminal.print(report::totals(results));
  }
  return status_of(results);
}

}  // namespace

void add_verify(CLI::App& app, Action& action) {
  const auto arguments = std::make_shared<VerifyArguments>();
  CLI::App* command = app.add_subcommand("verify", "Run golden cases and compare every value, for CI");
  command->footer(
      "A case is a folder with a case.json, or with model.wpkg, input.npy and expected.npy (or .npz, .wtrace).\n"
      "\n"
      "Examples:\n"
      "  witin-sim verify golden/digits_cnn\n"
      "  witin-sim verify golden --junit verify.xml\n"
      "\n"
      "Exit status: 0 all equal, 1 a value differs, 2 a case cannot be used or holds nothing to compare.");
  command->add_option("CASE", arguments->paths, "Cases, or folders of cases at any depth")
      ->required()
      ->type_name("DIR|case.json");
  command->add_option("--junit", arguments->junit, "Write the results as JUnit XML, too")->type_name("FILE.xml");
  command->add_flag("--json", arguments->json, "Print one JSON document instead of text");
  add_engine_options(*command, arguments->engine);
  command->callback(
      [&action, arguments] { action = [arguments](Terminal& terminal) { return verify(*arguments, terminal); }; });
}

}  // namespace witin::cli
