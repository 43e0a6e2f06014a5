// A sweep as a page and as a picture: how the score falls with the noise, and which layers it falls for.
#pragma once

#include <string>

#include "sim/sweep/findings.hpp"

namespace witin::report {

[[nodiscard]] std::string sweep_page(const sweep::Sweep& sweep, std::span<const sweep::Finding> findings);

// The curve of the page as SVG; of the first metric, where networks are judged by several.
[[nodiscard]] std::string sweep_picture(const sweep::Sweep& sweep, std::span<const sweep::Finding> findings);

}  // namespace witin::report
