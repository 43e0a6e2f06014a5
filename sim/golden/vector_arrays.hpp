// The arrays the formats c and hex write, in their order: inputs, of each layer x, weight, bias_rows and expected, of
// each node its codes.
#pragma once

#include <functional>

#include "sim/golden/vectors.hpp"

namespace witin::golden {

struct VectorArray {
  std::string group;       // "input", "layer", "node"
  std::size_t number = 0;  // in its group, from 0
  std::string owner;       // name of the input, layer or node
  std::string part;        // "codes", "x", "weight", "bias_rows", "expected"
  Shape shape;             // C order; codes, x and expected begin with frames or lines
  CodeRange range;         // of its values
  // Calls the function with each value in order.
  std::function<Status(const std::function<void(std::int32_t)>&)> values;

  // Width of the narrowest of 8, 16 and 32 bits that holds the range.
  [[nodiscard]] int bits() const;
  [[nodiscard]] bool is_signed() const { return range.lo < 0; }
};

// The functions refer to `vectors`.
[[nodiscard]] std::vector<VectorArray> vector_arrays(const Vectors& vectors);

}  // namespace witin::golden
