// --noise, --seed, --trial, --noise-nodes, --noise-draws.
#pragma once

#include <filesystem>
#include <string>

#include "witin/noise.hpp"

namespace CLI {
class App;
}

namespace witin::cli {

struct NoiseArguments {
  std::string model = "none";
  std::int64_t seed = 0;
  std::int64_t trial = 0;
  std::string nodes;
  std::filesystem::path draws;
};

void add_noise_options(CLI::App& command, NoiseArguments& arguments);

// Reads the files that are named. Errors: usage.noise where an option stands without a model; those of NoiseModel and
// NoiseDraws.
[[nodiscard]] Result<NoiseOptions> noise_options(const NoiseArguments& arguments);

}  // namespace witin::cli
