// witin-sim: a simulator of the Witmem WTM2101, bit for bit. cli/README.md describes the command line.
#include "cli/program.hpp"
#include "cli/ui/signals.hpp"

int main(int argc, char** argv) {
  witin::cli::handle_signals();
  return witin::cli::run_program({argv + (argc > 0 ? 1 : 0), argv + argc});
}
