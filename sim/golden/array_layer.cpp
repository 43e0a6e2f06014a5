#include "sim/golden/array_layer.hpp"

#include <algorithm>
#include <array>

#include "sim/arith/bias.hpp"
#include "sim/array/array_attributes.hpp"
#include "sim/ops/array_lowerings.hpp"

namespace witin::golden {
namespace {

using ops::NodeContext;
using ops::ValueType;

// A matrix of a recurrent cell: its tensors, and the fields that hold what drives it (empty: the node's input) and
// what comes out.
struct CellMatrix {
  std::string_view op, weight, bias, g, x, y;
};
constexpr std::array kCellMatrices{
    CellMatrix{"lstm", "weight_ifo", "bias_ifo", "g_ifo", "inp", "gates_ifo"},
    CellMatrix{"lstm", "weight_c", "bias_c", "g_c", "inp", "gates_c"},
    CellMatrix{"gru", "weight_zr", "bias_zr", "g_zr", "inp", "gates_zr"},
    CellMatrix{"gru", "weight_hn", "bias_hn", "g_hn", "h_in", "hn"},
    CellMatrix{"gru", "weight_in", "bias_in", "g_in", "", "in"},
    CellMatrix{"gru_single", "weight_zr", "bias_zr", "g_zr", "inp", "gates_zr"},
    CellMatrix{"gru_single", "weight_h", "bias_h", "g_h", "inp_h", "gates_h"},
    CellMatrix{"gru2array", "weight_x", "bias_x", "g_x", "", "gx"},
    CellMatrix{"gru2array", "weight_h", "bias_h", "g_h", "h_in", "gh"},
};
constexpr std::array<std::string_view, 4> kPatchOperators{"linear", "tdnn", "conv2d", "conv_transpose2d"};

AxisReads reads_of(const array::Axis& axis, bool time) {
  AxisReads out;
  out.rows = axis.kernel;
  out.positions.assign(static_cast<std::size_t>(axis.kernel * axis.outputs), kNoPosition);
  for (const array::AxisPhase& phase : axis.phases) {
    for (const array::AxisPhase::Output& output : phase.outputs) {
      for (const array::Tap& tap : phase.taps) {
        const std::int64_t position = output.start + tap.offset;
        const bool outside = !time && (position < 0 || position >= axis.extent);
        out.positions[static_cast<std::size_t>(output.index * axis.kernel + tap.row)] =
            outside ? kNoPosition : position;
      }
    }
  }
  return out;
}

// Index into the kernel of each row along an axis.
std::vector<std::int64_t> kernel_of_rows(const array::Axis& axis) {
  std::vector<std::int64_t> kernel(static_cast<std::size_t>(axis.kernel), 0);
  for (const array::AxisPhase& phase : axis.phases) {
    for (const array::Tap& tap : phase.taps) kernel[static_cast<std::size_t>(tap.row)] = tap.kernel;
  }
  return kernel;
}

class Reader {
 public:
  explicit Reader(const Engine& engine) : engine_(engine), package_(engine.package()) {}

  Result<ArrayLayers> read() {
    for (const Node& node : package_.nodes) {
      const bool patches = std::ranges::find(kPatchOperators, node.op) != kPatchOperators.end();
      const bool cell = std::ranges::find(kCellMatrices, node.op, &CellMatrix::op) != kCellMatrices.end();
      if (!patches && !cell) continue;
      const std::size_t first = out_.layers.size();
      std::vector<ValueType> inputs;
      for (const std::string& input : node.inputs) inputs.push_back(type_of(value_of(input)));
      const NodeContext context(package_, node, engine_.nodes()[node.index].arithmetic, inputs,
                                kernels::Isa::kRef);  // nothing is run
      const Status read = patches ? read_patches(context) : read_cell(context);
      if (read.ok()) continue;
      out_.layers.resize(first);
      out_.refused.push_back(read.error());
    }
    return std::move(out_);
  }

 private:
  [[nodiscard]] ValueRef value_of(const std::string& name) const {
    for (std::size_t i = 0; i < package_.inputs.size(); ++i) {
      if (package_.inputs[i].name == name) return {true, i, 0};
    }
    const auto node = std::ranges::find(package_.nodes, name, &Node::name);
    return {false, node->index, 0};
  }

  [[nodiscard]] ValueType type_of(const ValueRef& value) const {
    if (value.is_input) return {package_.inputs[value.index].shape, package_.inputs[value.index].range()};
    const NodeInfo& info = engine_.nodes()[value.index];
    return {info.shape, info.range};
  }

  static Error refuse(const NodeContext& context, std::string what, std::string hint = {}) {
    return context.node_error("golden.layer", std::move(what), "a matrix of 8-bit codes on the array",
                              context.node().op, std::move(hint));
  }

  // Bias in units; an error where the array cannot hold it.
  static Result<std::vector<std::int32_t>> units_of(const NodeContext& context, std::string_view role,
                                                    std::int64_t columns) {
    std::vector<std::int32_t> bias = context.integers_of(role);
    bias.resize(static_cast<std::size_t>(columns), 0);
    for (std::int32_t& value : bias) {
      if (!arith::is_whole_bias(value)) return refuse(context, "a bias is not a multiple of 128");
      value /= arith::kBiasUnit;
    }
    return bias;
  }

  Status read_patches(const NodeContext& context) {
    const Node& node = context.node();
    const Result<array::ArrayAttributes> attributes = array::read_array_attributes(context, false);
    if (!attributes) return attributes.error();
    if (attributes->mode == array::Mode::kDigital) return {};
    if (attributes->x_bits > 8 || attributes->mode == array::Mode::kMix) {
      return refuse(context, "its input is wider than 8 bits");
    }
    if (!attributes->k_split.empty()) return refuse(context, "its rows are split into parts");
    if (node.attributes.contains("divisor")) return refuse(context, "its scale is no divisor g");
    const Result<array::Lowering> lowering = lowering_of(context);
    if (!lowering) return lowering.error();
    Result<std::vector<std::int32_t>> units = units_of(context, "bias", lowering->columns);
    if (!units) return std::move(units).error();

    ArrayLayer layer;
    layer.g = context.number("g", 1);
    layer.wanted_bias_rows = context.integer("bias_rows", 0);
    layer.x = value_of(node.inputs[0]);
    layer.x_range = common(type_of(layer.x).range, attributes->x_range());
    layer.y_range = engine_.nodes()[node.index].range;
    layer.pad = attributes->shift;
    layer.h = reads_of(lowering->h, false);
    layer.w = reads_of(lowering->w, lowering->time);
    layer.time = lowering->time;
    layer.group = lowering->channels / lowering->groups;
    layer.rows = layer.h.rows * layer.w.rows * layer.group;
    const std::int64_t columns = lowering->columns / lowering->groups;
    const std::vector<std::int32_t> weight = context.integers_of("weight");
    const std::vector<std::int32_t> weight_neg = context.integers_of("weight_neg");
    for (std::int64_t group = 0; group < lowering->groups; ++group) {
      layer.in = {group * layer.group * lowering->input.channel, lowering->input.channel, lowering->input.h,
                  lowering->input.w};
      layer.out = {group * columns * lowering->output.channel, lowering->output.channel, lowering->output.h,
                   lowering->output.w};
      layer.columns = columns;
      layer.weight = matrix_of(*lowering, weight, group);
      layer.weight_neg = weight_neg.empty() ? weight_neg : matrix_of(*lowering, weight_neg, group);
      const auto first = units->begin() + group * columns;
      layer.units.assign(first, first + columns);
      layer.name = lowering->groups > 1 ? node.name + "_g" + std::to_string(group) : node.name;
      if (Status added = add(context, layer, {false, node.index, 0}); !added) return added;
    }
    return {};
  }

  static CodeRange common(CodeRange a, CodeRange b) { return {std::max(a.lo, b.lo), std::min(a.hi, b.hi)}; }

  static Result<array::Lowering> lowering_of(const NodeContext& context) {
    const std::string& op = context.node().op;
    if (op == "linear") return ops::linear_lowering(context);
    if (op == "tdnn") return ops::tdnn_lowering(context);
    return op == "conv2d" ? ops::conv2d_lowering(context) : ops::conv_transpose2d_lowering(context);
  }

  static std::vector<std::int32_t> matrix_of(const array::Lowering& lowering, const std::vector<std::int32_t>& tensor,
                                             std::int64_t group) {
    const array::WeightStrides& stride = lowering.weight;
    std::vector<std::int32_t> matrix;
    for (const std::int64_t w : kernel_of_rows(lowering.w)) {
      for (const std::int64_t h : kernel_of_rows(lowering.h)) {
        for (std::int64_t channel = 0; channel < lowering.channels / lowering.groups; ++channel) {
          for (std::int64_t column = 0; column < lowering.columns / lowering.groups; ++column) {
            matrix.push_back(tensor[static_cast<std::size_t>(group * stride.group + channel * stride.channel +
                                                             column * stride.output + h * stride.h + w * stride.w)]);
          }
        }
      }
    }
    return matrix;
  }

  Status read_cell(const NodeContext& context) {
    const Node& node = context.node();
    if (context.integer("hidden_shift", 0) != 0) return refuse(context, "what comes out is shifted (hidden_shift)");
    for (const CellMatrix& matrix : kCellMatrices) {
      if (matrix.op != node.op) continue;
      const Shape& shape = context.tensor(matrix.weight)->shape;
      ArrayLayer layer;
      layer.name = node.name + "_" + std::string(matrix.weight.substr(matrix.weight.find('_') + 1));
      layer.g = context.number(matrix.g, 1);
      layer.rows = layer.group = shape[0];
      layer.columns = shape[1];
      layer.weight = context.integers_of(matrix.weight);
      Result<std::vector<std::int32_t>> units = units_of(context, matrix.bias, shape[1]);
      if (!units) return std::move(units).error();
      layer.units = std::move(units).value();
      layer.h.positions = layer.w.positions = {0};
      layer.x = matrix.x.empty() ? value_of(node.inputs[0]) : field_of(node, matrix.x);
      layer.x_range = matrix.x.empty() ? type_of(layer.x).range : signed_range(8);
      if (matrix.x.starts_with("inp")) layer.x_range.hi = std::max(127, context.input().range.hi);
      layer.y_range = signed_range(8);
      if (Status added = add(context, layer, field_of(node, matrix.y)); !added) return added;
    }
    return {};
  }

  [[nodiscard]] ValueRef field_of(const Node& node, std::string_view name) const {
    const std::vector<FieldInfo>& fields = engine_.nodes()[node.index].fields;
    const auto found = std::ranges::find(fields, name, &FieldInfo::name);
    return {false, node.index, static_cast<std::size_t>(found - fields.begin())};
  }

  // Cuts the columns into blocks.
  Status add(const NodeContext& context, const ArrayLayer& whole, ValueRef y) {
    if (!pn_range(8).contains(whole.x_range)) return refuse(context, "its input is wider than 8 bits");
    for (std::int64_t first = 0; first < whole.columns; first += array::kBlockColumns) {
      ArrayLayer layer = whole;
      layer.node = context.node().index;
      layer.y = layer.shown = y;
      find_activation(layer);
      if (whole.columns > array::kBlockColumns) {
        layer.name += "_c" + std::to_string(first);
        layer.columns = std::min(array::kBlockColumns, whole.columns - first);
        layer.out.first += first * layer.out.unit;
        layer.units.assign(whole.units.begin() + first, whole.units.begin() + first + layer.columns);
        layer.weight = columns_of(whole.weight, whole.columns, first, layer.columns);
        layer.weight_neg = columns_of(whole.weight_neg, whole.columns, first, layer.columns);
      }
      out_.layers.push_back(std::move(layer));
    }
    return {};
  }

  static std::vector<std::int32_t> columns_of(const std::vector<std::int32_t>& matrix, std::int64_t columns,
                                              std::int64_t first, std::int64_t count) {
    std::vector<std::int32_t> out;
    for (auto row = matrix.begin(); row != matrix.end(); row += columns) {
      out.insert(out.end(), row + first, row + first + count);
    }
    return out;
  }

  // The ReLU or table that is the only reader of a layer's output, which is no output of the network.
  void find_activation(ArrayLayer& layer) const {
    const NodeInfo& info = engine_.nodes()[layer.node];
    if (layer.y.field != 0 || info.output) return;
    const Node* reader = nullptr;
    for (const Node& node : package_.nodes) {
      const auto reads = std::ranges::count(node.inputs, info.name);
      if (reads > 0 && (reader != nullptr || reads > 1)) return;
      if (reads > 0) reader = &node;
    }
    if (reader == nullptr) return;
    if (reader->op == "lut") {
      const std::size_t tensor = reader->tensors.at("table");
      const auto index = reader->attributes.find("index");
      const bool half = index != reader->attributes.end() && index->second != AttributeValue{std::string("code")};
      if (half || package_.tensors[tensor].shape != Shape{256} || package_.tensors[tensor].dtype != DType::kI8) return;
      layer.table = tensor;
    } else if (reader->op == "relu") {
      layer.relu = true;
    } else {
      return;
    }
    layer.shown = {false, reader->index, 0};
  }

  const Engine& engine_;
  const Package& package_;
  ArrayLayers out_;
};

}  // namespace

std::int32_t ArrayLayer::driven_weight(std::int64_t row, std::int64_t column) const {
  if (row < rows) return weight[static_cast<std::size_t>(row * columns + column)];
  const auto index = static_cast<std::size_t>((row - rows) * columns + column);
  return weight_neg.empty() ? -weight[index] : weight_neg[index];
}

std::int32_t ArrayLayer::driven_units(std::int64_t column) const {
  std::int32_t sum = units[static_cast<std::size_t>(column)];
  if (!split_signs) return sum;
  for (std::int64_t row = doubled; row < rows; ++row) sum -= weight[static_cast<std::size_t>(row * columns + column)];
  return sum;
}

bool ArrayLayer::bias_fits(std::int64_t count) const {
  for (std::int64_t n = 0; n < columns; ++n) {
    if (!arith::bias_fits(driven_units(n), static_cast<int>(count))) return false;
  }
  return true;
}

std::optional<std::int64_t> ArrayLayer::choose_bias_rows(std::int64_t most) const {
  std::int64_t count = std::clamp<std::int64_t>(wanted_bias_rows, 1, most);
  while (count < most && !bias_fits(count)) ++count;
  return bias_fits(count) ? std::optional(count) : std::nullopt;
}

std::vector<std::int32_t> ArrayLayer::bias_rows(std::int64_t count) const {
  std::vector<std::int32_t> split(static_cast<std::size_t>(count * columns));
  std::vector<std::int32_t> parts(static_cast<std::size_t>(count));
  for (std::int64_t n = 0; n < columns; ++n) {
    arith::split_bias(driven_units(n), parts);
    for (std::int64_t row = 0; row < count; ++row) {
      split[static_cast<std::size_t>(row * columns + n)] = parts[static_cast<std::size_t>(row)];
    }
  }
  return split;
}

Result<ArrayLayers> array_layers(const Engine& engine) { return Reader(engine).read(); }

Status drive(ArrayLayer& layer, std::int64_t rows) {
  layer.split_signs = rows == 0 ? layer.x_range.lo < 0 : rows != layer.rows;
  layer.doubled = rows == 0 ? layer.rows : rows - layer.rows;
  const bool eight_bits = signed_range(8).contains(layer.x_range) && layer.weight_neg.empty();
  if (rows == 0 && eight_bits) layer.doubled = std::min(layer.rows, array::kArrayRows - layer.rows);
  const bool whole =
      layer.doubled == layer.rows || (layer.doubled >= 0 && layer.doubled < layer.rows && layer.weight_neg.empty());
  if ((!layer.split_signs || whole) && layer.driven_rows() <= array::kArrayRows) return {};
  return Error{"golden.rows",
               "the layer cannot be driven with this number of rows",
               layer.name,
               std::to_string(layer.rows) + ", or up to " + std::to_string(2 * layer.rows) +
                   " with signed inputs, of " + std::to_string(array::kArrayRows),
               std::to_string(rows == 0 ? layer.driven_rows() : rows),
               ""};
}

}  // namespace witin::golden
