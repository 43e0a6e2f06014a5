// One matrix of a recurrent cell: a vector of codes in, int8 codes out, y = rule(x W + bias).
#pragma once

#include <string_view>

#include "sim/array/array_layer.hpp"
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

  [[nodiscard]] std::int64_t columns() const { return layer_.outputs(); }
  [[nodiscard]] std::int64_t macs() const { return layer_.macs(); }
  [[nodiscard]] bool has_v() const { return layer_.has_v(); }

  // y: [columns]; acc and v: [columns], or empty where they are not wanted.
  void run(std::span<const std::int32_t> x, std::span<std::int32_t> y, std::span<std::int32_t> acc,
           std::span<std::int32_t> v, ops::Scratch& scratch) const;

 private:
  VectorLayer(Staging staging, ArrayLayer layer) : staging_(staging), layer_(std::move(layer)) {}
  Staging staging_;
  ArrayLayer layer_;
};

}  // namespace witin::array
