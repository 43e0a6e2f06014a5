// witin-sim diff: two runs, or a run and what the mapper or the hardware gave, value by value.
#include <CLI/CLI.hpp>
#include <chrono>

#include "cli/command.hpp"
#include "cli/input_options.hpp"
#include "cli/ui/progress_bar.hpp"
#include "cli/ui/signals.hpp"
#include "sim/diff/compare.hpp"
#include "sim/package/limits.hpp"
#include "sim/report/diff_page.hpp"
#include "sim/report/diff_report.hpp"
#include "sim/report/explain_report.hpp"
#include "sim/trace/output_file.hpp"

namespace witin::cli {
namespace {

struct DiffArguments {
  std::filesystem::path left;
  std::filesystem::path right;
  std::int64_t tolerance = 0;
  std::string nodes = "*";
  std::string frames;
  std::size_t max_report = 5;
  int threads = 0;
  bool complete = false;
  bool json = false;
  std::filesystem::path junit;
  std::filesystem::path html;
  std::filesystem::path explain;   // the model
  std::vector<std::string> input;  // of the network: FILE or NAME=FILE
};

Result<diff::Report> compare(const diff::Side& left, const diff::Side& right, const DiffArguments& arguments,
                             const Terminal& terminal) {
  diff::CompareOptions options;
  options.tolerance = arguments.tolerance;
  options.nodes = arguments.nodes;
  options.max_examples = arguments.max_report;
  options.threads = arguments.threads;
  options.cancel = &interrupted();
  if (!arguments.frames.empty()) {
    const auto range = frame_range(arguments.frames, std::max(left.info().frames, right.info().frames));
    if (!range) return range.error();
    options.first_frame = range->first;
    options.end_frame = range->first + range->count;
  }
  ProgressBar bar(terminal.shows_progress());
  options.progress = [&bar](std::int64_t done, std::int64_t total) { bar.update(done, total); };
  return diff::compare(left, right, options);
}

// Why nodes differ, judged by the model; nothing where every value is equal.
Result<explain::Explanations> explain_report(const diff::Side& left, const diff::Side& right,
                                             const diff::Report& report, const DiffArguments& arguments) {
  Result<Package> package = load_package(arguments.explain);
  if (!package) return std::move(package).error().within(arguments.explain.string());
  const Result<Engine> engine = Engine::create(*std::move(package), {.cancel = &interrupted()});
  if (!engine) return Error(engine.error()).within(arguments.explain.string());
  std::unique_ptr<FrameSource> inputs;
  if (!arguments.input.empty()) {
    InputArguments files;
    for (const std::string& input : arguments.input) {
      if (input.find('=') == std::string::npos && files.file.empty()) {
        files.file = input;
      } else {
        files.named.push_back(input);
      }
    }
    const auto named = input_files(files);
    if (!named) return named.error();
    Result<std::unique_ptr<FrameSource>> opened = open_inputs(engine->package(), *named);
    if (!opened) return std::move(opened).error();
    inputs = *std::move(opened);
  }
  return explain::explain_sides(*engine, left, right, report, inputs.get(), &interrupted());
}

// As text, which nothing can fail after that is printed: destroying a document takes memory.
std::string document(const diff::Report& report, bool complete, const explain::Explanations* explanations) {
  report::Document out = report::diff_document(report, complete);
  out["explanations"] = explanations != nullptr ? report::explain_document(*explanations) : report::Document(nullptr);
  return report::text_of(out);
}

Result<ExitStatus> diff_sides(const DiffArguments& arguments, Terminal& terminal) {
  const auto begin = std::chrono::steady_clock::now();
  if (Status free =
          check_paths({arguments.left, arguments.right, arguments.explain}, {arguments.junit, arguments.html});
      !free) {
    return std::move(free).error();
  }
  const auto left = diff::open_side(arguments.left);
  if (!left) return left.error();
  const auto right = diff::open_side(arguments.right);
  if (!right) return right.error();
  const Result<diff::Report> report = compare(**left, **right, arguments, terminal);
  if (!report) return report.error();
  std::optional<explain::Explanations> explanations;
  if (!arguments.explain.empty()) {
    Result<explain::Explanations> found = explain_report(**left, **right, *report, arguments);
    if (!found) return std::move(found).error();
    explanations = *std::move(found);
  }
  const bool equal = report::is_equal(*report, arguments.complete);
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
  if (!arguments.junit.empty()) {
    const std::string xml = report::diff_junit(*report, arguments.complete, time.count());
    if (Status written = trace::write_file(arguments.junit, xml); !written) return std::move(written).error();
  }
  if (!arguments.html.empty()) {
    const std::string page = report::diff_page(*report, arguments.complete, explanations ? &*explanations : nullptr);
    if (Status written = trace::write_file(arguments.html, page); !written) return std::move(written).error();
  }
  if (arguments.json) {
    terminal.print(document(*report, arguments.complete, explanations ? &*explanations : nullptr));
  } else {
    terminal.print(
        terminal.paint(equal ? Color::kGreen : Color::kRed, report::diff_verdict(*report, arguments.complete)) + "\n" +
        report::diff_text(*report) + (explanations ? report::explain_text(*explanations) : ""));
  }
  return equal ? ExitStatus::kDone : ExitStatus::kDifferent;
}

}  // namespace

void add_diff(CLI::App& app, Action& action) {
  const auto arguments = std::make_shared<DiffArguments>();
  CLI::App* command = app.add_subcommand("diff", "Compare two runs value by value, and tell where they part");
  command->footer(
      "A side is a trace (.wtrace), .npz, .npy, a folder of .npy, a folder the mapper wrote, or a capture of the\n"
      "hardware (infer_output.txt, a folder with tmp_output/L<k>.txt). Left is what is expected.\n"
      "\n"
      "Examples:\n"
      "  witin-sim diff before.wtrace after.wtrace\n"
      "  witin-sim diff before.wtrace after.wtrace --html diff.html\n"
      "  witin-sim diff run.wtrace mapped/ --json\n"
      "  witin-sim diff run.wtrace capture/ --tolerance 2 --junit diff.xml\n"
      "  witin-sim diff run.wtrace other.wtrace --explain model.wpkg --input input.npy\n"
      "\n"
      "Exit status: 0 equal, 1 a value differs, 2 a side cannot be used or there is nothing to compare.");
  command->add_option("LEFT", arguments->left, "What is expected")->required()->type_name("FILE|DIR");
  command->add_option("RIGHT", arguments->right, "What was found")->required()->type_name("FILE|DIR");
  command->add_option("--tolerance", arguments->tolerance, "Let errors up to this pass, in LSB; the default is 0")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 31))
      ->type_name("LSB");
  command->add_option("--nodes", arguments->nodes, "Only nodes whose names match")->type_name("GLOB");
  command->add_option("--frames", arguments->frames, "Only frames A to B-1")->type_name("A:B");
  command->add_flag("--complete", arguments->complete, "Values that only one side has are differences");
  command->add_option("--max-report", arguments->max_report, "Examples of each array that are shown; the default is 5")
      ->check(CLI::Range(std::size_t{0}, package::limits::kExamples))
      ->type_name("N");
  CLI::Option* const explain =
      command->add_option("--explain", arguments->explain, "Name the defects that explain what differs from this model")
          ->type_name("MODEL.wpkg");
  command->add_option("--input", arguments->input, "The network's input, for nodes that read it; may be repeated")
      ->needs(explain)
      ->allow_extra_args(false)
      ->type_name("[NAME=]FILE");
  command->add_option("--junit", arguments->junit, "Write the result as JUnit XML, too")->type_name("FILE.xml");
  command->add_option("--html", arguments->html, "Write a page, too")->type_name("FILE.html");
  command->add_flag("--json", arguments->json, "Print one JSON document instead of text");
  command->add_option("--threads", arguments->threads, "Worker threads; the default is one a processor")
      ->check(CLI::Range(1, package::limits::kThreads))
      ->type_name("N");
  command->callback(
      [&action, arguments] { action = [arguments](Terminal& terminal) { return diff_sides(*arguments, terminal); }; });
}

}  // namespace witin::cli
