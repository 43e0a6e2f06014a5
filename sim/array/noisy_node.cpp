// Preparing the noise of a node: its matrices, group by group, phase by phase, part by part.
#include "sim/array/noisy_node.hpp"

#include <algorithm>

#include "sim/array/staging.hpp"

namespace witin::array {
namespace {

CodeRange driven(const NoiseSource& source) {
  CodeRange x = source.x;
  if (source.attributes.split) x = {x.lo < 0 ? -255 : 0, std::min(x.hi, 255)};
  if (source.attributes.neg_in == NegIn::kPn) x = {0, std::max(x.hi, -x.lo)};
  return x;
}

}  // namespace

NoisyNode::NoisyNode(std::shared_ptr<const NoiseSource> source, const ops::NoiseSetup& setup,
                     const arith::OutputRule& rule)
    : source_(std::move(source)),
      sampler_(source_->isa, setup.seed, setup.trial, setup.node),
      model_(setup.model),
      rule_(rule),
      parts_(std::max<std::int64_t>(1, std::ssize(source_->attributes.k_split))) {}

Result<std::unique_ptr<const ops::Noise>> NoisyNode::make(std::shared_ptr<const NoiseSource> source,
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
  for (std::int64_t group = 0; group < source_->lowering.groups; ++group) {
    for (const AxisPhase& h : source_->lowering.h.phases) {
      for (const AxisPhase& w : source_->lowering.w.phases) {
        for (std::int64_t part = 0; part < parts_; ++part) {
          Result<Matrix> made = matrix(group, h, w, part);
          if (!made) return std::move(made).error();
          matrices_.push_back(*std::move(made));
        }
      }
    }
  }
  return {};
}

Result<NoisyNode::Matrix> NoisyNode::matrix(std::int64_t group, const AxisPhase& h, const AxisPhase& w,
                                            std::int64_t part) const {
  const Lowering& lowering = source_->lowering;
  const ArrayTensors& tensors = source_->tensors;
  const std::int64_t channels = lowering.channels / lowering.groups;
  const std::int64_t columns = lowering.columns / lowering.groups;
  const std::int64_t node_rows = lowering.h.kernel * lowering.w.kernel * channels;
  const std::vector<std::int32_t> part_of = part_of_row(source_->attributes, node_rows);

  Matrix out;
  out.first_column = group * columns;
  out.part = part;
  out.h = &h;
  out.w = &w;
  noise::MatrixSpec spec;
  std::vector<std::int16_t> all;
  std::vector<std::int16_t> all_neg;
  const auto add = [](std::vector<Run>& runs, std::int64_t dh, std::int64_t dw, std::int64_t channel) {
    const bool joins = !runs.empty() && runs.back().h == dh && runs.back().w == dw &&
                       runs.back().channel + runs.back().count == channel;
    if (!joins) runs.push_back({dh, dw, channel, 0});
    ++runs.back().count;
  };
  for (const Tap& tap_w : w.taps) {
    for (const Tap& tap_h : h.taps) {
      for (std::int64_t c = 0; c < channels; ++c) {
        const std::int64_t row = (tap_w.row * lowering.h.kernel + tap_h.row) * channels + c;
        const bool own = part_of[static_cast<std::size_t>(row)] == part;
        const std::int64_t channel = group * channels + c;
        if (own) add(out.runs, tap_h.offset, tap_w.offset, channel);
        if (own) spec.row_numbers.push_back(row);
        if (source_->attributes.split && part == 0) {
          add(out.high_runs, tap_h.offset, tap_w.offset, channel);
          ++out.high_rows;
        }
        for (std::int64_t n = 0; n < columns; ++n) {
          const auto index = static_cast<std::size_t>(lowering.weight.place(group, c, n, tap_h.kernel, tap_w.kernel));
          const std::int32_t weight = tensors.weight[index];
          const std::int32_t negative = tensors.weight_neg.empty() ? -weight : tensors.weight_neg[index];
          if (own) spec.weight.push_back(static_cast<std::int16_t>(weight));
          if (own && pn()) spec.weight_neg.push_back(static_cast<std::int16_t>(negative));
          all.push_back(static_cast<std::int16_t>(weight));
          if (pn()) all_neg.push_back(static_cast<std::int16_t>(negative));
        }
      }
    }
  }
  spec.columns = columns;
  spec.node_rows = node_rows;
  spec.node_columns = lowering.columns;
  spec.first_column = out.first_column;
  spec.channels = channels;
  if (source_->native) spec.common = source_->transposed ? noise::Common::kChannel : noise::Common::kColumn;
  if (source_->native && pn()) spec.output_passes = 2;
  spec.bias.assign(static_cast<std::size_t>(columns), 0);
  if (part == 0) {
    std::copy_n(tensors.bias.begin() + out.first_column, columns, spec.bias.begin());
    spec.bias_rows = source_->attributes.bias_rows;
  }
  spec.x = driven(*source_);
  spec.rule = source_->attributes.rule;
  if (source_->attributes.split || parts_ > 1) spec.rule.y_limit_bits = 0;
  Result<noise::NoisyMatrix> noisy = noise::NoisyMatrix::make(source_->isa, *model_, sampler_, spec);
  if (!noisy) return std::move(noisy).error();
  out.noisy = *std::move(noisy);
  if (source_->attributes.split && part == 0) {
    all.insert(all.end(), all_neg.begin(), all_neg.end());
    constexpr CodeRange kHighCodes{-16, 16};
    out.high.emplace(source_->isa, out.high_rows * polarities(), columns, kHighCodes, std::span(&all, 1),
                     std::vector<double>{double{kHighUnit}});
  }
  return out;
}

}  // namespace witin::array
