#include "sim/golden/vector_arrays.hpp"

#include <algorithm>

namespace witin::golden {
namespace {

using Use = std::function<void(std::int32_t)>;

// Codes of a value over the frames that are taken.
VectorArray codes_of(const Vectors& vectors, const ValueRef& value, std::string group, std::size_t number,
                     std::string owner, std::string part) {
  Shape shape = vectors.run->shape(value);
  shape.insert(shape.begin(), vectors.frames.count);
  VectorArray out{std::move(group),          number, std::move(owner), std::move(part), std::move(shape),
                  vectors.run->range(value), {}};
  out.values = [&vectors, value](const Use& use) -> Status {
    const FrameSpan& frames = vectors.frames;
    const std::int64_t codes = std::max<std::int64_t>(1, element_count(vectors.run->shape(value)));
    const std::int64_t block = std::max<std::int64_t>(1, kBlockCodes / codes);
    std::vector<std::int32_t> values;
    for (std::int64_t at = 0; at < frames.count; at += block) {
      const std::int64_t count = std::min(block, frames.count - at);
      if (Status read = vectors.run->read(value, frames.first + at, count, values); !read) return read;
      std::ranges::for_each(values, use);
    }
    return {};
  };
  return out;
}

CodeRange range_of(const std::vector<std::int32_t>& values) {
  if (values.empty()) return {};
  const auto [lo, hi] = std::ranges::minmax(values);
  return {std::min(lo, -1), hi};
}

void add_layer(const Vectors& vectors, std::size_t number, std::vector<VectorArray>& out) {
  const ArrayLayer& layer = vectors.layers[number];
  const std::int64_t lines = vectors.frames.count * layer.lines();
  const auto lines_of = [&vectors, &layer, lines](bool input) {
    return [&vectors, &layer, lines, input](const Use& use) {
      return vectors.run->lines(layer, layer.y, vectors.frames.first * layer.lines(), lines,
                                [&](auto x, auto y) -> Status {
                                  std::ranges::for_each(input ? x : y, use);
                                  return {};
                                });
    };
  };
  const auto matrix = [](std::vector<std::int32_t> values) {
    return [values = std::move(values)](const Use& use) -> Status {
      std::ranges::for_each(values, use);
      return {};
    };
  };
  std::vector<std::int32_t> weight;
  for (std::int64_t row = 0; row < layer.driven_rows(); ++row) {
    for (std::int64_t n = 0; n < layer.columns; ++n) weight.push_back(layer.driven_weight(row, n));
  }
  const std::int64_t rows = vectors.layer_biases[number];
  const CodeRange weights = range_of(weight);
  out.push_back({"layer", number, layer.name, "x", {lines, layer.driven_rows()}, unsigned_range(8), lines_of(true)});
  out.push_back({"layer",
                 number,
                 layer.name,
                 "weight",
                 {layer.driven_rows(), layer.columns},
                 weights,
                 matrix(std::move(weight))});
  out.push_back({"layer",
                 number,
                 layer.name,
                 "bias_rows",
                 {rows, layer.columns},
                 signed_range(8),
                 matrix(layer.bias_rows(rows))});
  out.push_back({"layer", number, layer.name, "expected", {lines, layer.columns}, layer.y_range, lines_of(false)});
}

}  // namespace

int VectorArray::bits() const {
  for (const int bits : {8, 16}) {
    if ((is_signed() ? signed_range(bits) : unsigned_range(bits)).contains(range)) return bits;
  }
  return 32;
}

std::vector<VectorArray> vector_arrays(const Vectors& vectors) {
  std::vector<VectorArray> out;
  const std::vector<Input>& inputs = vectors.engine().package().inputs;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    out.push_back(codes_of(vectors, {true, i, 0}, "input", i, inputs[i].name, "codes"));
  }
  for (std::size_t i = 0; i < vectors.layers.size(); ++i) add_layer(vectors, i, out);
  const auto nodes = vectors.engine().nodes();
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    out.push_back(codes_of(vectors, {false, i, 0}, "node", i, nodes[i].name, "expected"));
  }
  return out;
}

}  // namespace witin::golden
