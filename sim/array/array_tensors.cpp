#include "sim/array/array_tensors.hpp"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <string>

#include "sim/arith/bias.hpp"

namespace witin::array {
namespace {

using ops::NodeContext;

std::int64_t largest_magnitude(const std::vector<std::int32_t>& values) {
  std::int64_t largest = 0;
  for (const std::int32_t value : values) largest = std::max(largest, std::abs(std::int64_t{value}));
  return largest;
}

std::int64_t largest_magnitude(const Weights& weights) {
  return std::max(-std::int64_t{weights.range().lo}, std::int64_t{weights.range().hi});
}

Status check_weight(const NodeContext& context, std::string_view role, const Weights& weight) {
  if (largest_magnitude(weight) <= kMaxWeight) return {};
  std::size_t bad = 0;
  while (std::abs(weight[bad]) <= kMaxWeight) ++bad;
  return context.tensor_error(role, "tensor.range", "weight is outside what a cell can hold", "-275..275",
                              std::to_string(weight[bad]) + " at element " + std::to_string(bad));
}

bool mirrored(const Weights& weight, const Weights& weight_neg) {
  for (std::size_t i = 0; i < weight.size(); ++i) {
    if (weight_neg[i] != -weight[i]) return false;
  }
  return true;
}

Result<std::vector<std::int32_t>> read_bias(const NodeContext& context, std::string_view role, std::int64_t columns) {
  const Tensor* const tensor = context.tensor(role);
  if (tensor == nullptr) return std::vector<std::int32_t>(static_cast<std::size_t>(columns), 0);
  if (tensor->shape != Shape{columns}) {
    return context.tensor_error(role, "tensor.shape", "bias does not have one value for each output",
                                to_string(Shape{columns}), to_string(tensor->shape));
  }
  return context.integers_of(role);
}

Status check_bias_rows(const NodeContext& context, const ArrayAttributes& attributes, std::string_view role,
                       const std::vector<std::int32_t>& bias) {
  if (context.arithmetic() != Arithmetic::kWtm2101 || attributes.mode == Mode::kDigital) return {};
  for (std::size_t n = 0; n < bias.size(); ++n) {
    const auto place = [&] { return std::to_string(bias[n]) + " at element " + std::to_string(n); };
    if (!arith::is_whole_bias(bias[n])) {
      return context.tensor_error(role, "tensor.bias", "bias cannot be put into bias rows, which are driven with 128",
                                  "a multiple of 128", place());
    }
    if (attributes.has_bias_rows && !arith::bias_fits(bias[n] / arith::kBiasUnit, attributes.bias_rows)) {
      const std::int64_t rows = attributes.bias_rows;
      return context.tensor_error(
          role, "tensor.bias", "bias does not fit into " + std::to_string(rows) + " bias rows of [-128, 127]",
          std::to_string(-128 * 128 * rows) + ".." + std::to_string(127 * 128 * rows), place(), "raise bias_rows");
    }
  }
  return {};
}

Status check_bias_d(const NodeContext& context, const ArrayAttributes& attributes, const MatrixShape& shape,
                    const std::vector<std::int32_t>& bias_d) {
  if (!attributes.split) {
    if (largest_magnitude(bias_d) == 0) return {};
    return context.tensor_error("bias_d", "tensor.unused", "bias_d belongs to the digital part of a split input",
                                "x_bits above 8 with split", "x_bits " + std::to_string(attributes.x_bits));
  }
  if (context.tensor(shape.bias) != nullptr && context.tensor("bias_d") == nullptr) {
    return context.tensor_error("bias_d", "tensor.missing",
                                "a split input divides its bias between array and digital "
                                "part, and only the array's part is here",
                                "bias_d [" + std::to_string(shape.columns) + "]", "nothing",
                                "store zeros where the digital part has no bias");
  }
  return {};
}

Status check_accumulator(const NodeContext& context, const ArrayTensors& tensors, const MatrixShape& shape) {
  const std::int64_t x = std::max(std::abs(std::int64_t{shape.x.lo}), std::abs(std::int64_t{shape.x.hi}));
  const std::int64_t w = std::max(largest_magnitude(tensors.weight), largest_magnitude(tensors.weight_neg));
  const std::int64_t bias = std::max(largest_magnitude(tensors.bias), largest_magnitude(tensors.bias_d));
  constexpr std::int64_t kLimit = std::int64_t{1} << 31;
  // rows <= 2^40 (a tensor in memory), x <= 2^13, w <= 2^9: no overflow.
  const std::int64_t bound = shape.rows * x * w + bias;
  if (bound < kLimit) return {};
  return context.node_error("node.accumulator", "the accumulator can pass 31 bits",
                            "K * max|x| * max|w| + |bias| < " + std::to_string(kLimit),
                            std::to_string(shape.rows) + " * " + std::to_string(x) + " * " + std::to_string(w) + " + " +
                                std::to_string(bias) + " = " + std::to_string(bound));
}

Status check_parts(const NodeContext& context, const ArrayAttributes& attributes, const MatrixShape& shape) {
  const bool limited = context.arithmetic() == Arithmetic::kWtm2101 && attributes.mode != Mode::kDigital;
  const std::int64_t rows_each = attributes.neg_in == NegIn::kPn ? 2 : 1;
  const std::int64_t limit = limited ? kArrayRows / rows_each : std::numeric_limits<std::int64_t>::max();
  const std::string rule = std::string("at most ") + std::to_string(limit) + " rows" +
                           (rows_each == 2 ? " (neg_in \"pn\" takes two rows of the array for each)" : "");
  if (attributes.k_split.empty()) {
    if (shape.rows <= limit) return {};
    return context.node_error("node.array_rows", "the matrix is taller than the array's 2048 rows", rule,
                              std::to_string(shape.rows) + " rows",
                              "attribute k_split, a list of row counts, cuts it into parts that are converted each on "
                              "its own and then summed "
                              "digitally and saturated to y_bits");
  }
  const std::int64_t sum = std::accumulate(attributes.k_split.begin(), attributes.k_split.end(), std::int64_t{0});
  if (sum != shape.rows) {
    return context.attribute_error("k_split", "attribute.value", "the parts do not add up to the matrix",
                                   std::to_string(shape.rows) + " rows", std::to_string(sum));
  }
  for (const std::int64_t part : attributes.k_split) {
    if (part > limit) {
      return context.attribute_error("k_split", "attribute.value", "a part is taller than the array", rule,
                                     std::to_string(part) + " rows");
    }
  }
  return {};
}

}  // namespace

Result<ArrayTensors> read_array_tensors(const NodeContext& context, const ArrayAttributes& attributes,
                                        const MatrixShape& shape) {
  if (Status checked = check_parts(context, attributes, shape); !checked) return std::move(checked).error();
  ArrayTensors out;
  out.weight = Weights(*context.tensor(shape.weight));
  if (Status checked = check_weight(context, shape.weight, out.weight); !checked) return std::move(checked).error();
  if (const Tensor* const negative = context.tensor("weight_neg"); negative != nullptr) {
    if (attributes.neg_in != NegIn::kPn) {
      return context.tensor_error("weight_neg", "tensor.unused", "weight_neg belongs to neg_in \"pn\"", "neg_in \"pn\"",
                                  '"' + context.text("neg_in", "none") + '"');
    }
    if (negative->shape != context.tensor(shape.weight)->shape) {
      return context.tensor_error("weight_neg", "tensor.shape", "weight_neg does not have the shape of weight",
                                  to_string(context.tensor(shape.weight)->shape), to_string(negative->shape));
    }
    out.weight_neg = Weights(*negative);
    if (Status checked = check_weight(context, "weight_neg", out.weight_neg); !checked) {
      return std::move(checked).error();
    }
    if (mirrored(out.weight, out.weight_neg)) {
      out.weight_neg = {};
    } else if (out.weight.storage() != out.weight_neg.storage()) {
      out.weight = out.weight.widened();
      out.weight_neg = out.weight_neg.widened();
    }
  }
  Result<std::vector<std::int32_t>> bias = read_bias(context, shape.bias, shape.columns);
  if (!bias) return std::move(bias).error();
  out.bias = *std::move(bias);
  Result<std::vector<std::int32_t>> bias_d = read_bias(context, "bias_d", shape.columns);
  if (!bias_d) return std::move(bias_d).error();
  out.bias_d = *std::move(bias_d);
  if (Status checked = check_bias_rows(context, attributes, shape.bias, out.bias); !checked) {
    return std::move(checked).error();
  }
  if (Status checked = check_bias_d(context, attributes, shape, out.bias_d); !checked) {
    return std::move(checked).error();
  }
  if (Status checked = check_accumulator(context, out, shape); !checked) return std::move(checked).error();
  return out;
}

std::vector<std::int32_t> part_of_row(const ArrayAttributes& attributes, std::int64_t rows) {
  std::vector<std::int32_t> out;
  out.reserve(static_cast<std::size_t>(rows));
  std::int32_t part = 0;
  for (const std::int64_t count : attributes.k_split) out.insert(out.end(), static_cast<std::size_t>(count), part++);
  out.resize(static_cast<std::size_t>(rows), 0);
  return out;
}

}  // namespace witin::array
