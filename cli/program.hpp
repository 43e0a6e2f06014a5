// The program between main() and the commands: command line, streams, exit status.
#pragma once

#include <string>
#include <vector>

namespace witin::cli {

// `arguments` without the program's name. Returns what main returns.
[[nodiscard]] int run_program(std::vector<std::string> arguments);

}  // namespace witin::cli
