// The matrices of a node under noise: group by group, phase by phase, part by part.
#include <algorithm>

#include "sim/array/noisy_node.hpp"
#include "sim/array/staging.hpp"

namespace witin::array {
namespace {

CodeRange driven_codes(const NoiseSource& source) {
  CodeRange x = source.x;
  if (source.attributes.split) x = {x.lo < 0 ? -255 : 0, std::min(x.hi, 255)};
  if (source.pn()) x = {0, std::max(x.hi, -x.lo)};
  return x;
}

NoiseMatrix make_matrix(const NoiseSource& source, std::int64_t group, const AxisPhase& h, const AxisPhase& w,
                        std::int64_t part) {
  const Lowering& lowering = source.lowering;
  const ArrayTensors& tensors = source.tensors;
  const std::int64_t channels = lowering.channels / lowering.groups;
  const std::int64_t columns = lowering.columns / lowering.groups;
  const std::int64_t group_rows = lowering.h.kernel * lowering.w.kernel * channels;
  const std::vector<std::int32_t> part_of = part_of_row(source.attributes, group_rows);

  const bool pn = source.pn();
  NoiseMatrix out;
  out.group = group;
  out.first_column = group * columns;
  out.part = part;
  out.h = &h;
  out.w = &w;
  noise::MatrixSpec spec;
  std::vector<std::int16_t> all;
  std::vector<std::int16_t> all_neg;
  const auto add = [](std::vector<NoiseRun>& runs, std::int64_t dh, std::int64_t dw, std::int64_t channel) {
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
        if (own) spec.row_numbers.push_back(group * group_rows + row);
        if (source.attributes.split && part == 0) {
          add(out.high_runs, tap_h.offset, tap_w.offset, channel);
          ++out.high_rows;
        }
        for (std::int64_t n = 0; n < columns; ++n) {
          const auto index = static_cast<std::size_t>(lowering.weight.place(group, c, n, tap_h.kernel, tap_w.kernel));
          const std::int32_t weight = tensors.weight[index];
          const std::int32_t negative = tensors.weight_neg.empty() ? -weight : tensors.weight_neg[index];
          if (own) spec.weight.push_back(static_cast<std::int16_t>(weight));
          if (own && pn) spec.weight_neg.push_back(static_cast<std::int16_t>(negative));
          all.push_back(static_cast<std::int16_t>(weight));
          if (pn) all_neg.push_back(static_cast<std::int16_t>(negative));
        }
      }
    }
  }
  spec.columns = columns;
  spec.node_rows = lowering.groups * group_rows;
  spec.node_columns = lowering.columns;
  spec.first_column = out.first_column;
  spec.channels = channels;
  spec.first_channel = group * channels;
  spec.node_channels = lowering.groups * channels;
  if (source.native) spec.common = source.transposed ? noise::Common::kChannel : noise::Common::kColumn;
  if (source.native && pn) spec.output_passes = 2;
  spec.bias.assign(static_cast<std::size_t>(columns), 0);
  if (part == 0) {
    std::copy_n(tensors.bias.begin() + out.first_column, columns, spec.bias.begin());
    spec.bias_rows = source.attributes.bias_rows;
  }
  spec.x = driven_codes(source);
  spec.rule = source.attributes.rule;
  if (source.attributes.split || source.parts() > 1) spec.rule.y_limit_bits = 0;
  out.source = std::make_shared<const noise::MatrixSource>(source.isa, std::move(spec));
  if (source.attributes.split && part == 0) {
    all.insert(all.end(), all_neg.begin(), all_neg.end());
    constexpr CodeRange kHighCodes{-16, 16};
    out.high.emplace(source.isa, out.high_rows * source.polarities(), columns, kHighCodes, all, double{kHighUnit});
  }
  return out;
}

}  // namespace

std::span<const NoiseMatrix> NoiseSource::matrices() const {
  std::call_once(lazy->once, [&] {
    for (std::int64_t group = 0; group < lowering.groups; ++group) {
      for (const AxisPhase& h : lowering.h.phases) {
        for (const AxisPhase& w : lowering.w.phases) {
          for (std::int64_t part = 0; part < parts(); ++part) {
            lazy->matrices.push_back(make_matrix(*this, group, h, w, part));
          }
        }
      }
    }
  });
  return lazy->matrices;
}

}  // namespace witin::array
