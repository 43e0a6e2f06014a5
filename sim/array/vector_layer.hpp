// One matrix of a recurrent cell: a vector of codes in, int8 codes out, y = rule(x W + bias).
#pragma once

#include <initializer_list>
#include <string_view>
#include <vector>

#include "sim/array/array_layer.hpp"
#include "sim/noise/noisy_matrix.hpp"
#include "sim/ops/node_context.hpp"

namespace witin::array {

class VectorLayer {
 public:
  // Names of the node's tensors and attribute, and what their shapes must be.
  struct Spec {
    std::string_view weight;  // [rows, columns]
    std::string_view bias;    // [columns], optional
    std::string_view g;
    std::int64_t rows = 0;
    std::int64_t columns = 0;
    CodeRange x;      // any code the cell takes: what the accumulators are checked for
    CodeRange codes;  // those that can come
  };
  // Errors: a weight of another shape, and those of read_array_tensors and OutputRule.
  [[nodiscard]] static Result<VectorLayer> make(const ops::NodeContext& context, const Spec& spec);
  [[nodiscard]] static Result<std::vector<VectorLayer>> make_all(const ops::NodeContext& context,
                                                                 std::initializer_list<Spec> specs);

  [[nodiscard]] std::int64_t rows() const { return noise_spec_.node_rows; }
  [[nodiscard]] std::int64_t columns() const { return layer_.outputs(); }
  [[nodiscard]] std::int64_t macs() const { return layer_.macs(); }
  [[nodiscard]] bool has_v() const { return layer_.has_v(); }
  // The matrix as noise sees it, alone in its node.
  [[nodiscard]] noise::MatrixSpec noise_spec() const;
  [[nodiscard]] kernels::Isa isa() const { return staging_.operands.isa; }

  // y: [columns]; acc and v: [columns], or empty where they are not wanted.
  void run(std::span<const std::int32_t> x, std::span<std::int32_t> y, std::span<std::int32_t> acc,
           std::span<std::int32_t> v, ops::Scratch& scratch) const;

 private:
  VectorLayer(Staging staging, ArrayLayer layer, Weights weight, noise::MatrixSpec noise_spec)
      : staging_(staging), layer_(std::move(layer)), weight_(std::move(weight)), noise_spec_(std::move(noise_spec)) {}
  Staging staging_;
  ArrayLayer layer_;
  Weights weight_;
  noise::MatrixSpec noise_spec_;  // without the weights
};

}  // namespace witin::array
