// Frames whose first axis is the channel: [C], [C, H, W], ... With a rule of its own for every channel.
#pragma once

#include "sim/ops/frame_operator.hpp"
#include "sim/ops/node_context.hpp"

namespace witin::ops {

// The channels of the node's first input. Error node.shape: a frame without axes.
[[nodiscard]] Result<std::size_t> channels_of(const NodeContext& context);

// The tensor of that role has one entry a channel. Error tensor.length.
[[nodiscard]] Status check_channels(const NodeContext& context, std::string_view role, std::size_t channels);

// y = f(channel, x); every value of f lies in the range given.
template <typename Function>
class ChannelMap final : public FrameOperator {
 public:
  ChannelMap(const ValueType& input, CodeRange range, std::size_t channels, Function f)
      : FrameOperator({input.shape, range}, std::span(&input, 1)), channels_(channels), f_(std::move(f)) {}

 protected:
  Status frame(std::span<const std::span<const std::int32_t>> inputs, std::span<std::int32_t> output) const override {
    const std::size_t size = output.size() / channels_;
    for (std::size_t c = 0; c < channels_; ++c) {
      for (std::size_t i = c * size; i < (c + 1) * size; ++i) output[i] = f_(c, inputs[0][i]);
    }
    return {};
  }

 private:
  std::size_t channels_;
  Function f_;
};

template <typename Function>
[[nodiscard]] std::unique_ptr<Operator> make_channel_map(const NodeContext& context, CodeRange range,
                                                         std::size_t channels, Function f) {
  return std::make_unique<ChannelMap<Function>>(context.input(), range, channels, std::move(f));
}

}  // namespace witin::ops
