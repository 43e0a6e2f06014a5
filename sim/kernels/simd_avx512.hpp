// Vectors of the AVX-512 paths. Included by path_avx512*.cpp only, inside an unnamed namespace's file.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace {

struct Avx512 {
  using I = __m512i;
  using F = __m512;
  static constexpr int kLanes = 16;  // int32 in a vector
  static constexpr bool kLooksUp = true;

  static I zero() { return _mm512_setzero_si512(); }
  static I load(const void* p) { return _mm512_loadu_si512(p); }
  static void store(void* p, I v) { _mm512_storeu_si512(p, v); }
  static I splat(std::int32_t v) { return _mm512_set1_epi32(v); }
  static I splat16(std::int16_t v) { return _mm512_set1_epi16(v); }
  static I splat8(std::uint8_t v) { return _mm512_set1_epi8(static_cast<char>(v)); }
  static I splat4(const void* p) {
    std::int32_t bytes = 0;
    __builtin_memcpy(&bytes, p, 4);
    return _mm512_set1_epi32(bytes);
  }
  // 16 bytes of memory in every 128-bit lane; word k of each lane in all words of it.
  static I splat_lane(const char* p) { return _mm512_broadcast_i32x4(load128(p)); }
  template <int k>
  static I splat_word(I v) {
    return _mm512_shuffle_epi32(v, static_cast<_MM_PERM_ENUM>(0x55 * k));
  }
  static I flip(I a, I b) { return _mm512_xor_si512(a, b); }
  static I add(I a, I b) { return _mm512_add_epi32(a, b); }
  static I multiply16(I x, I w) { return _mm512_madd_epi16(x, w); }
  static void accumulate(I& acc, I product) { acc = add(acc, product); }
  static I adds16(I a, I b) { return _mm512_adds_epi16(a, b); }
  static I sra2(I a) { return _mm512_srai_epi32(a, 2); }
  static I sra2_16(I a) { return _mm512_srai_epi16(a, 2); }

  static I and_or(I a, I mask, I b) { return _mm512_ternarylogic_epi32(a, mask, b, 0xea); }  // (a & mask) | b
  static I mul_even(I a, I b) { return _mm512_mul_epu32(a, b); }                // of the even lanes, 64 bits
  static I odd_to_even(I v) { return _mm512_shuffle_epi32(v, _MM_PERM_DDBB); }  // odd lanes are of no use
  // a0 b0 a2 b2 ...
  static I even_lanes(I a, I b) { return _mm512_mask_shuffle_epi32(a, 0xaaaa, b, _MM_PERM_CCAA); }
  static F sqrt(F v) { return _mm512_sqrt_ps(v); }
  // Of each lane: the lesser of `least` and the distance of v from the next integer.
  static F least_distance(F least, F v) {
    constexpr int kQuiet = 8;
    return _mm512_min_ps(least, _mm512_abs_ps(_mm512_reduce_ps(v, kQuiet)));
  }
  static std::uint32_t below(F v, F limit) { return _mm512_cmp_ps_mask(v, limit, _CMP_LT_OQ); }  // a bit of each lane
  // Word i of a and b, one behind the other.
  static I choose_words(I a, I i, I b) { return _mm512_permutex2var_epi32(a, i, b); }
  static std::int32_t sum(I v) { return _mm512_reduce_add_epi32(v); }
  static bool any_below(F v, F limit) { return _mm512_cmp_ps_mask(v, limit, _CMP_LT_OQ) != 0; }

  static F splat(float v) { return _mm512_set1_ps(v); }
  static F to_f32(I v) { return _mm512_cvtepi32_ps(v); }
  static F as_f32(I v) { return _mm512_castsi512_ps(v); }  // the same bits
  static F fma(F a, F b, F c) { return _mm512_fmadd_ps(a, b, c); }
  static F multiply_add(F a, F b, F c) { return fma(a, b, c); }  // rounded once or twice
  static F mul(F a, F b) { return _mm512_mul_ps(a, b); }
  static F div(F a, F b) { return _mm512_div_ps(a, b); }
  static F clamp(F v, F lo, F hi) { return _mm512_min_ps(_mm512_max_ps(v, lo), hi); }
  static I trunc(F v) { return _mm512_cvttps_epi32(v); }
  static I rne(F v) { return _mm512_cvtps_epi32(v); }

  // acc * scale in binary64, clamped, then converted with truncation or to nearest even.
  static I scale_f64(I acc, double scale, double lo, double hi, bool to_even) {
    const __m512d s = _mm512_set1_pd(scale);
    const __m512d l = _mm512_set1_pd(lo);
    const __m512d h = _mm512_set1_pd(hi);
    __m512d a = _mm512_mul_pd(_mm512_cvtepi32_pd(_mm512_castsi512_si256(acc)), s);
    __m512d b = _mm512_mul_pd(_mm512_cvtepi32_pd(_mm512_extracti64x4_epi64(acc, 1)), s);
    a = _mm512_min_pd(_mm512_max_pd(a, l), h);
    b = _mm512_min_pd(_mm512_max_pd(b, l), h);
    const __m256i low = to_even ? _mm512_cvtpd_epi32(a) : _mm512_cvttpd_epi32(a);
    const __m256i high = to_even ? _mm512_cvtpd_epi32(b) : _mm512_cvttpd_epi32(b);
    return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
  }

  // Saturating packs inside each 128-bit lane, and what restores the order of 4 packed vectors (s8) or 2 (s16).
  static I pack16(I a, I b) { return _mm512_packs_epi32(a, b); }
  static I pack8(I a, I b) { return _mm512_packs_epi16(a, b); }
  static I order8(I v) {
    return _mm512_permutexvar_epi32(_mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), v);
  }
  static I order16(I v) { return _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7), v); }

  // kBlocks 128-bit blocks of each of 4 / kBlocks places `step` bytes apart; for 3 and 4 blocks a plain load.
  template <int kBlocks>
  static I load_lanes(const char* p, std::int64_t step) {
    if constexpr (kBlocks >= 3) return load(p);
    if constexpr (kBlocks == 2) return _mm512_inserti64x4(_mm512_castsi256_si512(load256(p)), load256(p + step), 1);
    I v = _mm512_castsi128_si512(load128(p));
    v = _mm512_inserti32x4(v, load128(p + step), 1);
    v = _mm512_inserti32x4(v, load128(p + 2 * step), 2);
    return _mm512_inserti32x4(v, load128(p + 3 * step), 3);
  }
  static I interleave8_low(I a, I b) { return _mm512_unpacklo_epi8(a, b); }
  static I interleave8_high(I a, I b) { return _mm512_unpackhi_epi8(a, b); }
  static I interleave16_low(I a, I b) { return _mm512_unpacklo_epi16(a, b); }
  static I interleave16_high(I a, I b) { return _mm512_unpackhi_epi16(a, b); }

  // Tables of 256 words of four bytes: byte i of table[codes[n]] -> fields[i], n < 64. Without gathers, which
  // processors that must not leak through them do one element after the other.
  class LookUp {
   public:
    explicit LookUp(const std::uint32_t* table) {
      for (int i = 0; i < 8; ++i) {
        const I first = load(table + 32 * i), second = load(table + 32 * i + 16);
        low_[i] = halves(_mm512_cvtepi32_epi16(first), _mm512_cvtepi32_epi16(second));
        high_[i] = halves(_mm512_cvtepi32_epi16(_mm512_srli_epi32(first, 16)),
                          _mm512_cvtepi32_epi16(_mm512_srli_epi32(second, 16)));
      }
    }
    void run(const void* codes, I (&fields)[4]) const {
      const I both = load(codes);  // two codes a word
      const I odd = _mm512_srli_epi16(both, 8);
      const __mmask32 even6 = _mm512_movepi16_mask(_mm512_slli_epi16(both, 9));
      const __mmask32 even7 = _mm512_movepi16_mask(_mm512_slli_epi16(both, 8));
      const __mmask32 odd6 = _mm512_movepi16_mask(_mm512_slli_epi16(both, 1));
      const __mmask32 odd7 = _mm512_movepi16_mask(both);
      join(word(low_, both, even6, even7), word(low_, odd, odd6, odd7), fields[0], fields[1]);
      join(word(high_, both, even6, even7), word(high_, odd, odd6, odd7), fields[2], fields[3]);
    }

   private:
    static I halves(__m256i a, __m256i b) { return _mm512_inserti64x4(_mm512_castsi256_si512(a), b, 1); }
    // Entries by the lower 8 bits of the index, bits 6 and 7 as masks.
    static I word(const I (&table)[8], I index, __mmask32 bit6, __mmask32 bit7) {
      const I of0 = _mm512_permutex2var_epi16(table[0], index, table[1]);
      const I of1 = _mm512_permutex2var_epi16(table[2], index, table[3]);
      const I of2 = _mm512_permutex2var_epi16(table[4], index, table[5]);
      const I of3 = _mm512_permutex2var_epi16(table[6], index, table[7]);
      return _mm512_mask_blend_epi16(bit7, _mm512_mask_blend_epi16(bit6, of0, of1),
                                     _mm512_mask_blend_epi16(bit6, of2, of3));
    }
    static void join(I even, I odd, I& low, I& high) {
      const I bytes = _mm512_set1_epi16(0xff);
      low = _mm512_or_si512(_mm512_and_si512(even, bytes), _mm512_slli_epi16(odd, 8));
      high = _mm512_or_si512(_mm512_srli_epi16(even, 8), _mm512_andnot_si512(bytes, odd));
    }
    I low_[8], high_[8];
  };

  // [low.0 high.0 low.1 high.1] and [low.2 high.2 low.3 high.3], by 128-bit lanes.
  static void join(I low, I high, I& first, I& second) {
    first = _mm512_permutex2var_epi64(low, _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11), high);
    second = _mm512_permutex2var_epi64(low, _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15), high);
  }
  static void store_lane(void* p, I v, int lane) {
    const __m128i part = lane == 0   ? _mm512_castsi512_si128(v)
                         : lane == 1 ? _mm512_extracti32x4_epi32(v, 1)
                         : lane == 2 ? _mm512_extracti32x4_epi32(v, 2)
                                     : _mm512_extracti32x4_epi32(v, 3);
    _mm_storeu_si128(static_cast<__m128i*>(p), part);
  }

 private:
  static __m256i load256(const char* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }
  static __m128i load128(const char* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }
};

}  // namespace
