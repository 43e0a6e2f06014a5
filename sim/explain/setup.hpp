// One node with everything that decides its codes, open to editing: what a hypothesis changes and the engine's own
// operator then computes.
//
//   y = output rule(accumulator(inputs, tensors, attributes) + bias changes), then what happens to codes afterwards
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "sim/arith/output_rule.hpp"
#include "sim/kernels/isa.hpp"
#include "sim/ops/operator.hpp"
#include "witin/package.hpp"

namespace witin::explain {

using Codes = std::vector<std::int32_t>;  // [frames, *shape], C order

struct IntTensor {
  Shape shape;
  std::vector<std::int32_t> values;
};

// Copies are cheap: codes and tensors are shared until they are edited.
struct Setup {
  Package package;  // the tensors of the node, nothing else
  Node node;
  Arithmetic arithmetic = Arithmetic::kWtm2101;
  kernels::Isa isa = kernels::Isa::kRef;  // what computes
  std::vector<ops::ValueType> types;      // of the inputs
  std::vector<std::shared_ptr<const Codes>> inputs;
  std::int64_t frames = 0;
  std::vector<std::shared_ptr<const void>> owned;  // bytes of edited tensors

  [[nodiscard]] bool has(std::string_view attribute) const { return node.attributes.contains(attribute); }
  [[nodiscard]] std::int64_t integer(std::string_view attribute, std::int64_t absent) const;
  [[nodiscard]] double number(std::string_view attribute, double absent) const;
  [[nodiscard]] std::string text(std::string_view attribute, std::string_view absent) const;
  [[nodiscard]] std::vector<std::int64_t> integers(std::string_view attribute) const;  // empty: absent

  // Absent where there is no such tensor, or it does not hold integers of at most 32 bits.
  [[nodiscard]] std::optional<IntTensor> tensor(std::string_view role) const;
  // Of the dtype the role had; int16 for weights that outgrow int8. A role may be new.
  void set_tensor(std::string_view role, const IntTensor& values);

  void set_input(std::size_t index, Codes codes) { inputs[index] = std::make_shared<const Codes>(std::move(codes)); }
  [[nodiscard]] std::int64_t elements(std::size_t input) const { return types[input].elements(); }

  // Only frames [first, first + count).
  [[nodiscard]] Setup slice(std::int64_t first, std::int64_t count) const;
};

// `inputs`: of the node's inputs, in order.
[[nodiscard]] Setup make_setup(const Package& package, const Node& node, Arithmetic arithmetic, kernels::Isa isa,
                               std::vector<ops::ValueType> types, std::vector<Codes> inputs, std::int64_t frames);

struct Outcome {
  Shape shape;
  CodeRange range;
  Codes y;
  Codes acc;              // of array nodes with one accumulator for each output; else empty
  Codes y_d;              // digital part of split inputs
  std::int64_t macs = 0;  // of one frame
  bool stateful = false;  // a frame depends on the ones before, or after
};

// Runs the node's operator. Errors: what it refuses, also for a single code.
[[nodiscard]] Result<Outcome> run(const Setup& setup);

// Columns of the array: output channels. Maps [C, H, W] have theirs on axis 0, all else on the last axis.
struct Columns {
  std::int64_t count = 1;
  std::int64_t stride = 1;
  std::int64_t elements = 1;  // of a frame

  [[nodiscard]] std::size_t of(std::size_t index) const {
    return (index / static_cast<std::size_t>(stride)) % static_cast<std::size_t>(count);
  }
};
[[nodiscard]] Columns columns_of(const Shape& shape);

}  // namespace witin::explain
