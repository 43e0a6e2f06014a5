// Standard normals as a function of a stream and an index: sample i of a stream is always the same number, computed
// alone or with others, on every instruction set, by every compiler.
//
//   chunk c of a stream is 64 samples made of the Philox4x32-10 blocks 16 c .. 16 c + 15; block b is the counter
//   (b mod 2^32, b >> 32, words[0], words[1]) under the stream's key. Of block j of a chunk, words w0..w3,
//   samples j and 16 + j are s r(w0) cos(t) and r(w0) sin(t) of the angle w1, samples 32 + j and 48 + j the same of w2
//   and w3. r(w) = sqrt(-2 ln(((w >> 1) + 1/2) 2^-31)), up to 6.66 standard deviations. Of an angle the upper bit is
//   the sign: s = -1 where it is set; the lower 31, as a signed number a, are the half turn t = a pi / 2^31, in
//   [-pi/2, pi/2). Both together are all of the circle, evenly
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
