// A picture of the array with a network's blocks on it: one self-contained SVG.
#pragma once

#include <string>

#include "sim/array/footprint.hpp"

namespace witin::report {

// Columns to the right, weight rows downwards, the bias units in a strip below; blocks without room are listed.
[[nodiscard]] std::string array_map(const array::Footprint& footprint, std::string_view title);

}  // namespace witin::report
