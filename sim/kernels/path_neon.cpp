// AArch64 with the dot product extension: s8 x s8 dot products, s16 x s16 multiply-add pairs.
#include <arm_neon.h>

#include <cstdint>

namespace {

struct Simd {
  using I = int32x4_t;
  using F = float32x4_t;
  static constexpr int kLanes = 4;
  static constexpr bool kHasDot8 = true;
  static constexpr bool kLooksUp = false;
  static constexpr int kTileRows = 6;
  static constexpr int kTileVectors = 4;
  static constexpr bool kFetchAhead = true;
  static constexpr bool kPacksX = false;
  static constexpr int kFromMemory = 0;

  static I dot8(I acc, I x, I w) { return vdotq_s32(acc, vreinterpretq_s8_s32(x), vreinterpretq_s8_s32(w)); }
  static I multiply16(I x, I w) {
    const int16x8_t a = vreinterpretq_s16_s32(x);
    const int16x8_t b = vreinterpretq_s16_s32(w);
    return vpaddq_s32(vmull_s16(vget_low_s16(a), vget_low_s16(b)), vmull_high_s16(a, b));
  }
  static void accumulate(I& acc, I product) { acc = add(acc, product); }
  static I dot16(I acc, I x, I w) { return vaddq_s32(acc, multiply16(x, w)); }

  static I zero() { return vdupq_n_s32(0); }
  static I load(const void* p) { return vreinterpretq_s32_u8(vld1q_u8(static_cast<const std::uint8_t*>(p))); }
  static void store(void* p, I v) { vst1q_u8(static_cast<std::uint8_t*>(p), vreinterpretq_u8_s32(v)); }
  static I splat(std::int32_t v) { return vdupq_n_s32(v); }
  static I splat16(std::int16_t v) { return vreinterpretq_s32_s16(vdupq_n_s16(v)); }
  static I splat8(std::uint8_t v) { return vreinterpretq_s32_u8(vdupq_n_u8(v)); }
  static I splat4(const void* p) {
    std::int32_t bytes;
    __builtin_memcpy(&bytes, p, 4);
    return vdupq_n_s32(bytes);
  }
  static I splat_lane(const char* p) { return load(p); }
  template <int k>
  static I splat_word(I v) {
    return vdupq_laneq_s32(v, k);
  }
  static I flip(I a, I b) { return veorq_s32(a, b); }
  static I add(I a, I b) { return vaddq_s32(a, b); }
  static I adds16(I a, I b) { return vreinterpretq_s32_s16(vqaddq_s16(s16(a), s16(b))); }
  static I sra2(I a) { return vshrq_n_s32(a, 2); }
  static I sra2_16(I a) { return vreinterpretq_s32_s16(vshrq_n_s16(s16(a), 2)); }

  // (a & mask) | b
  static I and_or(I a, I mask, I b) { return vorrq_s32(vandq_s32(a, mask), b); }

  static I mul_even(I a, I b) {  // of the even lanes, 64 bits
    const uint32x2_t x = vmovn_u64(vreinterpretq_u64_s32(a));
    const uint32x2_t y = vmovn_u64(vreinterpretq_u64_s32(b));
    return vreinterpretq_s32_u64(vmull_u32(x, y));
  }
  static I odd_to_even(I v) { return vreinterpretq_s32_u64(vshrq_n_u64(vreinterpretq_u64_s32(v), 32)); }
  // a0 b0 a2 b2 ...
  static I even_lanes(I a, I b) { return vtrn1q_s32(a, b); }
  static F sqrt(F v) { return vsqrtq_f32(v); }
  // Of each lane: the lesser of `least` and the distance of v from the next integer.
  static F least_distance(F least, F v) { return vminq_f32(least, vabdq_f32(v, vrndnq_f32(v))); }
  static bool any_below(F v, F limit) { return vmaxvq_u32(vcltq_f32(v, limit)) != 0; }

  static F splat(float v) { return vdupq_n_f32(v); }
  static F to_f32(I v) { return vcvtq_f32_s32(v); }
  static F as_f32(I v) { return vreinterpretq_f32_s32(v); }  // the same bits
  static F fma(F a, F b, F c) { return vfmaq_f32(c, a, b); }
  static F multiply_add(F a, F b, F c) { return fma(a, b, c); }  // rounded once or twice
  static F mul(F a, F b) { return vmulq_f32(a, b); }
  static F div(F a, F b) { return vdivq_f32(a, b); }
  static F clamp(F v, F lo, F hi) { return vminq_f32(vmaxq_f32(v, lo), hi); }
  static I trunc(F v) { return vcvtq_s32_f32(v); }
  static I rne(F v) { return vcvtnq_s32_f32(v); }
  static I scale_f64(I acc, double scale, double lo, double hi, bool to_even) {
    const float64x2_t s = vdupq_n_f64(scale);
    const float64x2_t l = vdupq_n_f64(lo);
    const float64x2_t h = vdupq_n_f64(hi);
    float64x2_t a = vmulq_f64(vcvtq_f64_s64(vmovl_s32(vget_low_s32(acc))), s);
    float64x2_t b = vmulq_f64(vcvtq_f64_s64(vmovl_high_s32(acc)), s);
    a = vminq_f64(vmaxq_f64(a, l), h);
    b = vminq_f64(vmaxq_f64(b, l), h);
    const int64x2_t low = to_even ? vcvtnq_s64_f64(a) : vcvtq_s64_f64(a);
    const int64x2_t high = to_even ? vcvtnq_s64_f64(b) : vcvtq_s64_f64(b);
    return vcombine_s32(vmovn_s64(low), vmovn_s64(high));
  }

  static I pack16(I a, I b) { return vreinterpretq_s32_s16(vcombine_s16(vqmovn_s32(a), vqmovn_s32(b))); }
  static I pack8(I a, I b) { return vreinterpretq_s32_s8(vcombine_s8(vqmovn_s16(s16(a)), vqmovn_s16(s16(b)))); }
  static I order8(I v) { return v; }
  static I order16(I v) { return v; }

  template <int>
  static I load_lanes(const char* p, std::int64_t) {
    return load(p);
  }
  static I interleave8_low(I a, I b) { return vreinterpretq_s32_s8(vzip1q_s8(s8(a), s8(b))); }
  static I interleave8_high(I a, I b) { return vreinterpretq_s32_s8(vzip2q_s8(s8(a), s8(b))); }
  static I interleave16_low(I a, I b) { return vreinterpretq_s32_s16(vzip1q_s16(s16(a), s16(b))); }
  static I interleave16_high(I a, I b) { return vreinterpretq_s32_s16(vzip2q_s16(s16(a), s16(b))); }
  static void join(I low, I high, I& first, I& second) {
    first = low;
    second = high;
  }
  static void store_lane(void* p, I v, int) { store(p, v); }

 private:
  static int16x8_t s16(I v) { return vreinterpretq_s16_s32(v); }
  static int8x16_t s8(I v) { return vreinterpretq_s8_s32(v); }
};

}  // namespace

#include "sim/kernels/body.hpp"

const witin::kernels::KernelTable witin::kernels::kNeonKernels = body_table();
