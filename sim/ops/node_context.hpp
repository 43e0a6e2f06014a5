// All an operator may know while it is prepared: its node, the profile, the types of its inputs, its tensors.
//
// Attributes were checked against the operator's rules before, so that reading one cannot fail; the default of an
// absent attribute stands where it is read.
#pragma once

#include <span>

#include "sim/kernels/isa.hpp"
#include "sim/ops/operator.hpp"
#include "witin/package.hpp"

namespace witin::ops {

class NodeContext {
 public:
  NodeContext(const Package& package, const Node& node, Arithmetic arithmetic, std::span<const ValueType> inputs,
              kernels::Isa isa)
      : package_(package), node_(node), arithmetic_(arithmetic), inputs_(inputs), isa_(isa) {}

  [[nodiscard]] const Node& node() const { return node_; }
  [[nodiscard]] Arithmetic arithmetic() const { return arithmetic_; }
  [[nodiscard]] kernels::Isa isa() const { return isa_; }  // the kernels to use: changes speed only
  [[nodiscard]] std::span<const ValueType> inputs() const { return inputs_; }
  [[nodiscard]] const ValueType& input(std::size_t index = 0) const { return inputs_[index]; }

  [[nodiscard]] bool has(std::string_view attribute) const;
  [[nodiscard]] bool flag(std::string_view attribute, bool absent) const;
  [[nodiscard]] std::int64_t integer(std::string_view attribute, std::int64_t absent) const;
  [[nodiscard]] double number(std::string_view attribute, double absent) const;
  [[nodiscard]] std::string text(std::string_view attribute, std::string_view absent) const;
  [[nodiscard]] std::vector<std::int64_t> integers(std::string_view attribute,
                                                   const std::vector<std::int64_t>& absent) const;
  [[nodiscard]] std::vector<double> numbers(std::string_view attribute, std::vector<double> absent) const;

  // Null when the node has no tensor in that role.
  [[nodiscard]] const Tensor* tensor(std::string_view role) const;
  // The elements of an integer tensor of at most 32 bits; empty when the role is absent.
  [[nodiscard]] std::vector<std::int32_t> integers_of(std::string_view role) const;
  // The elements of a float32 tensor; empty when the role is absent.
  [[nodiscard]] std::vector<float> floats_of(std::string_view role) const;
  // The elements of a float32 or float64 tensor; empty when the role is absent.
  [[nodiscard]] std::vector<double> doubles_of(std::string_view role) const;

  // Errors with their place filled in: "manifest.json/nodes/3/attributes/g (linear_1)".
  [[nodiscard]] Error node_error(std::string code, std::string what, std::string expected = {}, std::string found = {},
                                 std::string hint = {}) const;
  [[nodiscard]] Error attribute_error(std::string_view attribute, std::string code, std::string what,
                                      std::string expected = {}, std::string found = {}, std::string hint = {}) const;
  [[nodiscard]] Error tensor_error(std::string_view role, std::string code, std::string what, std::string expected = {},
                                   std::string found = {}, std::string hint = {}) const;

 private:
  [[nodiscard]] const AttributeValue* find(std::string_view attribute) const;
  [[nodiscard]] Error error_at(std::string_view place, std::string code, std::string what, std::string expected,
                               std::string found, std::string hint) const;

  const Package& package_;
  const Node& node_;
  Arithmetic arithmetic_;
  std::span<const ValueType> inputs_;
  kernels::Isa isa_;
};

}  // namespace witin::ops
