// Options of every command that runs a network.
#pragma once

#include <filesystem>
#include <string>

#include "witin/engine.hpp"

namespace CLI {
class App;
}

namespace witin::cli {

struct EngineArguments {
  int threads = 0;  // 0: one a processor
  std::string isa = "auto";
};

// --threads, --isa.
void add_engine_options(CLI::App& command, EngineArguments& arguments);

// Makes the kernels use the instruction set that was asked for. Codes isa.*.
[[nodiscard]] Status use_isa(const EngineArguments& arguments);

// Loads a package and prepares it; `arithmetic` is a profile's name, empty for the package's own.
[[nodiscard]] Result<Engine> open_engine(const std::filesystem::path& model, const std::string& arithmetic);

}  // namespace witin::cli
