// A convolution or transposed convolution as a node, and its outputs from the definition.
#pragma once

#include "tests/array/array_case.hpp"

namespace witin::test {

struct MapCase {
  ArrayCase node;
  bool transposed = false;
  bool streaming = false;
  std::int64_t channels = 1, height = 1, width = 1, outputs = 1, groups = 1;
  std::int64_t kernel_h = 1, kernel_w = 1;
  std::vector<std::int64_t> strides{1, 1}, pads{0, 0, 0, 0}, dilations{1, 1}, output_padding{0, 0};
  std::vector<std::int16_t> weight, weight_neg;  // OIHW, transposed IOHW; weight_neg empty: -weight
  std::vector<std::int32_t> bias, bias_d;

  [[nodiscard]] std::int64_t span_h() const { return dilations[0] * (kernel_h - 1) + 1; }
  [[nodiscard]] std::int64_t span_w() const { return dilations[1] * (kernel_w - 1) + 1; }
  [[nodiscard]] std::int64_t out_h() const {
    if (transposed) return (height - 1) * strides[0] - pads[0] - pads[2] + span_h() + output_padding[0];
    return (height + pads[0] + pads[2] - span_h()) / strides[0] + 1;
  }
  [[nodiscard]] std::int64_t out_w() const {
    if (transposed) return (width - 1) * strides[1] - pads[1] - pads[3] + span_w() + output_padding[1];
    return (width + pads[1] + pads[3] - span_w()) / strides[1] + 1;
  }
  [[nodiscard]] Shape weight_shape() const {
    return transposed ? Shape{channels, outputs / groups, kernel_h, kernel_w}
                      : Shape{outputs, channels / groups, kernel_h, kernel_w};
  }

  // The map [C, H, W] is a frame; streaming, a frame is one of its columns.
  [[nodiscard]] OpRunner runner() const {
    OpRunner op(transposed ? "conv_transpose2d" : "conv2d", node.rule.arithmetic);
    op.input({channels, height, streaming ? 1 : width}, node.x_range());
    op.tensor("weight", weight_shape(), weight).tensor("bias", {outputs}, bias);
    if (node.rule.split) op.tensor("bias_d", {outputs}, bias_d);
    if (!weight_neg.empty()) op.tensor("weight_neg", weight_shape(), weight_neg);
    op.attribute("strides", strides).attribute("pads", pads).attribute("dilations", dilations);
    op.attribute("groups", groups);
    if (transposed) op.attribute("output_padding", output_padding);
    if (streaming) op.attribute("streaming", true);
    node.describe(op);
    return op;
  }

  // Products that meet in output (o, i, j). A padded position holds the code `shift`.
  [[nodiscard]] std::vector<oracle::Term> terms(const Codes& x, std::int64_t frame, std::int64_t o, std::int64_t i,
                                                std::int64_t j) const {
    std::vector<oracle::Term> out;
    const std::int64_t group_inputs = channels / groups;
    const std::int64_t group_outputs = outputs / groups;
    const std::int64_t group = o / group_outputs;
    for (std::int64_t c = 0; c < group_inputs; ++c) {
      for (std::int64_t u = 0; u < kernel_h; ++u) {
        for (std::int64_t v = 0; v < kernel_w; ++v) {
          const std::int64_t channel = group * group_inputs + c;
          const std::int64_t w = transposed
                                     ? ((channel * group_outputs + o % group_outputs) * kernel_h + u) * kernel_w + v
                                     : ((o * group_inputs + c) * kernel_h + u) * kernel_w + v;
          std::int64_t p = i * strides[0] + u * dilations[0] - pads[0];
          std::int64_t q = j * strides[1] + v * dilations[1] - pads[1];
          if (transposed) {
            const std::int64_t h = i + pads[0] - u * dilations[0];
            const std::int64_t l = j + pads[1] - v * dilations[1];
            if (h % strides[0] != 0 || l % strides[1] != 0) continue;
            p = h / strides[0];
            q = l / strides[1];
          }
          const bool inside = 0 <= p && p < height && 0 <= q && q < width;
          const std::int64_t code =
              inside ? x[static_cast<std::size_t>(((frame * channels + channel) * height + p) * width + q)]
                     : node.shift;
          const auto index = static_cast<std::size_t>(w);
          out.push_back({code, weight[index], weight_neg.empty() ? -weight[index] : weight_neg[index]});
        }
      }
    }
    return out;
  }

  // npu_y and npu_acc of maps [frames, C, H, W].
  [[nodiscard]] std::map<std::string, Codes> expected(const Codes& x) const {
    std::map<std::string, Codes> out{{"npu_y", {}}, {"npu_acc", {}}};
    for (std::int64_t frame = 0; frame < std::ssize(x) / (channels * height * width); ++frame) {
      for (std::int64_t o = 0; o < outputs; ++o) {
        const auto column = static_cast<std::size_t>(o);
        for (std::int64_t i = 0; i < out_h(); ++i) {
          for (std::int64_t j = 0; j < out_w(); ++j) {
            const oracle::Sums sums = oracle::sums(node.rule, terms(x, frame, o, i, j), bias[column], bias_d[column]);
            out["npu_y"].push_back(static_cast<std::int32_t>(oracle::output(node.rule, sums)));
            out["npu_acc"].push_back(static_cast<std::int32_t>(sums.acc));
          }
        }
      }
    }
    return out;
  }
};

// A map node with at least one output, its tensors filled in.
inline MapCase random_map(Random& random, bool transposed) {
  MapCase out;
  out.transposed = transposed;
  out.node = random.array_case(!transposed);
  out.groups = random(0, 2) == 0 ? random(2, 3) : 1;
  out.channels = out.groups * random(1, 4);
  out.outputs = out.groups * random(1, 4);
  out.kernel_h = random(1, 4);
  out.kernel_w = random(1, 4);
  out.dilations = {random(1, 3), random(1, 3)};
  out.strides = {random(1, 4), random(1, 4)};
  out.height = random(1, 7);
  out.width = random(1, 7);
  out.pads = {random(0, 4), random(0, 4), random(0, 4), random(0, 4)};
  if (transposed) {
    out.output_padding = {random(0, std::max(out.strides[0], out.dilations[0]) - 1),
                          random(0, std::max(out.strides[1], out.dilations[1]) - 1)};
    for (std::size_t axis : {0U, 1U}) {
      while ((axis == 0 ? out.out_h() : out.out_w()) < 1) (axis == 0 ? out.height : out.width) += 1;
    }
  } else {
    out.height = std::max(out.height, out.span_h() - out.pads[0] - out.pads[2]);
    out.width = std::max(out.width, out.span_w() - out.pads[1] - out.pads[3]);
  }
  const std::int64_t elements = element_count(out.weight_shape());
  const std::int64_t limit = random(0, 2) == 0 ? 275 : 127;
  out.weight = random.vector<std::int16_t>(elements, -limit, limit);
  if (out.node.rule.pn && random(0, 1) == 0) out.weight_neg = random.vector<std::int16_t>(elements, -limit, limit);
  out.bias = random.vector<std::int32_t>(out.outputs, -300, 300, 128);
  out.bias_d = out.node.rule.split ? random.vector<std::int32_t>(out.outputs, -300, 300, 128)
                                   : std::vector<std::int32_t>(static_cast<std::size_t>(out.outputs), 0);
  return out;
}

}  // namespace witin::test
