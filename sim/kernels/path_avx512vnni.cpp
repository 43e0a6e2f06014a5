// AVX-512 VNNI: u8 x s8 and s16 x s16 dot products.
#include "sim/kernels/simd_avx512.hpp"

namespace {

struct Simd : Avx512 {
  static constexpr bool kHasDot8 = true;
  static constexpr int kTileRows = 6;
  static constexpr int kTileVectors = 4;
  static constexpr bool kFetchAhead = true;
  static constexpr bool kPacksX = false;
  static constexpr int kFromMemory = 0;
  static I dot8(I acc, I x, I w) { return _mm512_dpbusd_epi32(acc, x, w); }
  static I dot16(I acc, I x, I w) { return _mm512_dpwssd_epi32(acc, x, w); }
};

}  // namespace

#include "sim/kernels/body.hpp"

const witin::kernels::KernelTable witin::kernels::kAvx512vnniKernels = body_table();
