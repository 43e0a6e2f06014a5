// The one list of operators: name, profiles, what a node may carry, and the function that prepares it.
//
// To add an operator:
//   1. Write sim/ops/<name>.cpp: its formula in the first line, a class derived from Operator (or FrameOperator of
//      sim/ops/frame_operator.hpp), and `const OpDef k<Name>` that names its tensors and attributes.
//   2. Add the OpDef to the list in sim/ops/registry.cpp.
//   3. Write tests/ops/<name>_test.cpp, give the operator its row in sim/package/format.md, and its NumPy form in
//      scripts/reference/run_package.py, which checks golden cases.
// Names, types, ranges and arity are then checked before `prepare` is called; it checks what needs the shapes.
#pragma once

#include <limits>

#include "sim/ops/node_context.hpp"
#include "sim/ops/operator.hpp"

namespace witin::ops {

enum class AttributeKind : std::uint8_t { kBool, kInteger, kNumber, kString, kIntegers, kNumbers };

struct AttributeRule {
  std::string_view name;
  AttributeKind kind;
  bool required = false;
  // Numbers and the elements of lists must lie in [lo, hi].
  double lo = -std::numeric_limits<double>::max();
  double hi = std::numeric_limits<double>::max();
  std::string_view choices = {};  // strings: the allowed ones, "none|pn|shift"
  std::size_t count = 0;          // lists: the length, 0 for any
};

struct TensorRule {
  std::string_view role;
  std::string_view dtypes;  // NumPy names, "int8|int16"
  std::size_t rank = 0;     // 0 for any
  bool required = true;
};

inline constexpr unsigned kOnWtm2101 = 1U << static_cast<unsigned>(Arithmetic::kWtm2101);
inline constexpr unsigned kOnWitinNn = 1U << static_cast<unsigned>(Arithmetic::kWitinNn);
inline constexpr unsigned kOnNb01 = 1U << static_cast<unsigned>(Arithmetic::kNb01);
inline constexpr unsigned kOnAll = kOnWtm2101 | kOnWitinNn | kOnNb01;

struct OpDef {
  std::string_view name;
  unsigned profiles;  // an operator whose attributes depend on the profile has an OpDef for each form
  std::size_t min_inputs;
  std::size_t max_inputs;
  std::vector<TensorRule> tensors;
  std::vector<AttributeRule> attributes;
  Result<std::unique_ptr<Operator>> (*prepare)(const NodeContext& context);
};

// Every operator, in the order of sim/package/format.md.
[[nodiscard]] std::span<const OpDef* const> registry();

// Checks a node against its OpDef and prepares it. `inputs`: the types of the node's inputs, in order.
[[nodiscard]] Result<std::unique_ptr<Operator>> prepare(const Package& package, const Node& node, Arithmetic arithmetic,
                                                        std::span<const ValueType> inputs, kernels::Isa isa);

}  // namespace witin::ops
