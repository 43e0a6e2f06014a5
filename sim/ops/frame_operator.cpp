#include "sim/ops/frame_operator.hpp"

#include "sim/ops/codes.hpp"

namespace witin::ops {

Status FrameOperator::run(const Run& run) const {
  const auto output = run.scratch->take<std::int32_t>(static_cast<std::size_t>(this->output().elements()));
  const auto buffers = run.scratch->take<std::span<std::int32_t>>(inputs_.size());
  const auto views = run.scratch->take<std::span<const std::int32_t>>(inputs_.size());
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    buffers[i] = run.scratch->take<std::int32_t>(static_cast<std::size_t>(inputs_[i].elements()));
    views[i] = buffers[i];
  }
  for (std::int64_t f = 0; f < run.frames; ++f) {
    const auto index = static_cast<std::size_t>(f);
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      widen(inputs_[i].storage(), run.inputs[i], index * buffers[i].size(), buffers[i]);
    }
    if (Status status = frame(views, output); !status) {
      return std::move(status).error().within("frame " + std::to_string(run.first_frame + f));
    }
    narrow(output, this->output().storage(), run.output, index * output.size());
  }
  return {};
}

}  // namespace witin::ops
