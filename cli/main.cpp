// witin-sim: a simulator of the Witmem WTM2101, bit for bit. cli/README.md describes the command line.
#include <cstdio>
#include <new>

#include "cli/program.hpp"
#include "cli/ui/exit_status.hpp"
#include "cli/ui/signals.hpp"

int main(int argc, char** argv) try {
  witin::cli::handle_signals();
  return witin::cli::run_program({argv + (argc > 0 ? 1 : 0), argv + argc});
} catch (const std::bad_alloc&) {  // before the command began, or while its error was told
  std::fputs("witin-sim: out of memory [resource.memory]\n", stderr);
  return static_cast<int>(witin::cli::ExitStatus::kUnusable);
}
