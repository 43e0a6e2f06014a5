// What a command is to the program: it adds its subcommand to the command line, and sets the action when it is chosen.
//
// To add a command: write cli/<name>.cpp with add_<name>, declare it here, and call it in cli/program.cpp; describe it
// in cli/README.md and test it in tests/cli.
#pragma once

#include <functional>

#include "cli/ui/exit_status.hpp"
#include "cli/ui/terminal.hpp"
#include "witin/error.hpp"

namespace CLI {
class App;
}

namespace witin::cli {

using Action = std::function<Result<ExitStatus>(Terminal&)>;

void add_run(CLI::App& app, Action& action);
void add_info(CLI::App& app, Action& action);
void add_golden(CLI::App& app, Action& action);
void add_verify(CLI::App& app, Action& action);
void add_diff(CLI::App& app, Action& action);
void add_gap(CLI::App& app, Action& action);
void add_sweep(CLI::App& app, Action& action);
void add_bench(CLI::App& app, Action& action);
void add_completion(CLI::App& app, Action& action);

}  // namespace witin::cli
