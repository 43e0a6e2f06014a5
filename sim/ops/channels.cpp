#include "sim/ops/channels.hpp"

namespace witin::ops {

Result<std::size_t> channels_of(const NodeContext& context) {
  const Shape& shape = context.input().shape;
  if (!shape.empty() && shape[0] > 0) return static_cast<std::size_t>(shape[0]);
  return context.node_error("node.shape", "the input has no channels", "[C, ...]", to_string(shape));
}

Status check_channels(const NodeContext& context, std::string_view role, std::size_t channels) {
  const auto length = static_cast<std::size_t>(element_count(context.tensor(role)->shape));
  if (length == channels) return {};
  return context.tensor_error(role, "tensor.length", "tensor does not have one entry a channel",
                              std::to_string(channels), std::to_string(length));
}

}  // namespace witin::ops
