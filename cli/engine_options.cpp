#include "cli/engine_options.hpp"

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "cli/ui/signals.hpp"
#include "sim/kernels/isa.hpp"
#include "sim/package/limits.hpp"

namespace witin::cli {

void add_engine_options(CLI::App& command, EngineArguments& arguments) {
  command.add_option("--threads", arguments.threads, "Number of threads; 0 for one a processor")
      ->check(CLI::Range(0, package::limits::kThreads))
      ->type_name("N");
  command.add_option("--isa", arguments.isa, "Instruction set; the codes are the same on each (also WITIN_ISA)")
      ->check(CLI::IsMember({"auto", "ref", "sse2", "avx2", "avx512bw", "avx512vnni", "neon"}))
      ->type_name("SET");
}

Status use_isa(const EngineArguments& arguments) {
  const Result<kernels::Isa> isa = kernels::select_isa(arguments.isa);
  if (!isa) return isa.error();
  ::setenv("WITIN_ISA", std::string(name(*isa)).c_str(), 1);
  return {};
}

Result<Engine> open_engine(const std::filesystem::path& model, const std::string& arithmetic) {
  Result<Package> package = load_package(model);
  if (!package) return std::move(package).error();
  EngineOptions options;
  options.cancel = &interrupted();
  if (!arithmetic.empty()) options.arithmetic = parse_arithmetic(arithmetic);
  Result<Engine> engine = Engine::create(std::move(package).value(), options);
  if (!engine) return std::move(engine).error().within(model.string());
  return engine;
}

}  // namespace witin::cli
