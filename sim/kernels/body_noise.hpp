// Standard normals from Philox4x32-10, the same bits on every path. Contract: sim/kernels/normals.hpp.
//
//   chunk c holds 64 samples of the blocks 16 c .. 16 c + 15; words (w0, w1) and (w2, w3) of a block are one pair each
//   u = ((w >> 1) + 1/2) 2^-31,  r = sqrt(-2 ln u),  z = r cos(2 pi a / 2^32) and r sin(2 pi a / 2^32)
//
// Only additions, multiplications, divisions and square roots of binary32, each rounded once, and integers: nothing a
// compiler or a library may round otherwise. ln by the atanh series on [sqrt(1/2), sqrt(2)], sine and cosine by
// polynomials on an eighth of a turn.
#pragma once

namespace {

namespace noise_body {

constexpr int kBytes = 4 * Simd::kLanes;
constexpr int kBlocks = witin::kernels::kNormalBlocks;
using U32 = std::uint32_t __attribute__((vector_size(kBytes)));
using S32 = std::int32_t __attribute__((vector_size(kBytes)));
using U64 = std::uint64_t __attribute__((vector_size(kBytes)));
using F32 = float __attribute__((vector_size(kBytes)));

WITIN_INLINE U64 mul_even(U64 a, U64 b) { return (U64)Simd::mul_even((Simd::I)a, (Simd::I)b); }
WITIN_INLINE F32 sqrt(F32 v) { return (F32)Simd::sqrt((Simd::F)v); }
WITIN_INLINE F32 to_f32(U32 v) { return (F32)Simd::to_f32((Simd::I)v); }
WITIN_INLINE F32 splat(float v) { return F32{} + v; }

struct Words {
  U32 w[4];
};

// Blocks first .. first + kLanes - 1, in the order of the lanes.
WITIN_INLINE Words philox(const witin::kernels::NormalStream& stream, std::uint64_t first) {
  const U64 m0 = U64{} + 0xD2511F53U;
  const U64 m1 = U64{} + 0xCD9E8D57U;
  U64 lane{};
  for (int i = 0; i < Simd::kLanes / 2; ++i) lane[i] = static_cast<std::uint64_t>(2 * i);
  U64 c[2][4];
  for (int half = 0; half < 2; ++half) {
    c[half][0] = lane + (first + static_cast<std::uint64_t>(half));
    c[half][1] = c[half][0] >> 32;
    c[half][2] = U64{} + stream.words[0];
    c[half][3] = U64{} + stream.words[1];
  }
  std::uint32_t k0 = stream.key[0];
  std::uint32_t k1 = stream.key[1];
  WITIN_UNROLL
  for (int round = 0; round < 10; ++round) {
    // Only the low halves of the 64-bit lanes count.
    for (int half = 0; half < 2; ++half) {
      U64* const x = c[half];
      const U64 p0 = mul_even(m0, x[0]);
      const U64 p1 = mul_even(m1, x[2]);
      x[0] = (p1 >> 32) ^ x[1] ^ (U64{} + k0);
      x[2] = (p0 >> 32) ^ x[3] ^ (U64{} + k1);
      x[1] = p1;
      x[3] = p0;
    }
    k0 += 0x9E3779B9U;
    k1 += 0xBB67AE85U;
  }
  Words out;
  for (int i = 0; i < 4; ++i) out.w[i] = (U32)((c[0][i] & 0xFFFFFFFFU) | (c[1][i] << 32));
  return out;
}

WITIN_INLINE F32 radius(U32 w) {
  const F32 u = to_f32(w >> 1) * 0x1p-31F + 0x1p-32F;
  constexpr std::int32_t kSqrtHalf = 0x3f3504f3;  // pattern of sqrt(1/2)
  const S32 pattern = (S32)u - kSqrtHalf;
  const F32 exponent = to_f32((U32)(pattern >> 23));
  const F32 f = (F32)((pattern & 0x007fffff) + kSqrtHalf) - 1.0F;
  const F32 s = f / (f + 2.0F);
  const F32 q = s * s;
  const F32 series = ((q * 0.222222222F + 0.285714286F) * q + 0.4F) * q + 0.666666667F;
  const F32 ln = exponent * 0.693147181F + (s * 2.0F + s * q * series);
  const F32 twice = ln * -2.0F;
  return sqrt((F32)((S32)twice & (S32)(twice > 0.0F)));
}

WITIN_INLINE void pair(U32 w, U32 angle, float* cosine, float* sine) {
  const F32 r = radius(w);
  const S32 quarter = ((S32)(angle + 0x20000000U)) >> 30;
  const F32 x = to_f32(angle - ((U32)quarter << 30)) * 0x1p-30F;  // quarter turns, [-1/2, 1/2]
  const F32 y = x * x;
  const F32 sn =
      x * (((y * 0.00016044118F - 0.00468175414F) * y + 0.0796926262F) * y * y + (y * -0.645964098F + 1.57079633F));
  const F32 cs = (((y * 0.000919260274F - 0.0208634807F) * y + 0.253669508F) * y * y) + (y * -1.23370055F + 1.0F);
  const S32 swap = -(quarter & 1);
  const S32 c = ((S32)sn & swap) | ((S32)cs & ~swap);
  const S32 s = ((S32)cs & swap) | ((S32)sn & ~swap);
  const U32 c_sign = ((U32)(quarter + 1) & 2U) << 30;
  const U32 s_sign = ((U32)quarter & 2U) << 30;
  Simd::store(cosine, (Simd::I)(r * (F32)((U32)c ^ c_sign)));
  Simd::store(sine, (Simd::I)(r * (F32)((U32)s ^ s_sign)));
}

void normals(const witin::kernels::NormalStream& stream, std::uint64_t first_chunk, std::int64_t chunks, float* out) {
  for (std::int64_t chunk = 0; chunk < chunks; ++chunk, out += 4 * kBlocks) {
    const std::uint64_t first = (first_chunk + static_cast<std::uint64_t>(chunk)) * kBlocks;
    for (int i = 0; i < kBlocks; i += Simd::kLanes) {
      const Words words = philox(stream, first + static_cast<std::uint64_t>(i));
      pair(words.w[0], words.w[1], out + i, out + kBlocks + i);
      pair(words.w[2], words.w[3], out + 2 * kBlocks + i, out + 3 * kBlocks + i);
    }
  }
}

}  // namespace noise_body

using noise_body::normals;

}  // namespace
