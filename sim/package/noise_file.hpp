// Custom noise models as JSON. Every key, its unit and its default: sim/noise/noise.md. Codes: json.*, noise.*.
#pragma once

#include <filesystem>

#include "sim/noise/model.hpp"
#include "witin/error.hpp"

namespace witin::package {

[[nodiscard]] Result<noise::Model> read_noise_file(const std::filesystem::path& path);
// `name` of the text begins the place of errors.
[[nodiscard]] Result<noise::Model> parse_noise_text(std::string_view text, std::string_view name);

}  // namespace witin::package
