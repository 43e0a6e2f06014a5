// Standard normals from Philox4x32-10, the same bits on every path. Contract: sim/kernels/normals.hpp.
//
//   chunk c holds 64 samples of the blocks 16 c .. 16 c + 15; words (w0, w1) and (w2, w3) of a block are one pair each
//   r = sqrt(-2 ln(((w >> 1) + 1/2) 2^-31)),  z = r cos(2 pi a / 2^32) and r sin(2 pi a / 2^32)
//
// Only additions, multiplications and square roots of binary32, each rounded once, and integers: nothing a compiler or
// a library may round otherwise. Polynomials: -2 ln(1 + f) on [sqrt(1/2), sqrt(2)] within 3e-6, cosine and sine of half
// a turn within 7e-6; the upper bit of the angle is the sign of the cosine.
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

// Keys of the ten rounds.
struct Keys {
  U64 k0[10];
  U64 k1[10];
};

WITIN_INLINE Keys schedule(const witin::kernels::NormalStream& stream) {
  Keys keys;
  for (unsigned round = 0; round < 10; ++round) {
    keys.k0[round] = U64{} + (stream.key[0] + round * 0x9E3779B9U);
    keys.k1[round] = U64{} + (stream.key[1] + round * 0xBB67AE85U);
  }
  return keys;
}

// Blocks first .. first + kLanes - 1, in the order of the lanes. Only the low halves of the 64-bit lanes count.
WITIN_INLINE Words philox(const witin::kernels::NormalStream& stream, const Keys& keys, std::uint64_t first) {
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
  WITIN_UNROLL
  for (int round = 0; round < 10; ++round) {
    WITIN_UNROLL
    for (int half = 0; half < 2; ++half) {
      U64* const x = c[half];
      const U64 p0 = mul_even(m0, x[0]);
      const U64 p1 = mul_even(m1, x[2]);
      x[0] = (p1 >> 32) ^ (x[1] ^ keys.k0[round]);
      x[2] = (p0 >> 32) ^ (x[3] ^ keys.k1[round]);
      x[1] = p1;
      x[3] = p0;
    }
  }
  Words out;
  for (int i = 0; i < 4; ++i) out.w[i] = (U32)((c[0][i] & 0xFFFFFFFFU) | (c[1][i] << 32));
  return out;
}

WITIN_INLINE F32 radius(U32 w) {
  const F32 v = to_f32(w >> 1) + 0.5F;
  constexpr std::int32_t kSqrtHalf = 0x3f3504f3;  // pattern of sqrt(1/2)
  const S32 pattern = (S32)v - kSqrtHalf;
  const F32 exponent = to_f32((U32)(pattern >> 23));
  const F32 f = (F32)((pattern & 0x007fffff) + kSqrtHalf) - 1.0F;
  const F32 ln =
      ((((f * 0.28641546F - 0.44658491F) * f + 0.50944066F) * f - 0.664519787F) * f + 0.999701619F) * f - 2.00002551F;
  return sqrt(f * ln + (31.0F - exponent) * 1.38629436F);
}

WITIN_INLINE void pair(U32 w, U32 angle, float* cosine, float* sine) {
  const F32 r = radius(w);
  const F32 x = to_f32(angle << 1) * 0x1p-31F;  // quarter turns, [-1, 1)
  const F32 y = x * x;
  const F32 s = x * (((y * -0.0043330956F + 0.0794343427F) * y - 0.645892859F) * y + 1.57079101F);
  const F32 c = ((y * -0.0190958045F + 0.252580345F) * y - 1.23348451F) * y + 0.999993324F;
  Simd::store(cosine, (Simd::I)((U32)(r * c) ^ (angle & 0x80000000U)));
  Simd::store(sine, (Simd::I)(r * s));
}

void normals(const witin::kernels::NormalStream& stream, std::uint64_t first_chunk, std::int64_t chunks, float* out) {
  Keys keys = schedule(stream);
  asm volatile("" : "+m"(keys));  // they are made once, not where they are used
  for (std::int64_t chunk = 0; chunk < chunks; ++chunk, out += 4 * kBlocks) {
    const std::uint64_t first = (first_chunk + static_cast<std::uint64_t>(chunk)) * kBlocks;
    for (int i = 0; i < kBlocks; i += Simd::kLanes) {
      const Words words = philox(stream, keys, first + static_cast<std::uint64_t>(i));
      pair(words.w[0], words.w[1], out + i, out + kBlocks + i);
      pair(words.w[2], words.w[3], out + 2 * kBlocks + i, out + 3 * kBlocks + i);
    }
  }
}

}  // namespace noise_body

using noise_body::normals;

}  // namespace
