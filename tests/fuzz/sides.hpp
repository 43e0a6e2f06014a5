// Sides of a comparison from folders of a bundle, and what every comparison must hold.
#pragma once

#include <memory>

#include "sim/diff/compare.hpp"
#include "sim/diff/side.hpp"

namespace witin::fuzz {

// Reads every array of a side, in one piece and frame by frame. False: it was refused.
[[nodiscard]] bool read_all(const diff::Side& side);

// Compares and reports; a side is equal to itself, and the two directions agree. Nothing: refused.
void check_comparison(const diff::Side& left, const diff::Side& right, const diff::CompareOptions& options);

}  // namespace witin::fuzz
