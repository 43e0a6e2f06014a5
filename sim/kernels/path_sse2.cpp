// SSE2, the baseline of x86-64: s16 x s16 multiply-add pairs.
#include <emmintrin.h>

#include <cstdint>

namespace {

struct Simd {
  using I = __m128i;
  using F = __m128;
  static constexpr int kLanes = 4;
  static constexpr bool kHasDot8 = false;
  static constexpr bool kLooksUp = false;
  static constexpr int kTileRows = 3;
  static constexpr int kTileVectors = 4;
  static constexpr bool kFetchAhead = false;
  static constexpr bool kPacksX = false;
  static constexpr int kFromMemory = 4;

  static I dot8(I acc, I, I) { return acc; }
  static I multiply16(I x, I w) { return _mm_madd_epi16(x, w); }
  static void accumulate(I& acc, I product) { acc = add(acc, product); }
  static I dot16(I acc, I x, I w) { return _mm_add_epi32(acc, multiply16(x, w)); }

  static I zero() { return _mm_setzero_si128(); }
  static I load(const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }
  static void store(void* p, I v) { _mm_storeu_si128(static_cast<__m128i*>(p), v); }
  static I splat(std::int32_t v) { return _mm_set1_epi32(v); }
  static I splat16(std::int16_t v) { return _mm_set1_epi16(v); }
  static I splat8(std::uint8_t v) { return _mm_set1_epi8(static_cast<char>(v)); }
  static I splat4(const void* p) {
    std::int32_t bytes = 0;
    __builtin_memcpy(&bytes, p, 4);
    return _mm_set1_epi32(bytes);
  }
  static I splat_lane(const char* p) { return load(p); }
  template <int k>
  static I splat_word(I v) {
    return _mm_shuffle_epi32(v, 0x55 * k);
  }
  static I flip(I a, I b) { return _mm_xor_si128(a, b); }
  static I add(I a, I b) { return _mm_add_epi32(a, b); }
  static I adds16(I a, I b) { return _mm_adds_epi16(a, b); }
  static I sra2(I a) { return _mm_srai_epi32(a, 2); }
  static I sra2_16(I a) { return _mm_srai_epi16(a, 2); }

  // (a & mask) | b
  static I and_or(I a, I mask, I b) { return _mm_or_si128(_mm_and_si128(a, mask), b); }

  static I mul_even(I a, I b) { return _mm_mul_epu32(a, b); }       // of the even lanes, 64 bits
  static I odd_to_even(I v) { return _mm_shuffle_epi32(v, 0xf5); }  // odd lanes are of no use
  // a0 b0 a2 b2 ...
  static I even_lanes(I a, I b) {
    return _mm_or_si128(_mm_and_si128(a, _mm_set1_epi64x(0xffffffff)), _mm_slli_epi64(b, 32));
  }
  static F sqrt(F v) { return _mm_sqrt_ps(v); }
  // Of each lane: the lesser of `least` and the distance of v from the next integer, |v| < 2^22.
  static F least_distance(F least, F v) {
    const F shift = _mm_set1_ps(0x1.8p23F);
    const F distance = _mm_sub_ps(v, _mm_sub_ps(_mm_add_ps(v, shift), shift));
    return _mm_min_ps(least, _mm_andnot_ps(_mm_set1_ps(-0.0F), distance));
  }
  static bool any_below(F v, F limit) { return _mm_movemask_ps(_mm_cmplt_ps(v, limit)) != 0; }

  static F splat(float v) { return _mm_set1_ps(v); }
  static F to_f32(I v) { return _mm_cvtepi32_ps(v); }
  static F multiply_add(F a, F b, F c) { return _mm_add_ps(_mm_mul_ps(a, b), c); }  // rounded once or twice
  static F mul(F a, F b) { return _mm_mul_ps(a, b); }
  static F div(F a, F b) { return _mm_div_ps(a, b); }
  static F clamp(F v, F lo, F hi) { return _mm_min_ps(_mm_max_ps(v, lo), hi); }
  static I trunc(F v) { return _mm_cvttps_epi32(v); }
  static I rne(F v) { return _mm_cvtps_epi32(v); }
  static I scale_f64(I acc, double scale, double lo, double hi, bool to_even) {
    const __m128d s = _mm_set1_pd(scale);
    const __m128d l = _mm_set1_pd(lo);
    const __m128d h = _mm_set1_pd(hi);
    __m128d a = _mm_mul_pd(_mm_cvtepi32_pd(acc), s);
    __m128d b = _mm_mul_pd(_mm_cvtepi32_pd(_mm_shuffle_epi32(acc, 0xee)), s);
    a = _mm_min_pd(_mm_max_pd(a, l), h);
    b = _mm_min_pd(_mm_max_pd(b, l), h);
    const __m128i low = to_even ? _mm_cvtpd_epi32(a) : _mm_cvttpd_epi32(a);
    const __m128i high = to_even ? _mm_cvtpd_epi32(b) : _mm_cvttpd_epi32(b);
    return _mm_unpacklo_epi64(low, high);
  }

  static I pack16(I a, I b) { return _mm_packs_epi32(a, b); }
  static I pack8(I a, I b) { return _mm_packs_epi16(a, b); }
  static I order8(I v) { return v; }
  static I order16(I v) { return v; }

  template <int>
  static I load_lanes(const char* p, std::int64_t) {
    return load(p);
  }
  static I interleave8_low(I a, I b) { return _mm_unpacklo_epi8(a, b); }
  static I interleave8_high(I a, I b) { return _mm_unpackhi_epi8(a, b); }
  static I interleave16_low(I a, I b) { return _mm_unpacklo_epi16(a, b); }
  static I interleave16_high(I a, I b) { return _mm_unpackhi_epi16(a, b); }
  static void join(I low, I high, I& first, I& second) {
    first = low;
    second = high;
  }
  static void store_lane(void* p, I v, int) { _mm_storeu_si128(static_cast<__m128i*>(p), v); }
};

}  // namespace

#include "sim/kernels/body.hpp"

const witin::kernels::KernelTable witin::kernels::kSse2Kernels = body_table();
