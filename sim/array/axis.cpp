#include "sim/array/axis.hpp"

#include <algorithm>

namespace witin::array {
namespace {

Axis finish(Axis axis) {
  axis.lo = 0;
  axis.hi = axis.extent - 1;
  for (const AxisPhase& phase : axis.phases) {
    if (phase.taps.empty() || phase.outputs.empty()) continue;
    axis.lo = std::min(axis.lo, phase.outputs.front().start + phase.taps.front().offset);
    axis.hi = std::max(axis.hi, phase.outputs.back().start + phase.taps.back().offset);
  }
  return axis;
}

}  // namespace

std::int64_t convolution_outputs(const AxisSpec& spec) {
  const std::int64_t room = spec.extent + spec.pad_begin + spec.pad_end - spec.dilation * (spec.kernel - 1) - 1;
  return room < 0 ? 0 : room / spec.stride + 1;
}

std::int64_t transposed_outputs(const AxisSpec& spec) {
  return (spec.extent - 1) * spec.stride - spec.pad_begin - spec.pad_end + spec.dilation * (spec.kernel - 1) +
         spec.output_padding + 1;
}

Axis convolution_axis(const AxisSpec& spec) {
  Axis axis{spec.extent, spec.kernel, convolution_outputs(spec), 0, 0, std::vector<AxisPhase>(1)};
  AxisPhase& phase = axis.phases.front();
  for (std::int64_t k = 0; k < spec.kernel; ++k) phase.taps.push_back({k, k, k * spec.dilation});
  for (std::int64_t o = 0; o < axis.outputs; ++o) phase.outputs.push_back({o, o * spec.stride - spec.pad_begin});
  return finish(std::move(axis));
}

Axis transposed_axis(const AxisSpec& spec) {
  // Output o gets input i through tap k where i * stride = o + pad_begin - k * dilation.
  Axis axis{spec.extent, spec.kernel, transposed_outputs(spec), 0, 0, {}};
  const std::int64_t residues = std::min(spec.stride, axis.outputs);
  AxisPhase blank;
  for (std::int64_t first = 0; first < residues; ++first) {
    AxisPhase phase;
    const std::int64_t residue = (first + spec.pad_begin) % spec.stride;
    for (std::int64_t k = spec.kernel - 1; k >= 0; --k) {
      if (k * spec.dilation % spec.stride != residue) continue;
      phase.taps.push_back({k, spec.kernel - 1 - k, -(k * spec.dilation - residue) / spec.stride});
    }
    AxisPhase& own = phase.taps.empty() ? blank : phase;
    for (std::int64_t o = first; o < axis.outputs; o += spec.stride) {
      own.outputs.push_back({o, (o + spec.pad_begin - residue) / spec.stride});
    }
    if (!phase.taps.empty()) axis.phases.push_back(std::move(phase));
  }
  if (!blank.outputs.empty()) {
    std::ranges::sort(blank.outputs, {}, &AxisPhase::Output::index);
    axis.phases.push_back(std::move(blank));
  }
  return finish(std::move(axis));
}

Axis time_axis(std::vector<Tap> taps) {
  Axis axis;
  axis.kernel = static_cast<std::int64_t>(taps.size());
  axis.phases.push_back({std::move(taps), {{0, 0}}});
  return finish(std::move(axis));
}

}  // namespace witin::array
