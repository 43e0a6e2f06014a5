// Coordinates of an element in a frame, for reports.
#pragma once

#include "witin/types.hpp"

namespace witin {

// `element` counts in C order, below the number of elements of `shape`.
[[nodiscard]] inline Shape index_of(std::size_t element, const Shape& shape) {
  Shape index(shape.size());
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    const auto extent = static_cast<std::size_t>(shape[axis]);
    index[axis] = static_cast<std::int64_t>(element % extent);
    element /= extent;
  }
  return index;
}

}  // namespace witin
