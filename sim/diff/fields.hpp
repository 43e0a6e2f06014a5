// What a comparison knows about fields and operators by their names (sim/trace/format.md).
#pragma once

#include <string_view>

namespace witin::diff {

// The order in which a node computes its fields: what drives the array, sums, the ADC, everything else, npu_y.
[[nodiscard]] int field_rank(std::string_view field);

// A field that is the node's input, state included.
[[nodiscard]] bool is_input_field(std::string_view field);

// One layer on the array, in the order of map/layers.txt.
[[nodiscard]] bool is_on_array(std::string_view op);

// The node's own earlier outputs are inputs of a later frame.
[[nodiscard]] bool is_recurrent(std::string_view op);

}  // namespace witin::diff
