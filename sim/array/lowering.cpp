#include "sim/array/lowering.hpp"

#include <algorithm>

#include "sim/array/array_operator.hpp"
#include "sim/array/array_tensors.hpp"
#include "sim/array/input_codes.hpp"
#include "sim/array/noisy_node.hpp"
#include "sim/package/limits.hpp"

namespace witin::array {
namespace {

using ops::NodeContext;

class Builder {
 public:
  Builder(const ArrayAttributes& attributes, const Lowering& lowering, const ArrayTensors& tensors,
          const Staging& staging)
      : attributes_(attributes), lowering_(lowering), tensors_(tensors), staging_(staging) {
    rows_ = lowering.h.kernel * lowering.w.kernel * group();
    part_ = part_of_row(attributes, rows_);
    geometry_.channels = lowering.channels;
    geometry_.height = lowering.h.extent;
    geometry_.width = lowering.w.extent;
    geometry_.stride_c = lowering.input.channel;
    geometry_.stride_h = lowering.input.h;
    geometry_.stride_w = lowering.input.w;
    geometry_.group = groups_in_layer() * group();
    geometry_.time = lowering.time;
    geometry_.plane_height = lowering.h.hi - lowering.h.lo + 1;
    geometry_.plane_width = lowering.w.hi - lowering.w.lo + 1;
    geometry_.first_h = -lowering.h.lo;
    geometry_.first_w = -lowering.w.lo;
    geometry_.ahead = lowering.time ? lowering.w.hi : 0;
    geometry_.pad = attributes.shift;
    geometry_.output_stride = lowering.output.channel;
    geometry_.shows_context = lowering.shows_context;
  }

  [[nodiscard]] const ArrayGeometry& geometry() const { return geometry_; }

  // All groups at once, where a group is one channel and the layer one of this path's depthwise kernels can do.
  [[nodiscard]] bool depthwise() const {
    const auto regular = [](const Axis& axis) { return std::ranges::all_of(axis.phases, is_regular); };
    return lowering_.groups > 1 && group() == 1 && !staging_.two_polarities && attributes_.k_split.size() < 2 &&
           regular(lowering_.h) && regular(lowering_.w);
  }

  // Narrow groups share a matrix: columns of one block of a kernel, zero where a group does not see a row.
  [[nodiscard]] std::int64_t groups_in_layer() const {
    if (depthwise()) return lowering_.groups;
    constexpr std::int64_t kBlock = 16;
    std::int64_t together = 1;
    for (std::int64_t count = 2; count * group_columns() <= kBlock && count <= lowering_.groups; ++count) {
      if (lowering_.groups % count == 0) together = count;
    }
    return together;
  }

  // Of the groups from this one on that are in one layer.
  Result<PlacedLayer> layer(std::int64_t group_index, const AxisPhase& h, const AxisPhase& w,
                            const ArrayLayer* alike) const {
    const bool blank = h.taps.empty() || w.taps.empty();  // outputs no tap reaches: the bias alone
    Result<ArrayLayer> made = ArrayLayer::make(blank ? blank_spec(group_index) : spec(group_index, h, w), alike);
    if (!made) return std::move(made).error();
    PlacedLayer placed{*std::move(made), {}, {}, std::ssize(w.outputs)};
    const std::int64_t codes = (geometry_.first_w * geometry_.plane_height + geometry_.first_h) * pixel() +
                               group_index * group() * staging_.polarities();
    const std::int64_t output = group_index * group_columns() * lowering_.output.channel;
    for (const AxisPhase::Output& oh : h.outputs) {
      for (const AxisPhase::Output& ow : w.outputs) {
        placed.starts.push_back(blank ? 0 : codes + place(oh.start, ow.start));
        placed.places.push_back(output + oh.index * lowering_.output.h + ow.index * lowering_.output.w);
      }
    }
    return placed;
  }

 private:
  static bool is_regular(const AxisPhase& phase) {
    const auto steps = [](const auto& values, auto position) {
      for (std::size_t i = 2; i < values.size(); ++i) {
        if (position(values[i]) - position(values[i - 1]) != position(values[1]) - position(values[0])) return false;
      }
      return true;
    };
    return !phase.taps.empty() && steps(phase.taps, [](const Tap& tap) { return tap.offset; }) &&
           steps(phase.outputs, [](const AxisPhase::Output& output) { return output.start; });
  }

  [[nodiscard]] std::int64_t group() const { return lowering_.channels / lowering_.groups; }
  [[nodiscard]] std::int64_t group_columns() const { return lowering_.columns / lowering_.groups; }
  [[nodiscard]] std::int64_t pixel() const { return lowering_.channels * staging_.polarities(); }
  [[nodiscard]] std::int64_t place(std::int64_t h, std::int64_t w) const {
    return (w * geometry_.plane_height + h) * pixel();
  }
  // A layer with its biases, as yet without weights.
  [[nodiscard]] LayerSpec empty_spec(std::int64_t group_index) const {
    LayerSpec spec;
    spec.layout.operands = staging_.operands;
    spec.layout.tap_codes = groups_in_layer() * group() * staging_.polarities();
    spec.layout.columns = depthwise() ? group_columns() : groups_in_layer() * group_columns();
    spec.weight.columns = group_columns();
    spec.channels = groups_in_layer() * group();
    spec.split = attributes_.split;
    spec.rule = attributes_.rule;
    spec.parts = std::max<std::int32_t>(1, static_cast<std::int32_t>(attributes_.k_split.size()));
    const auto own = [&](const std::vector<std::int32_t>& bias) {
      const auto first = bias.begin() + group_index * group_columns();
      return std::vector<std::int32_t>(first, first + groups_in_layer() * group_columns());
    };
    spec.bias = own(tensors_.bias);
    spec.bias_d = own(tensors_.bias_d);
    return spec;
  }

  [[nodiscard]] LayerSpec blank_spec(std::int64_t group_index) const {
    LayerSpec spec = empty_spec(group_index);
    spec.layout.taps = {0};
    spec.part.assign(static_cast<std::size_t>(spec.channels), 0);
    spec.weight.rows.assign(static_cast<std::size_t>(spec.channels), nullptr);
    if (!tensors_.weight_neg.empty()) spec.weight_neg = spec.weight.rows;
    return spec;
  }

  [[nodiscard]] LayerSpec spec(std::int64_t group_index, const AxisPhase& h, const AxisPhase& w) const {
    LayerSpec spec = empty_spec(group_index);
    const WeightStrides& stride = lowering_.weight;
    spec.weight.storage = tensors_.weight.storage();
    spec.weight.step = stride.output;
    for (const Tap& tap_w : w.taps) {
      for (const Tap& tap_h : h.taps) {
        spec.layout.taps.push_back(place(tap_h.offset, tap_w.offset));
        for (std::int64_t c = 0; c < spec.channels; ++c) {
          const std::int64_t channel = c % group();
          const std::int64_t row = (tap_w.row * lowering_.h.kernel + tap_h.row) * group() + channel;
          spec.part.push_back(part_[static_cast<std::size_t>(row)]);
          const std::int64_t first = (group_index + c / group()) * stride.group + channel * stride.channel +
                                     tap_h.kernel * stride.h + tap_w.kernel * stride.w;
          spec.weight.rows.push_back(tensors_.weight.address(static_cast<std::size_t>(first)));
          if (spec.layout.columns != group_columns()) {
            spec.weight.first_column.push_back(c / group() * group_columns());
          }
          if (tensors_.weight_neg.empty()) continue;
          spec.weight_neg.push_back(tensors_.weight_neg.address(static_cast<std::size_t>(first)));
        }
      }
    }
    if (depthwise()) spec.layout.depthwise = depthwise_geometry(h, w);
    return spec;
  }

  [[nodiscard]] kernels::DepthwiseGeometry depthwise_geometry(const AxisPhase& h, const AxisPhase& w) const {
    const auto tap_step = [](const AxisPhase& phase) {
      return phase.taps.size() < 2 ? 0 : phase.taps[1].offset - phase.taps[0].offset;
    };
    const auto output_step = [](const AxisPhase& phase) {
      return phase.outputs.size() < 2 ? 0 : phase.outputs[1].start - phase.outputs[0].start;
    };
    return {.channels = lowering_.channels,
            .kernel_h = std::ssize(h.taps),
            .kernel_w = std::ssize(w.taps),
            .step_y = place(output_step(h), 0),
            .step_x = place(0, output_step(w)),
            .tap_y = place(tap_step(h), 0),
            .tap_x = place(0, tap_step(w))};
  }

  const ArrayAttributes& attributes_;
  const Lowering& lowering_;
  const ArrayTensors& tensors_;
  Staging staging_;
  std::int64_t rows_ = 0;
  std::vector<std::int32_t> part_;
  ArrayGeometry geometry_;
};

}  // namespace

Status check_frame_size(const NodeContext& context, const Shape& shape) {
  std::int64_t elements = 1;
  bool fits = true;
  for (const std::int64_t extent : shape) {
    fits = fits && extent <= package::limits::kFrameElements && (elements *= extent) <= package::limits::kFrameElements;
  }
  if (fits) return {};
  return context.node_error("node.frame_size", "a frame is larger than this program handles, padding included",
                            "at most " + std::to_string(package::limits::kFrameElements) + " codes", to_string(shape));
}

Result<std::unique_ptr<ops::Operator>> lower(const NodeContext& context, const ArrayAttributes& attributes,
                                             const Lowering& lowering) {
  const Shape plane{2 * lowering.channels, lowering.h.hi - lowering.h.lo + 1, lowering.w.hi - lowering.w.lo + 1};
  if (Status checked = check_frame_size(context, plane); !checked) return std::move(checked).error();
  MatrixShape shape;
  shape.rows = lowering.channels / lowering.groups * lowering.h.kernel * lowering.w.kernel;
  shape.columns = lowering.columns;
  shape.x = attributes.x_range();
  Result<ArrayTensors> tensors = read_array_tensors(context, attributes, shape);
  if (!tensors) return std::move(tensors).error();

  const ops::ValueType& input = context.input();
  CodeRange x = intersection(attributes.x_range(), input.range);
  x = {std::min(x.lo, attributes.shift), std::max(x.hi, attributes.shift)};
  const Staging staging = choose_staging(context.isa(), x, attributes.split, tensors->weight, tensors->weight_neg);
  const Builder builder(attributes, lowering, *tensors, staging);
  std::vector<PlacedLayer> layers;
  for (std::int64_t group = 0; group < lowering.groups; group += builder.groups_in_layer()) {
    for (const AxisPhase& h : lowering.h.phases) {
      for (const AxisPhase& w : lowering.w.phases) {
        const ArrayLayer* const alike = layers.empty() ? nullptr : &layers.front().layer;
        Result<PlacedLayer> layer = builder.layer(group, h, w, alike);
        if (!layer) {
          const Error& error = layer.error();
          return context.attribute_error(error.where, error.code, error.what, error.expected, error.found, error.hint);
        }
        layers.push_back(*std::move(layer));
      }
    }
  }
  const CodeRange y = layers.front().layer.y_range();
  const ops::ValueType output{lowering.output_shape, y};
  std::shared_ptr<const NoiseSource> noise;
  if (attributes.mode != Mode::kDigital) {
    const bool convolution = context.node().op.starts_with("conv");
    const bool native =
        convolution && context.arithmetic() == Arithmetic::kWitinNn && !context.flag("split", false) && !lowering.time;
    noise =
        std::make_shared<const NoiseSource>(NoiseSource{context.isa(), attributes, lowering, *std::move(tensors), input,
                                                        output, x, native, context.node().op == "conv_transpose2d"});
  }
  return {std::make_unique<ArrayOperator>(output, input, attributes, staging, builder.geometry(), std::move(layers),
                                          std::move(noise))};
}

}  // namespace witin::array
