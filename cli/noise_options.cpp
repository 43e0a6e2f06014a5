#include "cli/noise_options.hpp"

#include <CLI/CLI.hpp>
#include <limits>

namespace witin::cli {

void add_noise_options(CLI::App& command, NoiseArguments& arguments) {
  command.add_option("--noise", arguments.model, "Noise of the array: normal:L, simple:L, mbs:L or custom:FILE.json")
      ->type_name("MODEL");
  command.add_option("--seed", arguments.seed, "Seed of the noise; 0 by default")
      ->check(CLI::Range(std::int64_t{0}, std::numeric_limits<std::int64_t>::max()))
      ->type_name("N");
  command.add_option("--trial", arguments.trial, "Which instance of the chip; 0 by default")
      ->check(CLI::Range(std::int64_t{0}, (std::int64_t{1} << 32) - 1))
      ->type_name("N");
  command.add_option("--noise-nodes", arguments.nodes, "Noise only in nodes whose names match")->type_name("GLOB");
  command.add_option("--noise-draws", arguments.draws, "Standard normals to use instead of drawing them")
      ->type_name("FILE.npz");
}

Result<NoiseOptions> noise_options(const NoiseArguments& arguments) {
  Result<NoiseModel> model = NoiseModel::parse(arguments.model);
  if (!model) return std::move(model).error();
  NoiseOptions options;
  options.model = *std::move(model);
  options.seed = static_cast<std::uint64_t>(arguments.seed);
  options.trial = arguments.trial;
  if (!arguments.nodes.empty()) options.nodes = arguments.nodes;
  const bool narrowed = arguments.seed != 0 || arguments.trial != 0 || !arguments.nodes.empty();
  if (arguments.model == "none" && (narrowed || !arguments.draws.empty())) {
    return Error{"usage.noise", "options of the noise without noise", "", "--noise MODEL", "", ""};
  }
  if (!arguments.draws.empty()) {
    Result<NoiseDraws> draws = NoiseDraws::load(arguments.draws);
    if (!draws) return std::move(draws).error();
    options.draws = *std::move(draws);
  }
  return options;
}

}  // namespace witin::cli
