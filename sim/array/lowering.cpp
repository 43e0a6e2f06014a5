#include "sim/array/lowering.hpp"

#include <algorithm>

#include "sim/array/array_operator.hpp"
#include "sim/array/array_tensors.hpp"
#include "sim/array/input_codes.hpp"

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
    geometry_.group = group();
    geometry_.time = lowering.time;
    geometry_.plane_height = lowering.h.hi - lowering.h.lo + 1;
    geometry_.plane_width = lowering.w.hi - lowering.w.lo + 1;
    geometry_.first_h = -lowering.h.lo;
    geometry_.first_w = -lowering.w.lo;
    geometry_.ahead = lowering.time ? lowering.w.hi : 0;
    geometry_.pad = attributes.shift;
    geometry_.column_stride = lowering.output.channel;
    geometry_.shows_context = lowering.shows_context;
  }

  [[nodiscard]] const ArrayGeometry& geometry() const { return geometry_; }

  Result<PlacedLayer> layer(std::int64_t group_index, const AxisPhase& h, const AxisPhase& w) const {
    Result<ArrayLayer> made = ArrayLayer::make(spec(group_index, h, w));
    if (!made) return std::move(made).error();
    PlacedLayer placed{*std::move(made), {}, group() * staging_.polarities(), {}, {}};
    for (const Tap& tap_w : w.taps) {
      for (const Tap& tap_h : h.taps) placed.segments.push_back(place(tap_h.offset, tap_w.offset));
    }
    const bool blank = placed.segments.empty();  // outputs no tap reaches: the bias alone
    if (blank) placed.segments.push_back(0);
    merge(placed);
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
  [[nodiscard]] std::int64_t group() const { return lowering_.channels / lowering_.groups; }
  [[nodiscard]] std::int64_t group_columns() const { return lowering_.columns / lowering_.groups; }
  [[nodiscard]] std::int64_t pixel() const { return lowering_.channels * staging_.polarities(); }
  [[nodiscard]] std::int64_t place(std::int64_t h, std::int64_t w) const {
    return (w * geometry_.plane_height + h) * pixel();
  }

  // Taps that lie next to each other in the plane become one segment, where all segments come out equally long.
  void merge(PlacedLayer& placed) const {
    if (lowering_.shows_context) return;
    std::vector<std::int64_t>& segments = placed.segments;
    const auto joins = [&](std::size_t i) { return segments[i] == segments[i - 1] + placed.segment; };
    std::size_t run = 1;
    while (run < segments.size() && joins(run)) ++run;
    if (run == 1 || segments.size() % run != 0) return;
    for (std::size_t i = 1; i < segments.size(); ++i) {
      if (joins(i) != (i % run != 0)) return;
    }
    for (std::size_t i = 0; i * run < segments.size(); ++i) segments[i] = segments[i * run];
    segments.resize(segments.size() / run);
    placed.segment *= static_cast<std::int64_t>(run);
  }

  [[nodiscard]] LayerSpec spec(std::int64_t group_index, const AxisPhase& h, const AxisPhase& w) const {
    LayerSpec spec;
    spec.taps = std::ssize(h.taps) * std::ssize(w.taps);
    spec.channels = group();
    spec.columns = group_columns();
    spec.staging = staging_;
    spec.split = attributes_.split;
    spec.rule = attributes_.rule;
    spec.parts = std::max<std::int32_t>(1, static_cast<std::int32_t>(attributes_.k_split.size()));
    for (const Tap& tap_w : w.taps) {
      for (const Tap& tap_h : h.taps) {
        for (std::int64_t c = 0; c < group(); ++c) {
          const std::int64_t row = (tap_w.row * lowering_.h.kernel + tap_h.row) * group() + c;
          spec.part.push_back(part_[static_cast<std::size_t>(row)]);
          for (std::int64_t n = 0; n < group_columns(); ++n) {
            const auto index =
                static_cast<std::size_t>(lowering_.weight_index(group_index, c, n, tap_h.kernel, tap_w.kernel));
            spec.weight.push_back(static_cast<std::int16_t>(tensors_.weight[index]));
            if (tensors_.weight_neg.empty()) continue;
            spec.weight_neg.push_back(static_cast<std::int16_t>(tensors_.weight_neg[index]));
          }
        }
      }
    }
    if (spec.taps == 0) {
      spec.taps = 1;
      spec.part.assign(static_cast<std::size_t>(group()), 0);
      spec.weight.assign(static_cast<std::size_t>(group() * group_columns()), 0);
      if (!tensors_.weight_neg.empty()) spec.weight_neg = spec.weight;
    }
    const auto own = [&](const std::vector<std::int32_t>& bias) {
      const auto first = bias.begin() + group_index * group_columns();
      return std::vector<std::int32_t>(first, first + group_columns());
    };
    spec.bias = own(tensors_.bias);
    spec.bias_d = own(tensors_.bias_d);
    return spec;
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
    fits = fits && extent <= kMaxFrameElements && (elements *= extent) <= kMaxFrameElements;
  }
  if (fits) return {};
  return context.node_error("node.frame_size", "a frame is larger than this program handles, padding included",
                            "at most " + std::to_string(kMaxFrameElements) + " codes", to_string(shape));
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
  const Builder builder(
      attributes, lowering, *tensors,
      choose_staging(x, attributes.split, shape.rows, tensors->weight, tensors->weight_neg, tensors->bias));
  std::vector<PlacedLayer> layers;
  for (std::int64_t group = 0; group < lowering.groups; ++group) {
    for (const AxisPhase& h : lowering.h.phases) {
      for (const AxisPhase& w : lowering.w.phases) {
        Result<PlacedLayer> layer = builder.layer(group, h, w);
        if (!layer) {
          const Error& error = layer.error();
          return context.attribute_error(error.where, error.code, error.what, error.expected, error.found, error.hint);
        }
        layers.push_back(*std::move(layer));
      }
    }
  }
  const CodeRange y = layers.front().layer.y_range();
  return {std::make_unique<ArrayOperator>(ops::ValueType{lowering.output_shape, y}, input, attributes,
                                          builder.geometry(), std::move(layers))};
}

}  // namespace witin::array
