// Where each layer lies on the array: by the packer of sim/array/footprint.hpp, or at coordinates that are given.
//
// A bias row of a layer is the odd row of one bias unit: a layer takes as many units as it has bias rows. The packer
// gives a layer the rows of its attribute bias_rows, else the fewest that hold its bias, at least one.
#pragma once

#include <filesystem>

#include "sim/golden/array_layer.hpp"

namespace witin::golden {

// Drives and places the layers of all nets. `coordinates`: a file of lines x_start, x_end, y_start, y_end, z_start,
// z_end, G, one a layer, ends included, as layers.txt; empty: packed. Errors: golden.no_room, golden.place,
// golden.overlap, golden.rows, golden.bias; text.*, file.*.
[[nodiscard]] Status place_layers(const std::vector<ArrayLayer*>& layers, const std::filesystem::path& coordinates);

}  // namespace witin::golden
