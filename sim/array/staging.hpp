// Codes as the array reads them: one plane [w][h][channel], the chip's own memory order, so that the codes a kernel
// column covers are consecutive and array rows count kw outermost, then kh, then channel.
//
// A vector is a map of one row (h) whose w counts frames; a streaming map is a map whose w counts frames.
// Staged codes have the format of the kernels' x: an element is code + offset, so that signed 8-bit codes can be driven
// as uint8. With two polarities each group of channels x is followed by another: max(x, 0), then max(-x, 0).
#pragma once

#include <cstddef>
#include <cstdint>

#include "sim/kernels/matmul.hpp"
#include "sim/ops/scratch.hpp"
#include "witin/types.hpp"

namespace witin::array {

struct Staging {
  kernels::Operands operands;
  bool two_polarities = false;
  CodeRange staged = {};  // what staged elements can be, before the offset

  [[nodiscard]] std::int64_t polarities() const { return two_polarities ? 2 : 1; }
  [[nodiscard]] Storage storage() const { return operands.x.storage; }
  [[nodiscard]] std::int32_t offset() const { return operands.x.offset; }
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

// Whether codes of this storage already are staged elements, byte for byte.
[[nodiscard]] bool is_staged(const Staging& staging, CodePart part, Storage storage);

// Memory for `count` staged elements, readable beyond its end as the kernels ask for.
[[nodiscard]] void* take_plane(const Staging& staging, std::int64_t count, ops::Scratch& scratch);

// Writes every code of `source` to its place in the plane.
void stage(const Staging& staging, CodePart part, const StageSource& source, const StageTarget& target,
           ops::Scratch& scratch);

// Fills `count` elements of a plane with one code: the padding.
void stage_fill(const Staging& staging, CodePart part, std::int32_t code, void* plane, std::int64_t count);

}  // namespace witin::array
