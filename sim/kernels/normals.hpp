// Standard normals as a function of a stream and an index: sample i of a stream is always the same number, computed
// alone or with others, on every instruction set, by every compiler.
//
//   chunk c of a stream is 96 samples made of the Philox4x32-10 blocks 16 c .. 16 c + 15; block b is the counter
//   (b mod 2^32, b >> 32, words[0], words[1]) under the stream's key. Words w0, w1, w2 of block j of a chunk are a pair
//   of samples each, numbers 32 i + j and 32 i + 16 + j: s r cos(t) and r sin(t).
//
//   r = sqrt(-2 ln(v 2^-31)), v the lower 31 bits of wi with the lowest set: up to 6.55 standard deviations
//   s = -1 where the upper bit of wi is set, else 1
//   t = (m - 2^22) 2^-22 pi / 2, in [-pi/2, pi/2): the lower 14 of the 23 bits of m are those of wi, the upper 9 are
//       bits 14 to 22 of w3 for the first pair, 23 to 31 for the second, 5 to 13 for the third
//
// Radius and angle of a pair share bits, and only those that are the smallest part of both: the upper 17 bits of v, the
// upper 9 of m and those they share are independent and even. The pairs of a block share nothing.
//
// Source of Philox: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "sim/kernels/isa.hpp"
#include "sim/kernels/kernel_table.hpp"

namespace witin::kernels {

[[nodiscard]] std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                                      std::array<std::uint32_t, 2> key);

// out[i] = sample first + i of the stream.
void normals(Isa isa, const NormalStream& stream, std::uint64_t first, std::span<float> out);

}  // namespace witin::kernels
