// Standard normals from Philox4x32-10, the same bits on every path. Contract: sim/kernels/normals.hpp.
//
//   chunk c holds 96 samples of the blocks 16 c .. 16 c + 15, three pairs of each block
//   z = (+-r cos t, r sin t), t = pi/2 x
//
// Only additions, multiplications and square roots of binary32, each rounded once, and integers: nothing a compiler or
// a library may round otherwise. Polynomials: -2 ln(1 + f) on [-1/2, 0) within 4e-6, at -1/2 not below -2 ln(1/2);
// cosine and sine of half a turn within 7e-6.
#pragma once

namespace {

namespace noise_body {

constexpr int kBytes = 4 * Simd::kLanes;
constexpr int kBlocks = witin::kernels::kNormalBlocks;
using witin::kernels::kNormalChunk;
using witin::kernels::kNormalPairs;
using U32 = std::uint32_t __attribute__((vector_size(kBytes)));
using U64 = std::uint64_t __attribute__((vector_size(kBytes)));
using F32 = float __attribute__((vector_size(kBytes)));

WITIN_INLINE U64 mul_even(U64 a, U64 b) { return (U64)Simd::mul_even((Simd::I)a, (Simd::I)b); }
WITIN_INLINE F32 sqrt(F32 v) { return (F32)Simd::sqrt((Simd::F)v); }
WITIN_INLINE F32 to_f32(U32 v) { return (F32)Simd::to_f32((Simd::I)v); }
WITIN_INLINE F32 splat(float v) { return F32{} + v; }

// Of a stream: keys of the ten rounds, and of the first two what is the same for all blocks but for the upper half of
// their numbers.
struct Schedule {
  U64 k0[10];
  U64 k1[10];
  std::uint32_t word;
};

constexpr std::uint32_t kM0 = 0xD2511F53U;
constexpr std::uint32_t kM1 = 0xCD9E8D57U;

WITIN_INLINE U64 splat64(std::uint64_t v) { return U64{} + v; }
// The upper halves of the lanes; what is left in their place is not used.
WITIN_INLINE U64 upper(U64 v) { return (U64)Simd::odd_to_even((Simd::I)v); }

WITIN_INLINE Schedule schedule(const witin::kernels::NormalStream& stream) {
  Schedule out;
  for (unsigned round = 0; round < 10; ++round) {
    out.k0[round] = splat64(stream.key[0] + round * 0x9E3779B9U);
    out.k1[round] = splat64(stream.key[1] + round * 0xBB67AE85U);
  }
  const std::uint64_t product = std::uint64_t{kM1} * stream.words[0];
  out.word = static_cast<std::uint32_t>(product >> 32) ^ stream.key[0];
  // Of round 1 the third key word, of round 2 the first: with what else is the same for all blocks.
  out.k1[0] = splat64(stream.words[1] ^ stream.key[1]);
  out.k0[1] ^= splat64(product & 0xFFFFFFFFU);
  return out;
}

template <int kSets>
struct Words {
  U32 w[extent(kSets)][4];
};

// kSets vectors of consecutive blocks, in the order of the lanes. The upper halves of 64-bit lanes are of no use.
template <int kSets>
WITIN_INLINE Words<kSets> philox(const Schedule& keys, std::uint64_t first) {
  constexpr int kHalves = 2 * kSets;
  const U64 m0 = splat64(kM0);
  const U64 m1 = splat64(kM1);
  constexpr int kSetsOfChunk = kBlocks / Simd::kLanes;
  U64 lane{};
  for (int i = 0; i < Simd::kLanes / 2; ++i) lane[i] = 2 * static_cast<std::uint64_t>(i);
  const U64 start = lane + splat64(first);
  U64 c[extent(kHalves)][4];
  U64 same_high{}, same_low{};
  WITIN_UNROLL
  for (int half = 0; half < kHalves; ++half) {
    const int block = half / 2 * Simd::kLanes + half % 2;
    if (half % (2 * kSetsOfChunk) == 0) {  // the upper half of the number is one for all blocks of a chunk
      const auto high = static_cast<std::uint32_t>((first + static_cast<std::uint64_t>(block)) >> 32);
      const std::uint64_t same = std::uint64_t{kM0} * (keys.word ^ high);
      same_low = splat64(same);
      same_high = splat64(same >> 32) ^ keys.k1[1];
    }
    U64* const x = c[half];
    const U64 p0 = mul_even(m0, start + static_cast<std::uint64_t>(block));
    const U64 p1 = mul_even(m1, upper(p0) ^ keys.k1[0]);
    x[0] = upper(p1) ^ keys.k0[1];
    x[1] = p1;
    x[2] = p0 ^ same_high;
    x[3] = same_low;
  }
  WITIN_UNROLL
  for (int round = 2; round < 10; ++round) {
    WITIN_UNROLL
    for (int half = 0; half < kHalves; ++half) {
      U64* const x = c[half];
      const U64 p0 = mul_even(m0, x[0]);
      const U64 p1 = mul_even(m1, x[2]);
      x[0] = upper(p1) ^ (x[1] ^ keys.k0[round]);
      x[2] = upper(p0) ^ (x[3] ^ keys.k1[round]);
      x[1] = p1;
      x[3] = p0;
    }
  }
  Words<kSets> out;
  WITIN_UNROLL
  for (int set = 0; set < kSets; ++set) {
    WITIN_UNROLL
    for (int i = 0; i < 4; ++i) {
      out.w[set][i] = (U32)Simd::even_lanes((Simd::I)c[2 * set][i], (Simd::I)c[2 * set + 1][i]);
    }
  }
  return out;
}

// out[i] = (...(c[0] x + c[1]) x + ...), one step of all after the other: none waits for itself.
template <int kCount, int kTerms>
WITIN_INLINE void polynomials(const float (&c)[extent(kTerms)], const F32 (&x)[extent(kCount)],
                              F32 (&out)[extent(kCount)]) {
  WITIN_UNROLL
  for (int i = 0; i < kCount; ++i) out[i] = splat(c[0]);
  WITIN_UNROLL
  for (int term = 1; term < kTerms; ++term) {
    WITIN_UNROLL
    for (int i = 0; i < kCount; ++i) out[i] = out[i] * x[i] + c[term];
  }
}

// (a & mask) | b
WITIN_INLINE U32 and_or(U32 a, std::uint32_t mask, U32 b) {
  return (U32)Simd::and_or((Simd::I)a, Simd::splat((std::int32_t)mask), (Simd::I)b);
}
WITIN_INLINE U32 and_or(U32 a, std::uint32_t mask, std::uint32_t b) { return and_or(a, mask, U32{} + b); }

WITIN_INLINE void radii(const U32 (&w)[extent(kNormalPairs)], F32 (&r)[extent(kNormalPairs)]) {
  constexpr int kCount = kNormalPairs;
  constexpr float kLn[6] = {2.30138437F, 1.48705729F, 1.26019962F, -0.520687351F, 1.0125387F, -1.999646F};
  constexpr std::uint32_t kMantissa = 0x007fffff;
  constexpr std::uint32_t kHalf = 0x3f000000;  // pattern of 1/2
  F32 f[kCount], ln[kCount], exponent[kCount];
  WITIN_UNROLL
  for (int i = 0; i < kCount; ++i) {
    const U32 pattern = (U32)to_f32(and_or(w[i], 0x7fffffff, 1));
    exponent[i] = to_f32(pattern >> 23);
    f[i] = (F32)and_or(pattern, kMantissa, kHalf) - 1.0F;
  }
  polynomials<kCount, 6>(kLn, f, ln);
  WITIN_UNROLL
  for (int i = 0; i < kCount; ++i) r[i] = sqrt(f[i] * ln[i] + (157.0F - exponent[i]) * 1.38629436F);
}

// Quarter turns in [-1, 1): 9 bits of the common word, 14 of each pair's own.
WITIN_INLINE void quarter_turns(const U32 (&w)[extent(kNormalPairs)], U32 common, F32 (&x)[extent(kNormalPairs)]) {
  constexpr std::uint32_t kUpper = 0x007fc000;
  constexpr std::uint32_t kTwo = 0x40000000;  // pattern of 2
  const U32 upper[kNormalPairs] = {common, common >> 9, common << 9};
  WITIN_UNROLL
  for (int i = 0; i < kNormalPairs; ++i) x[i] = (F32)and_or(w[i], 0x3fff, and_or(upper[i], kUpper, kTwo)) - 3.0F;
}

// Of one vector of blocks: cosines of pair i at out[2 i kBlocks], sines kBlocks behind them.
WITIN_INLINE void pairs(const U32 (&words)[4], float* out) {
  constexpr float kSine[4] = {-0.0043330956F, 0.0794343427F, -0.645892859F, 1.57079101F};
  constexpr float kCosine[4] = {-0.0190958045F, 0.252580345F, -1.23348451F, 0.999993324F};
  constexpr int kCount = kNormalPairs;
  const U32 w[kCount] = {words[0], words[1], words[2]};
  F32 r[kCount], x[kCount], y[kCount], s[kCount], c[kCount];
  radii(w, r);
  quarter_turns(w, words[3], x);
  WITIN_UNROLL
  for (int i = 0; i < kCount; ++i) y[i] = x[i] * x[i];
  polynomials<kCount, 4>(kSine, y, s);
  polynomials<kCount, 4>(kCosine, y, c);
  WITIN_UNROLL
  for (int i = 0; i < kCount; ++i) {
    const F32 of_cosine = (F32)and_or(w[i], 0x80000000U, (U32)r[i]);
    Simd::store(out + 2 * i * kBlocks, (Simd::I)(of_cosine * c[i]));
    Simd::store(out + (2 * i + 1) * kBlocks, (Simd::I)(r[i] * (x[i] * s[i])));
  }
}

template <int kSets>
WITIN_INLINE void sets(const Schedule& keys, std::uint64_t first, std::int64_t block, float* out) {
  const Words<kSets> words = philox<kSets>(keys, first + static_cast<std::uint64_t>(block));
  WITIN_UNROLL
  for (int set = 0; set < kSets; ++set) {
    const std::int64_t own = block + set * Simd::kLanes;
    pairs(words.w[set], out + own / kBlocks * kNormalChunk + own % kBlocks);
  }
}

// Several vectors of blocks at a time, as many as registers can hold: the multiplications of one wait for each other.
void normals(const witin::kernels::NormalStream& stream, std::uint64_t first_chunk, std::int64_t chunks, float* out) {
  constexpr int kTogether = Simd::kLanes == 16 ? 2 : 4;
  static_assert(kTogether * Simd::kLanes % kBlocks == 0);  // of whole chunks
  Schedule keys = schedule(stream);
  asm volatile("" : "+m"(keys));  // they are made once, not where they are used
  const std::uint64_t first = first_chunk * kBlocks;
  const std::int64_t blocks = chunks * kBlocks;
  std::int64_t block = 0;
  for (; block + kTogether * Simd::kLanes <= blocks; block += kTogether * Simd::kLanes) {
    sets<kTogether>(keys, first, block, out);
  }
  for (; block < blocks; block += Simd::kLanes) sets<1>(keys, first, block, out);
}

}  // namespace noise_body

using noise_body::normals;

}  // namespace
