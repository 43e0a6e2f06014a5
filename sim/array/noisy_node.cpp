// Preparing the noise of a node for one trial: the cells of its matrices.
#include "sim/array/noisy_node.hpp"

namespace witin::array {

NoisyNode::NoisyNode(std::shared_ptr<const NoiseSource> source, const ops::NoiseSetup& setup,
                     const arith::OutputRule& rule)
    : source_(std::move(source)),
      sampler_(source_->isa, setup.seed, setup.trial, setup.node),
      model_(setup.model),
      rule_(rule),
      parts_(source_->parts()) {}

Result<std::unique_ptr<const ops::Noise>> NoisyNode::make(const std::shared_ptr<const NoiseSource>& source,
                                                          const ops::NoiseSetup& setup) {
  if (source->native && setup.model->mbs_level != 0) {
    return Error{"noise.operator",
                 "mbs has no law for a convolution that is not run as a matrix",
                 "",
                 "linear, or a convolution with attribute split",
                 "a convolution of the training library",
                 "normal and simple have one"};
  }
  const Result<arith::OutputRule> rule = arith::OutputRule::make(source->attributes.rule);
  if (!rule) return rule.error();
  std::unique_ptr<NoisyNode> node(new NoisyNode(source, setup, *rule));
  if (setup.draws != nullptr) {
    if (Status given = give_draws(node->sampler_, *source, setup); !given) return std::move(given).error();
  }
  if (source->attributes.split) {
    const Result<arith::IntegerDivider> divider = arith::IntegerDivider::make(*rule);
    if (!divider) return divider.error();
    node->divider_ = *divider;
  }
  if (Status prepared = node->prepare(); !prepared) return std::move(prepared).error();
  return std::unique_ptr<const ops::Noise>(std::move(node));
}

std::int64_t NoisyNode::pixels() const {
  return source_->lowering.h.outputs * (source_->lowering.time ? 1 : source_->lowering.w.outputs);
}

Status NoisyNode::prepare() {
  for (const NoiseMatrix& layout : source_->matrices()) {
    Result<noise::NoisyMatrix> noisy = noise::NoisyMatrix::make(*model_, sampler_, layout.source);
    if (!noisy) return std::move(noisy).error();
    matrices_.push_back({&layout, *std::move(noisy)});
  }
  return {};
}

}  // namespace witin::array
