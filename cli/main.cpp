// witin-sim: a simulator of the Witmem WTM2101, bit for bit. cli/README.md describes the command line.
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <new>

#include "cli/program.hpp"
#include "cli/ui/exit_status.hpp"
#include "cli/ui/signals.hpp"

namespace {

int out_of_memory() {
  std::fputs("witin-sim: out of memory [resource.memory]\n", stderr);
  return static_cast<int>(witin::cli::ExitStatus::kUnusable);
}

std::terminate_handler usual_end = nullptr;

// JSON values allocate in their destructors, which cannot throw. Files under way have no names yet, where the file
// system knows such files: none is left.
void end() try {
  if (const std::exception_ptr thrown = std::current_exception()) std::rethrow_exception(thrown);
  usual_end();
} catch (const std::bad_alloc&) {
  ::_exit(out_of_memory());
} catch (...) {
  usual_end();
}

}  // namespace

int main(int argc, char** argv) try {
  usual_end = std::set_terminate(end);
  witin::cli::handle_signals();
  return witin::cli::run_program({argv + (argc > 0 ? 1 : 0), argv + argc});
} catch (const std::bad_alloc&) {  // before the command began, or while its error was told
  return out_of_memory();
}
