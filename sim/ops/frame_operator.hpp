// An operator that computes one frame at a time from int32 codes, whatever the storage of its inputs and output.
// For operators whose time does not matter beside the array's; the array operators and the ones that touch every
// value once read the storage themselves.
#pragma once

#include "sim/ops/operator.hpp"

namespace witin::ops {

class FrameOperator : public Operator {
 public:
  FrameOperator(ValueType output, std::span<const ValueType> inputs)
      : Operator(std::move(output)), inputs_(inputs.begin(), inputs.end()) {}

  Status run(const Run& run) const final;

 protected:
  // inputs[i] and output hold one frame; every code written to output lies in output().range.
  // Errors: code_error of an element the operator cannot take.
  virtual Status frame(std::span<const std::span<const std::int32_t>> inputs, std::span<std::int32_t> output) const = 0;

 private:
  std::vector<ValueType> inputs_;
};

}  // namespace witin::ops
