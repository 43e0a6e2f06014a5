// Which input format and weight width a path multiplies. Internal to sim/kernels.
#pragma once

#include <span>

#include "sim/kernels/matmul.hpp"

namespace witin::kernels {

struct XChoice {
  XFormat format;
  bool wide = false;  // s16 weights
};

// x_range within int16.
[[nodiscard]] XChoice choose_format(Isa isa, CodeRange x_range, std::span<const std::int16_t> weights);

}  // namespace witin::kernels
