// Axes of transposed convolutions against their definition: output o gets input i through tap k where
// i * stride + k * dilation = o + pad_begin.
#include "sim/array/axis.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

using namespace witin;

namespace {

// (output, tap) -> position of the input, from the definition.
std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> reads_by_definition(const array::AxisSpec& spec,
                                                                                  std::int64_t outputs) {
  std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> reads;
  for (std::int64_t o = 0; o < outputs; ++o) {
    for (std::int64_t k = 0; k < spec.kernel; ++k) {
      const std::int64_t place = o + spec.pad_begin - k * spec.dilation;
      if (place >= 0 && place % spec.stride == 0 && place / spec.stride < spec.extent) {
        reads[{o, k}] = place / spec.stride;
      }
    }
  }
  return reads;
}

}  // namespace

TEST_CASE("transposed axes: every output reads what the definition says, in no more phases than taps and one") {
  for (const std::int64_t stride : {1, 2, 3, 5, 1000}) {
    for (const std::int64_t kernel : {1, 2, 4, 7}) {
      for (const std::int64_t dilation : {1, 2, 3}) {
        for (const std::int64_t pad : {0, 1, 3}) {
          const array::AxisSpec spec{.extent = 5,
                                     .kernel = kernel,
                                     .stride = stride,
                                     .pad_begin = pad,
                                     .pad_end = 0,
                                     .dilation = dilation,
                                     .output_padding = std::min<std::int64_t>(stride - 1, 2)};
          CAPTURE(stride);
          CAPTURE(kernel);
          CAPTURE(dilation);
          CAPTURE(pad);
          const std::int64_t outputs = array::transposed_outputs(spec);
          if (outputs < 1) continue;
          const array::Axis axis = array::transposed_axis(spec);
          CHECK(std::ssize(axis.phases) <= std::min(kernel + 1, stride));
          std::multiset<std::int64_t> seen;
          std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> reads;
          for (const array::AxisPhase& phase : axis.phases) {
            for (const array::AxisPhase::Output& output : phase.outputs) {
              seen.insert(output.index);
              for (const array::Tap& tap : phase.taps) {
                const std::int64_t position = output.start + tap.offset;
                CHECK(tap.row == kernel - 1 - tap.kernel);
                CHECK(position >= axis.lo);
                CHECK(position <= axis.hi);
                if (position >= 0 && position < spec.extent) reads[{output.index, tap.kernel}] = position;
              }
            }
          }
          CHECK(std::ssize(seen) == outputs);
          CHECK(std::set<std::int64_t>(seen.begin(), seen.end()).size() == seen.size());
          CHECK(*seen.begin() == 0);
          CHECK(*seen.rbegin() == outputs - 1);
          CHECK(reads == reads_by_definition(spec, outputs));
        }
      }
    }
  }
}
