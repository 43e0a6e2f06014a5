// AVX2: s16 x s16 multiply-add pairs.
#include <immintrin.h>

#include <cstdint>

namespace {

struct Simd {
  using I = __m256i;
  using F = __m256;
  static constexpr int kLanes = 8;
  static constexpr bool kHasDot8 = false;
  static constexpr bool kLooksUp = false;
  static constexpr int kTileRows = 6;
  static constexpr int kTileVectors = 2;
  static constexpr bool kFetchAhead = true;
  static constexpr bool kPacksX = true;
  static constexpr int kFromMemory = 1;

  static I dot8(I acc, I, I) { return acc; }
  static I multiply16(I x, I w) { return _mm256_madd_epi16(x, w); }
  // acc stays in its register: compilers that choose another one run out of them.
  static void accumulate(I& acc, I product) { asm("vpaddd %1, %0, %0" : "+x"(acc) : "x"(product)); }
  static I dot16(I acc, I x, I w) { return _mm256_add_epi32(acc, multiply16(x, w)); }

  static I zero() { return _mm256_setzero_si256(); }
  static I load(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
  static void store(void* p, I v) { _mm256_storeu_si256(static_cast<__m256i*>(p), v); }
  static I splat(std::int32_t v) { return _mm256_set1_epi32(v); }
  static I splat16(std::int16_t v) { return _mm256_set1_epi16(v); }
  static I splat8(std::uint8_t v) { return _mm256_set1_epi8(static_cast<char>(v)); }
  static I splat4(const void* p) {
    std::int32_t bytes = 0;
    __builtin_memcpy(&bytes, p, 4);
    return _mm256_set1_epi32(bytes);
  }
  static I splat_lane(const char* p) {
    return _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  template <int k>
  static I splat_word(I v) {
    return _mm256_shuffle_epi32(v, 0x55 * k);
  }
  static I flip(I a, I b) { return _mm256_xor_si256(a, b); }
  static I add(I a, I b) { return _mm256_add_epi32(a, b); }
  static I adds16(I a, I b) { return _mm256_adds_epi16(a, b); }
  static I sra2(I a) { return _mm256_srai_epi32(a, 2); }
  static I sra2_16(I a) { return _mm256_srai_epi16(a, 2); }

  static I and_or(I a, I mask, I b) { return _mm256_or_si256(_mm256_and_si256(a, mask), b); }  // (a & mask) | b
  static I mul_even(I a, I b) { return _mm256_mul_epu32(a, b); }       // of the even lanes, 64 bits
  static I odd_to_even(I v) { return _mm256_shuffle_epi32(v, 0xf5); }  // odd lanes are of no use
  // a0 b0 a2 b2 ...
  static I even_lanes(I a, I b) { return _mm256_blend_epi32(a, _mm256_shuffle_epi32(b, 0xa0), 0xaa); }
  static F sqrt(F v) { return _mm256_sqrt_ps(v); }
  // Of each lane: the lesser of `least` and the distance of v from the next integer.
  static F least_distance(F least, F v) {
    const F distance = _mm256_sub_ps(v, _mm256_round_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
    return _mm256_min_ps(least, _mm256_andnot_ps(_mm256_set1_ps(-0.0F), distance));
  }
  static bool any_below(F v, F limit) { return _mm256_movemask_ps(_mm256_cmp_ps(v, limit, _CMP_LT_OQ)) != 0; }

  static F splat(float v) { return _mm256_set1_ps(v); }
  static F to_f32(I v) { return _mm256_cvtepi32_ps(v); }
  static F multiply_add(F a, F b, F c) { return _mm256_add_ps(_mm256_mul_ps(a, b), c); }  // rounded once or twice
  static F mul(F a, F b) { return _mm256_mul_ps(a, b); }
  static F div(F a, F b) { return _mm256_div_ps(a, b); }
  static F clamp(F v, F lo, F hi) { return _mm256_min_ps(_mm256_max_ps(v, lo), hi); }
  static I trunc(F v) { return _mm256_cvttps_epi32(v); }
  static I rne(F v) { return _mm256_cvtps_epi32(v); }
  static I scale_f64(I acc, double scale, double lo, double hi, bool to_even) {
    const __m256d s = _mm256_set1_pd(scale);
    const __m256d l = _mm256_set1_pd(lo);
    const __m256d h = _mm256_set1_pd(hi);
    __m256d a = _mm256_mul_pd(_mm256_cvtepi32_pd(_mm256_castsi256_si128(acc)), s);
    __m256d b = _mm256_mul_pd(_mm256_cvtepi32_pd(_mm256_extracti128_si256(acc, 1)), s);
    a = _mm256_min_pd(_mm256_max_pd(a, l), h);
    b = _mm256_min_pd(_mm256_max_pd(b, l), h);
    const __m128i low = to_even ? _mm256_cvtpd_epi32(a) : _mm256_cvttpd_epi32(a);
    const __m128i high = to_even ? _mm256_cvtpd_epi32(b) : _mm256_cvttpd_epi32(b);
    return _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
  }

  static I pack16(I a, I b) { return _mm256_packs_epi32(a, b); }
  static I pack8(I a, I b) { return _mm256_packs_epi16(a, b); }
  static I order8(I v) { return _mm256_permutevar8x32_epi32(v, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7)); }
  static I order16(I v) { return _mm256_permute4x64_epi64(v, 0xd8); }

  template <int kBlocks>
  static I load_lanes(const char* p, std::int64_t step) {
    if constexpr (kBlocks >= 2) return load(p);
    const __m128i* const low = reinterpret_cast<const __m128i*>(p);
    const __m128i* const high = reinterpret_cast<const __m128i*>(p + step);
    return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128(low)), _mm_loadu_si128(high), 1);
  }
  static I interleave8_low(I a, I b) { return _mm256_unpacklo_epi8(a, b); }
  static I interleave8_high(I a, I b) { return _mm256_unpackhi_epi8(a, b); }
  static I interleave16_low(I a, I b) { return _mm256_unpacklo_epi16(a, b); }
  static I interleave16_high(I a, I b) { return _mm256_unpackhi_epi16(a, b); }
  static void join(I low, I high, I& first, I& second) {
    first = _mm256_permute2x128_si256(low, high, 0x20);
    second = _mm256_permute2x128_si256(low, high, 0x31);
  }
  static void store_lane(void* p, I v, int lane) {
    _mm_storeu_si128(static_cast<__m128i*>(p), lane == 0 ? _mm256_castsi256_si128(v) : _mm256_extracti128_si256(v, 1));
  }
};

}  // namespace

#include "sim/kernels/body.hpp"

const witin::kernels::KernelTable witin::kernels::kAvx2Kernels = body_table();
