// AVX-512 without VNNI: s16 x s16 multiply-add pairs.
#include "sim/kernels/simd_avx512.hpp"

namespace {

struct Simd : Avx512 {
  static constexpr bool kHasDot8 = false;
  static constexpr int kTileRows = 6;
  static constexpr int kTileVectors = 4;
  static constexpr bool kFetchAhead = true;
  static constexpr bool kPacksX = false;
  static constexpr int kFromMemory = 0;
  static I dot8(I acc, I, I) { return acc; }
  static I dot16(I acc, I x, I w) { return add(acc, multiply16(x, w)); }
};

}  // namespace

#include "sim/kernels/body.hpp"

const witin::kernels::KernelTable witin::kernels::kAvx512bwKernels = body_table();
