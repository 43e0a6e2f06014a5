// What noise does to cells and accumulators, element by element: plain loops, compiled once for each path and once for
// the reference. Contracts: kernel_table.hpp.
//
// Additions, multiplications, divisions and square roots of binary64, each rounded once, and integers: the same bits
// whatever the compiler makes of a loop. Like body.hpp: an unnamed namespace, nothing of the standard library.
#pragma once

#include <cstdint>

#include "sim/kernels/kernel_table.hpp"

namespace {

namespace noise_loops {

using namespace witin::kernels;  // NOLINT(google-build-using-namespace): of this namespace alone

// To nearest even, |v| < 2^51.
inline double nearest(double v) {
  constexpr double kShift = 0x1.8p52;
  return (v + kShift) - kShift;
}

inline double clamp(double v, double lo, double hi) {
  const double above = v > lo ? v : lo;
  return above < hi ? above : hi;
}

void cells(const CellArgs& a) {
  constexpr double kUnit = 1 << 14;
  const double most = a.most;
  if (a.z != nullptr && a.common_z == nullptr) {
    for (std::int64_t n = 0; n < a.count; ++n) {
      const std::int32_t w = a.weight[n];
      const double sigma = a.additive + a.relative * static_cast<double>(w < 0 ? -w : w);
      const double cell = w + sigma * static_cast<double>(a.z[n]);
      a.cells[n] = static_cast<std::int32_t>(clamp(nearest(cell * kUnit), -most, most));
    }
    return;
  }
  for (std::int64_t n = 0; n < a.count; ++n) {
    const std::int32_t w = a.weight[n];
    double cell = w;
    if (a.z != nullptr) {
      const double sigma = a.additive + a.relative * static_cast<double>(w < 0 ? -w : w);
      cell += sigma * static_cast<double>(a.z[n]);
    }
    if (a.common_z != nullptr) cell += a.common * static_cast<double>(a.common_z[n]);
    a.cells[n] = static_cast<std::int32_t>(clamp(nearest(cell * kUnit), -most, most));
  }
}

// Digits are the bytes (or groups of 12 bits) of v + 128 (1 + 256 + ...), less 128 each.
void digits(const DigitArgs& a) {
  const int bits = a.digit_bits;
  const std::uint32_t half = 1U << (bits - 1);
  const std::uint32_t mask = (1U << bits) - 1;
  std::uint32_t start = 0;
  for (int d = 0; d < a.digits; ++d) start |= half << (d * bits);
  const auto* const c = reinterpret_cast<const std::uint32_t*>(a.cells);
  for (std::int64_t block = 0; block < a.columns / 16; ++block) {
    const std::uint32_t* const rows = c + block * 16;
    for (int d = 0; d < a.digits; ++d) {
      const int s = d * bits;
      const std::int64_t column = d * a.columns + block * 16;
      const std::int64_t first = column / a.panel * a.panel;
      const std::int64_t left = a.digits * a.columns - first;
      const std::int64_t together = left < a.panel ? left : a.panel;
      char* const at = static_cast<char*>(a.weights) + 4 * (first * a.groups + a.index * together + column - first);
      std::uint32_t words[16];
      if (a.wide) {
        for (int n = 0; n < 16; ++n) {
          const std::uint32_t low = (((rows[n] + start) >> s) & mask) - half;
          const std::uint32_t high = (((rows[n + a.columns] + start) >> s) & mask) - half;
          words[n] = (low & 0xFFFFU) | high << 16;
        }
      } else {
        for (int n = 0; n < 16; ++n) {
          const std::uint32_t v0 = ((rows[n] + start) >> s) & 255U;
          const std::uint32_t v1 = ((rows[n + a.columns] + start) >> s) & 255U;
          const std::uint32_t v2 = ((rows[n + 2 * a.columns] + start) >> s) & 255U;
          const std::uint32_t v3 = ((rows[n + 3 * a.columns] + start) >> s) & 255U;
          words[n] = (v0 | v1 << 8 | v2 << 16 | v3 << 24) ^ 0x80808080U;
        }
      }
      __builtin_memcpy(at, words, sizeof(words));
    }
  }
}

template <int kPlanes, bool kStart>
void accumulate_planes(const AccumulateArgs& a) {
  const SumsArgs& s = a.sums;
  for (std::int64_t m = 0; m < s.rows; ++m) {
    const std::int32_t* const sums = s.sums + m * s.row_stride;
    const double* const start = a.start;
    double* const acc = a.acc + m * s.columns;
    for (std::int64_t n = 0; n < s.columns; ++n) {
      double v = kStart ? start[n] : acc[n];
      v += a.units[0] * static_cast<double>(sums[n]);
      if constexpr (kPlanes > 1) v += a.units[1] * static_cast<double>(sums[n + s.plane_stride]);
      if constexpr (kPlanes > 2) v += a.units[2] * static_cast<double>(sums[n + 2 * s.plane_stride]);
      if constexpr (kPlanes > 3) v += a.units[3] * static_cast<double>(sums[n + 3 * s.plane_stride]);
      acc[n] = v;
    }
  }
}

template <int kPlanes>
void accumulate_from(const AccumulateArgs& a) {
  a.start != nullptr ? accumulate_planes<kPlanes, true>(a) : accumulate_planes<kPlanes, false>(a);
}

void accumulate(const AccumulateArgs& a) {
  switch (a.sums.planes) {
    case 1:
      return accumulate_from<1>(a);
    case 2:
      return accumulate_from<2>(a);
    case 3:
      return accumulate_from<3>(a);
    default:
      return accumulate_from<4>(a);
  }
}

void shifted(const ShiftedArgs& a) {
  const SumsArgs& s = a.sums;
  for (std::int64_t m = 0; m < s.rows; ++m) {
    std::int64_t* const total = a.total + m * s.columns;
    for (std::int64_t i = 0; i < s.planes; ++i) {
      const std::int32_t* const sums = s.sums + m * s.row_stride + i * s.plane_stride;
      const std::int64_t factor = std::int64_t{1} << a.shifts[i];
      for (std::int64_t n = 0; n < s.columns; ++n) total[n] += sums[n] * factor;
    }
  }
}

void add_term(const TermArgs& a) {
  const std::int64_t count = a.rows * a.columns;
  if (a.variance != nullptr) {
    for (std::int64_t i = 0; i < count; ++i) {
      a.acc[i] += nearest(__builtin_sqrt(a.variance[i]) * static_cast<double>(a.z[i]) * a.factor);
    }
  } else if (a.of_column != nullptr) {
    for (std::int64_t m = 0; m < a.rows; ++m) {
      double* const acc = a.acc + m * a.columns;
      const float* const z = a.z + m * a.columns;
      for (std::int64_t n = 0; n < a.columns; ++n) {
        acc[n] += nearest(a.of_column[n] * static_cast<double>(z[n]) * a.factor);
      }
    }
  } else {
    for (std::int64_t i = 0; i < count; ++i) a.acc[i] += nearest(static_cast<double>(a.z[i]) * a.factor);
  }
}

template <bool kQuarters, bool kDivide>
void codes_of(const CodeArgs& a) {
  for (std::int64_t i = 0; i < a.count; ++i) {
    const double q = clamp(kDivide ? a.acc[i] * a.factor / a.divisor : a.acc[i] * a.factor, a.lo, a.hi);
    a.y[i] = kQuarters ? (static_cast<std::int32_t>(q) + 2) >> 2 : static_cast<std::int32_t>(nearest(q));
  }
}

void codes(const CodeArgs& a) {
  if (a.quarters) {
    a.divide ? codes_of<true, true>(a) : codes_of<true, false>(a);
  } else {
    a.divide ? codes_of<false, true>(a) : codes_of<false, false>(a);
  }
}

void dither(const DitherArgs& args) {
  const DitherArgs a = args;
  const float* __restrict const own = a.dither;
  for (std::int64_t m = 0; m < a.rows; ++m) {
    const std::uint8_t* __restrict const codes = a.codes + m * a.row_stride;
    std::uint8_t* __restrict const zeroth = a.zeroth + m * a.k;
    std::uint8_t* __restrict const first = a.first + m * a.k;
    std::uint8_t* __restrict const second = a.second + m * a.k;
    for (std::int64_t k = 0; k < a.k; ++k) {
      const std::int32_t code = codes[k];
      const auto x = static_cast<float>(code);
      const float low = a.low[0] + x * (a.low[1] + x * a.low[2]);
      const float high = a.high[0] + x * (a.high[1] + x * a.high[2]);
      const float s = code < 128 ? low : high;
      const float sum = a.a + s;
      const std::int32_t driven = code != 0 ? -1 : 0;
      zeroth[k] = static_cast<std::uint8_t>(static_cast<std::int32_t>(sum * sum * a.scale[0] + a.base) & driven);
      first[k] = static_cast<std::uint8_t>(static_cast<std::int32_t>(sum * s * a.scale[1] + own[k]) & driven);
      second[k] = static_cast<std::uint8_t>(static_cast<std::int32_t>(s * s * a.scale[2] + own[k]) & driven);
    }
  }
}

}  // namespace noise_loops

constexpr witin::kernels::NoiseKernels kNoiseLoops{noise_loops::cells,   noise_loops::digits,   noise_loops::accumulate,
                                                   noise_loops::shifted, noise_loops::add_term, noise_loops::codes,
                                                   noise_loops::dither};

}  // namespace
