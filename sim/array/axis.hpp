// One axis of a convolution as taps and outputs: output o reads the input at start(o) + offset(tap). Positions outside
// the input are padding. A transposed convolution is one phase for each residue of the stride that has taps, because
// outputs of different residues meet different taps, and one of all outputs that meet none; every phase is then a plain
// convolution, and there are no more than taps and one.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace witin::array {

struct Tap {
  std::int64_t kernel = 0;  // index into the kernel
  std::int64_t row = 0;     // place in the order of array rows: a transposed convolution's kernel is flipped
  std::int64_t offset = 0;
};

struct AxisPhase {
  struct Output {
    std::int64_t index = 0;
    std::int64_t start = 0;
  };
  std::vector<Tap> taps;  // offsets ascend
  std::vector<Output> outputs;
};

struct Axis {
  std::int64_t extent = 1;  // of the input
  std::int64_t kernel = 1;
  std::int64_t outputs = 1;
  std::int64_t lo = 0;  // positions that are read or belong to the input: [lo, hi]
  std::int64_t hi = 0;
  std::vector<AxisPhase> phases;
};

struct AxisSpec {
  std::int64_t extent = 1;
  std::int64_t kernel = 1;
  std::int64_t stride = 1;
  std::int64_t pad_begin = 0;
  std::int64_t pad_end = 0;
  std::int64_t dilation = 1;
  std::int64_t output_padding = 0;  // transposed only
};

// Number of outputs; below 1 where the kernel is larger than the padded input. All numbers below 2^31.
[[nodiscard]] std::int64_t convolution_outputs(const AxisSpec& spec);
[[nodiscard]] std::int64_t transposed_outputs(const AxisSpec& spec);

// Preconditions: at least one output, strides and dilations at least 1.
[[nodiscard]] Axis convolution_axis(const AxisSpec& spec);
[[nodiscard]] Axis transposed_axis(const AxisSpec& spec);

// Time: position 0 is the current frame, -1 the one before. Taps at ascending offsets, one output.
[[nodiscard]] Axis time_axis(std::vector<Tap> taps);

}  // namespace witin::array
