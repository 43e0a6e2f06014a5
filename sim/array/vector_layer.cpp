#include "sim/array/vector_layer.hpp"

#include <numeric>

#include "sim/array/array_tensors.hpp"
#include "sim/ops/codes.hpp"

namespace witin::array {

Result<VectorLayer> VectorLayer::make(const ops::NodeContext& context, const Spec& spec) {
  const Shape expected{spec.rows, spec.columns};
  if (context.tensor(spec.weight)->shape != expected || spec.rows < 1 || spec.columns < 1) {
    return context.tensor_error(spec.weight, "tensor.shape", "the weight does not fit the input and the state",
                                to_string(expected), to_string(context.tensor(spec.weight)->shape));
  }
  ArrayAttributes attributes;
  attributes.rule.arithmetic = context.arithmetic();
  attributes.rule.g = context.number(spec.g, 0);
  Result<ArrayTensors> tensors = read_array_tensors(
      context, attributes,
      {.rows = spec.rows, .columns = spec.columns, .x = spec.x, .weight = spec.weight, .bias = spec.bias});
  if (!tensors) return std::move(tensors).error();

  LayerSpec layer;
  layer.channels = spec.rows;
  layer.weight.storage = tensors->weight.storage();
  layer.weight.columns = spec.columns;
  for (std::int64_t row = 0; row < spec.rows; ++row) {
    layer.weight.rows.push_back(tensors->weight.address(static_cast<std::size_t>(row * spec.columns)));
  }
  const Staging staging = choose_staging(context.isa(), spec.codes, false, tensors->weight, {});
  noise::MatrixSpec noise;
  noise.columns = spec.columns;
  noise.row_numbers.resize(static_cast<std::size_t>(spec.rows));
  std::iota(noise.row_numbers.begin(), noise.row_numbers.end(), 0);
  noise.node_rows = spec.rows;
  noise.node_columns = spec.columns;
  noise.bias = tensors->bias;
  noise.bias_rows = attributes.bias_rows;
  noise.x = spec.codes;
  noise.rule = attributes.rule;
  layer.layout = {staging.operands, {0}, spec.rows, spec.columns, std::nullopt};
  layer.bias = std::move(tensors->bias);
  layer.rule = attributes.rule;
  Result<ArrayLayer> made = ArrayLayer::make(std::move(layer));
  if (!made) {
    const Error& error = made.error();
    return context.attribute_error(spec.g, error.code, error.what, error.expected, error.found, error.hint);
  }
  return VectorLayer(staging, *std::move(made), std::move(tensors->weight), std::move(noise));
}

noise::MatrixSpec VectorLayer::noise_spec() const {
  noise::MatrixSpec spec = noise_spec_;
  spec.weight.resize(weight_.size());
  for (std::size_t i = 0; i < spec.weight.size(); ++i) spec.weight[i] = static_cast<std::int16_t>(weight_[i]);
  return spec;
}

Result<std::vector<VectorLayer>> VectorLayer::make_all(const ops::NodeContext& context,
                                                       std::initializer_list<Spec> specs) {
  std::vector<VectorLayer> out;
  for (const Spec& spec : specs) {
    Result<VectorLayer> layer = make(context, spec);
    if (!layer) return std::move(layer).error();
    out.push_back(*std::move(layer));
  }
  return out;
}

void VectorLayer::run(std::span<const std::int32_t> x, std::span<std::int32_t> y, std::span<std::int32_t> acc,
                      std::span<std::int32_t> v, ops::Scratch& scratch) const {
  const ops::Scratch::Mark mark = scratch.mark();
  const auto count = static_cast<std::int64_t>(x.size());
  void* const staged = take_plane(staging_, count, scratch);
  stage(staging_, CodePart::kWhole,
        {.storage = Storage::kS32, .codes = x.data(), .channels = count, .height = 1, .width = 1, .stride_c = 1},
        {.codes = staged, .height = 1, .group = count}, scratch);
  const std::span<std::int8_t> codes = scratch.take<std::int8_t>(y.size());
  Sink sink;
  sink.y = codes.data();
  sink.acc = acc.empty() ? nullptr : acc.data();
  sink.v = v.empty() ? nullptr : v.data();
  Patches patches;
  patches.codes = staged;
  patches.count = 1;
  layer_.run(patches, sink, scratch);
  ops::widen(Storage::kS8, codes.data(), 0, y);
  scratch.rewind(mark);
}

}  // namespace witin::array
