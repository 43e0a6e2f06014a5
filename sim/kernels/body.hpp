// The one body of all vector paths. A path_*.cpp defines `Simd` (vectors of one instruction set) and includes this
// once.
//
// Everything lives in an unnamed namespace and nothing of the standard library is called: no function compiled here
// with a path's instructions can be picked by the linker for other code, also at -O0.
#pragma once

#include <cstddef>
#include <cstdint>

#include "sim/kernels/kernel_table.hpp"

#if defined(__clang__)
#define WITIN_UNROLL _Pragma("clang loop unroll(full)")
#else
#define WITIN_UNROLL _Pragma("GCC unroll 16")
#endif
#define WITIN_INLINE_LAMBDA __attribute__((always_inline))
#define WITIN_KEEP_IN_MEMORY asm volatile("" ::: "memory")
#define WITIN_OPAQUE_POINTER(pointer) asm volatile("" : "+r"(pointer))
// The compiler must take the vector for another one.
#if defined(__aarch64__)
#define WITIN_OPAQUE(vector) asm volatile("" : "+w"(vector))
#elif defined(__AVX512F__)
#define WITIN_OPAQUE(vector) asm volatile("" : "+v"(vector))
#else
#define WITIN_OPAQUE(vector) asm volatile("" : "+x"(vector))
#endif
#define WITIN_NOINLINE __attribute__((noinline))
#define WITIN_INLINE WITIN_INLINE_LAMBDA inline

namespace {

using witin::kernels::Element;

constexpr std::size_t extent(std::int64_t n) { return static_cast<std::size_t>(n); }  // of an array

}  // namespace

// In the order of their use of each other.
#include "sim/kernels/body_move.hpp"
//
#include "sim/kernels/body_rule.hpp"
//
#include "sim/kernels/body_output.hpp"
//
#include "sim/kernels/body_depthwise_pairs.hpp"
//
#include "sim/kernels/body_depthwise.hpp"
#include "sim/kernels/body_tile.hpp"
//
#include "sim/kernels/body_pack_x.hpp"
#include "sim/kernels/body_row.hpp"
//
#include "sim/kernels/body_matmul.hpp"
#include "sim/kernels/body_noise.hpp"
#include "sim/kernels/noise_loops.hpp"
//
#include "sim/kernels/body_finish.hpp"
//
#include "sim/kernels/body_late.hpp"
//
#include "sim/kernels/body_codes.hpp"

namespace {

constexpr witin::kernels::KernelTable body_table() {
  return {kMaxColumns,
          matmul,
          depthwise,
          apply_rule,
          transpose,
          convert,
          part,
          normals,
          noise_kernels({noise_body::finish, noise_body::low_digit_of<Simd>(), noise_body::product_codes<Simd>(),
                         noise_body::functions}),
          peak};
}

}  // namespace
