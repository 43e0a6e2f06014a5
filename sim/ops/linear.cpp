// linear: y[n] = rule(sum_k x[k] * weight[k, n] + bias[n])                                sim/arith/numerics.md
//
// An input [K] gives [N]; an input [..., K] is that many vectors and gives [..., N].
#include "sim/array/lowering.hpp"
#include "sim/ops/array_lowerings.hpp"
#include "sim/ops/defs.hpp"

namespace witin::ops {
Result<array::Lowering> linear_lowering(const NodeContext& context) {
  const ValueType& x = context.input();
  const Shape& weight = context.tensor("weight")->shape;
  const std::int64_t rows = weight[0];
  const std::int64_t columns = weight[1];
  if (x.shape.empty() || x.shape.back() != rows || rows < 1 || columns < 1) {
    return context.tensor_error("weight", "tensor.shape", "the weight's rows are not the input's codes",
                                "[K, N] for an input [K]", to_string(weight) + " for " + to_string(x.shape));
  }
  array::Lowering lowering;
  lowering.channels = rows;
  lowering.columns = columns;
  lowering.h = array::convolution_axis({});
  if (x.shape.size() == 1) {
    lowering.time = true;  // all frames of a block at once
    lowering.w = array::time_axis({{}});
  } else {
    lowering.w = array::convolution_axis({.extent = x.elements() / rows});
  }
  lowering.output_shape = x.shape;
  lowering.output_shape.back() = columns;
  lowering.input = {1, 0, rows};
  lowering.output = {1, 0, columns};
  lowering.weight = {.channel = columns, .output = 1};
  return lowering;
}

namespace {

Result<std::unique_ptr<Operator>> prepare_linear(const NodeContext& context) {
  const Result<array::ArrayAttributes> attributes = array::read_array_attributes(context, true);
  if (!attributes) return attributes.error();
  const Result<array::Lowering> lowering = linear_lowering(context);
  if (!lowering) return lowering.error();
  return array::lower(context, *attributes, *lowering);
}

}  // namespace

const OpDef kLinear{"linear",
                    kOnAll,
                    1,
                    1,
                    {{"weight", "int8|int16", 2},
                     {"weight_neg", "int8|int16", 2, false},
                     {"bias", "int32", 1, false},
                     {"bias_d", "int32", 1, false}},
                    array::with_array_attributes({}),
                    prepare_linear};

}  // namespace witin::ops
