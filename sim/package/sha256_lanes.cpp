#include "sim/package/sha256_lanes.hpp"

#ifdef __x86_64__

#include <cpuid.h>
#include <immintrin.h>

namespace witin::package {
namespace {

#define WITIN_LANES __attribute__((target("avx512f,avx512vl,avx512bw")))

// FIPS 180-4, 4.2.2.
constexpr std::array<std::uint32_t, 64> kRound{
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

using Words = __m128i;  // one of each message

WITIN_LANES Words add(Words a, Words b) { return _mm_add_epi32(a, b); }
WITIN_LANES Words exclusive_or(Words a, Words b, Words c) { return _mm_ternarylogic_epi32(a, b, c, 0x96); }
WITIN_LANES Words choose(Words e, Words f, Words g) { return _mm_ternarylogic_epi32(e, f, g, 0xca); }
WITIN_LANES Words majority(Words a, Words b, Words c) { return _mm_ternarylogic_epi32(a, b, c, 0xe8); }

WITIN_LANES Words load_words(const std::byte* at) {
  const Words big_endian = _mm_setr_epi8(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
  return _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const Words*>(at)), big_endian);
}

// Four words of each message, transposed.
WITIN_LANES void load_quarter(const std::array<const std::byte*, kSha256Lanes>& at, std::size_t offset, Words* out) {
  const Words a = load_words(at[0] + offset);
  const Words b = load_words(at[1] + offset);
  const Words c = load_words(at[2] + offset);
  const Words d = load_words(at[3] + offset);
  const Words ab_low = _mm_unpacklo_epi32(a, b);
  const Words ab_high = _mm_unpackhi_epi32(a, b);
  const Words cd_low = _mm_unpacklo_epi32(c, d);
  const Words cd_high = _mm_unpackhi_epi32(c, d);
  out[0] = _mm_unpacklo_epi64(ab_low, cd_low);
  out[1] = _mm_unpackhi_epi64(ab_low, cd_low);
  out[2] = _mm_unpacklo_epi64(ab_high, cd_high);
  out[3] = _mm_unpackhi_epi64(ab_high, cd_high);
}

WITIN_LANES Words sigma0(Words x) {
  return exclusive_or(_mm_ror_epi32(x, 7), _mm_ror_epi32(x, 18), _mm_srli_epi32(x, 3));
}
WITIN_LANES Words sigma1(Words x) {
  return exclusive_or(_mm_ror_epi32(x, 17), _mm_ror_epi32(x, 19), _mm_srli_epi32(x, 10));
}
WITIN_LANES Words sum0(Words a) {
  return exclusive_or(_mm_ror_epi32(a, 2), _mm_ror_epi32(a, 13), _mm_ror_epi32(a, 22));
}
WITIN_LANES Words sum1(Words e) {
  return exclusive_or(_mm_ror_epi32(e, 6), _mm_ror_epi32(e, 11), _mm_ror_epi32(e, 25));
}

bool has_sha_instructions() {
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b >> 29 & 1) != 0;
}

}  // namespace

bool has_sha256_lanes() {
  return __builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("avx512bw") != 0 && !has_sha_instructions();
}

WITIN_LANES void sha256_lanes(Sha256LaneStates& states, std::array<const std::byte*, kSha256Lanes> at,
                              std::size_t blocks) {
  Words state[8];
  for (std::size_t i = 0; i < 8; ++i) state[i] = _mm_loadu_si128(reinterpret_cast<const Words*>(states[i].data()));
  for (; blocks != 0; --blocks) {
    Words schedule[16];
    for (std::size_t i = 0; i < 16; i += 4) load_quarter(at, 4 * i, schedule + i);
    for (const std::byte*& message : at) message += kSha256Block;
    Words a = state[0], b = state[1], c = state[2], d = state[3];
    Words e = state[4], f = state[5], g = state[6], h = state[7];
#pragma GCC unroll 64
    for (std::size_t t = 0; t < 64; ++t) {
      Words& w = schedule[t % 16];
      if (t >= 16) {
        const Words older = add(w, sigma0(schedule[(t + 1) % 16]));
        w = add(older, add(schedule[(t + 9) % 16], sigma1(schedule[(t + 14) % 16])));
      }
      const Words ready = add(add(h, _mm_set1_epi32(static_cast<int>(kRound[t]))), w);
      const Words first = add(ready, add(sum1(e), choose(e, f, g)));
      const Words second = add(sum0(a), majority(a, b, c));
      h = g, g = f, f = e, e = add(d, first);
      d = c, c = b, b = a, a = add(first, second);
    }
    const Words last[8] = {a, b, c, d, e, f, g, h};
    for (std::size_t i = 0; i < 8; ++i) state[i] = add(state[i], last[i]);
  }
  for (std::size_t i = 0; i < 8; ++i) _mm_storeu_si128(reinterpret_cast<Words*>(states[i].data()), state[i]);
}

}  // namespace witin::package

#else

namespace witin::package {

bool has_sha256_lanes() { return false; }
void sha256_lanes(Sha256LaneStates& /*states*/, std::array<const std::byte*, kSha256Lanes> /*at*/,
                  std::size_t /*blocks*/) {}

}  // namespace witin::package

#endif
