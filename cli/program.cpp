#include "cli/program.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <numeric>
#include <optional>
#include <utility>

#include "cli/command.hpp"
#include "cli/ui/signals.hpp"
#include "sim/guard.hpp"
#include "witin/version.hpp"

namespace witin::cli {
namespace {

constexpr const char* kDescription =
    "Runs integer networks in the arithmetic of the Witmem WTM2101 compute-in-memory chip, bit for bit.";
constexpr const char* kExamples =
    "Examples:\n"
    "  witin-sim model.wpkg input.npy                  run a network, print a summary of every node\n"
    "  witin-sim model.wpkg input.npy -o output.npy    run it, write its output\n"
    "  witin-sim info model.wpkg                       what a package holds\n"
    "  witin-sim verify golden                         run every golden case of a folder and compare\n"
    "  witin-sim diff left.wtrace right.wtrace         compare two runs value by value\n"
    "  witin-sim run --help                            the options of a command\n"
    "\n"
    "Exit status: 0 done or identical, 1 compared and different, 2 unusable input or usage, 3 internal error.";

struct GlobalOptions {
  int verbosity = 0;
  bool quiet = false;
  std::string color = "auto";

  [[nodiscard]] TerminalOptions terminal() const {
    const ColorMode mode = color == "always"  ? ColorMode::kAlways
                           : color == "never" ? ColorMode::kNever
                                              : ColorMode::kAuto;
    return {mode, verbosity, quiet};
  }
};

void describe(CLI::App& app, GlobalOptions& options, Action& action) {
  app.name("witin-sim");
  app.description(kDescription);
  app.footer(kExamples);
  app.get_formatter()->column_width(34);
  app.set_version_flag("--version", "witin-sim " + std::string(version()), "Print the version and leave");
  app.add_flag("-v,--verbose", options.verbosity, "Say on stderr what is done and how long it took");
  app.add_flag("-q,--quiet", options.quiet, "No progress and no warnings on stderr; errors are still shown");
  app.add_option("--color", options.color, "When to use colours; auto: on a terminal, unless NO_COLOR is set")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->type_name("WHEN");
  app.require_subcommand(0, 1);
  app.fallthrough();
  add_run(app, action);
  add_info(app, action);
  add_golden(app, action);
  add_verify(app, action);
  add_diff(app, action);
  add_gap(app, action);
  add_sweep(app, action);
  add_bench(app, action);
  add_completion(app, action);
}

// The position of the first argument that is not a global option.
std::size_t after_global_options(const std::vector<std::string>& arguments) {
  std::size_t i = 0;
  while (i < arguments.size()) {
    const std::string& argument = arguments[i];
    if (argument == "--color") {
      i += 2;
    } else if (argument == "--verbose" || argument == "--quiet" || argument.starts_with("--color=") ||
               (argument.size() > 1 && argument[0] == '-' &&
                argument.find_first_not_of("vq", 1) == std::string::npos)) {
      ++i;
    } else {
      break;
    }
  }
  return std::min(i, arguments.size());
}

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

// Insertions, deletions and replacements that make one word of the other.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = std::exchange(row[j + 1], std::min({replaced, row[j] + 1, row[j + 1] + 1}));
    }
  }
  return row.back();
}

Error unknown_command(const CLI::App& app, const std::string& word) {
  std::string names;
  std::string hint;
  for (const CLI::App* command : commands_of(app)) {
    names += (names.empty() ? "" : ", ") + command->get_name();
    if (hint.empty() && distance(word, command->get_name()) <= 2) hint = "did you mean " + command->get_name() + "?";
  }
  return Error{"usage.command", "there is no such command or file", "", names + ", or a package", "'" + word + "'",
               std::move(hint)};
}

// `witin-sim MODEL.wpkg INPUT.npy` is `witin-sim run MODEL.wpkg INPUT.npy`.
Status insert_default_command(const CLI::App& app, std::vector<std::string>& arguments) {
  const std::size_t at = after_global_options(arguments);
  if (at == arguments.size()) return {};
  const std::string& word = arguments[at];
  if (word == "-h" || word == "--help" || word == "--version") return {};
  const auto is_word = [&word](const CLI::App* command) { return command->check_name(word); };
  if (std::ranges::any_of(commands_of(app), is_word)) return {};
  std::error_code ignored;
  const bool is_path = word.find_first_of("./") != std::string::npos || std::filesystem::exists(word, ignored);
  if (!is_path && !word.starts_with('-')) return unknown_command(app, word);
  arguments.insert(arguments.begin() + static_cast<std::ptrdiff_t>(at), "run");
  return {};
}

Error usage_error(const CLI::App& app, const std::string& what) {
  const std::vector<const CLI::App*> chosen = app.get_subcommands([](const CLI::App* sub) { return sub->parsed(); });
  const std::string command = chosen.empty() ? "" : " " + chosen.front()->get_name();
  return Error{"usage", what, "", "", "", "see witin-sim" + command + " --help"};
}

int fail(const Error& error) {
  if (error.code == "run.cancelled" && interrupted_status() != 0) {
    log_error(Error{"interrupted", "stopped by a signal; nothing was written", "", "", "", error.hint});
    return interrupted_status();
  }
  log_error(error);
  return static_cast<int>(error.internal() ? ExitStatus::kInternal : ExitStatus::kUnusable);
}

Result<ExitStatus> perform(const Action& action, Terminal& terminal) {
  Result<ExitStatus> done = guarded("", [&] { return action(terminal); });
  if (Status printed = terminal.finish(); done.ok() && !printed) return std::move(printed).error();
  return done;
}

}  // namespace

int run_program(std::vector<std::string> arguments) {
  CLI::App app;
  GlobalOptions options;
  Action action;
  Terminal terminal({});
  try {
    describe(app, options, action);
    if (Status inserted = insert_default_command(app, arguments); !inserted) return fail(inserted.error());
    std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
    app.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    action = [&app](Terminal& out) -> Result<ExitStatus> { return out.print(app.help()), ExitStatus::kDone; };
  } catch (const CLI::CallForVersion& text) {
    action = [line = std::string(text.what()) + "\n"](Terminal& out) -> Result<ExitStatus> {
      return out.print(line), ExitStatus::kDone;
    };
  } catch (const CLI::ParseError& error) {
    return fail(usage_error(app, error.what()));
  }
  if (!action) {
    std::fputs(app.help().c_str(), stderr);
    return static_cast<int>(ExitStatus::kUnusable);
  }
  terminal = Terminal(options.terminal());
  const Result<ExitStatus> done = perform(action, terminal);
  return done ? static_cast<int>(*done) : fail(done.error());
}

}  // namespace witin::cli
