// Codes as the array reads them: one plane [w][h][channel], the chip's own memory order, so that the codes a kernel
// column covers are consecutive and array rows count kw outermost, then kh, then channel.
//
// A vector is a map of one row (h) whose w counts frames; a streaming map is a map whose w counts frames.
// Staged codes are uint8 or int16. `offset` is added to every code, so that signed 8-bit codes can be driven as
// uint8; with two polarities each group of channels x is followed by another: max(x, 0), then max(-x, 0).
#pragma once

#include <cstddef>
#include <cstdint>

#include "witin/types.hpp"

namespace witin::array {

struct Staging {
  Storage storage = Storage::kS16;  // kU8 or kS16
  std::int32_t offset = 0;
  bool two_polarities = false;

  [[nodiscard]] std::int64_t polarities() const { return two_polarities ? 2 : 1; }
};

// Which part of a code is staged: all of it, or of an input wider than 8 bits its low 8 bits or the rest, both with
// the sign of the code (sim/arith/split.hpp).
enum class CodePart : std::uint8_t { kWhole, kLow, kHigh };

// kHigh stages high / 256.
inline constexpr std::int32_t kHighUnit = 256;

struct StageSource {
  Storage storage = Storage::kS8;
  const void* codes = nullptr;
  std::int64_t channels = 0, height = 0, width = 0;
  std::int64_t stride_c = 0, stride_h = 0, stride_w = 0;  // in elements
};

struct StageTarget {
  void* codes = nullptr;
  std::int64_t height = 0;  // of the plane, padding included
  std::int64_t first_w = 0, first_h = 0;
  std::int64_t group = 0;  // channels of one group
};

// Writes every code of `source` to its place in the plane.
void stage(const Staging& staging, CodePart part, const StageSource& source, const StageTarget& target);

// Fills `count` elements of a plane with one code: the padding.
void stage_fill(const Staging& staging, CodePart part, std::int32_t code, void* plane, std::int64_t count);

}  // namespace witin::array
