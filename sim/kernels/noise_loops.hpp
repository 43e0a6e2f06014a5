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

constexpr double kShift = 0x1.8p52;

// To nearest even, |v| < 2^51.
inline double nearest(double v) { return (v + kShift) - kShift; }

// The same in int32, |v| < 2^31: the lower bits of the sum.
inline std::int32_t nearest32(double v) {
  const double shifted = v + kShift;
  std::int64_t bits = 0;
  __builtin_memcpy(&bits, &shifted, sizeof bits);
  return static_cast<std::int32_t>(bits);
}

inline double clamp(double v, double lo, double hi) {
  const double above = v > lo ? v : lo;
  return above < hi ? above : hi;
}

// Everything in units of 2^-14, where products with a power of two are exact. kSmall: CellArgs::small.
template <bool kSamples, bool kCommon, bool kSmall>
void cells_of(const CellArgs& a) {
  constexpr std::int32_t kUnit = 1 << 14;
  const double additive = a.additive * kUnit, relative = a.relative * kUnit, common = a.common * kUnit;
  const std::int32_t most = a.most;
  for (std::int64_t n = 0; n < a.count; ++n) {
    const double w = a.weight[n];
    double cell = w * kUnit;
    if constexpr (kSamples) {
      const double sigma = additive + relative * __builtin_fabs(w);
      cell += sigma * static_cast<double>(a.z[n]);
    }
    if constexpr (kCommon) cell += common * static_cast<double>(a.common_z[n]);
    if constexpr (kSmall) {
      const std::int32_t fixed = nearest32(cell);
      const std::int32_t above = fixed > -most ? fixed : -most;
      a.cells[n] = above < most ? above : most;
    } else {
      a.cells[n] = static_cast<std::int32_t>(clamp(nearest(cell), -most, most));
    }
  }
}

void cells(const CellArgs& a) {
  if (a.z != nullptr && a.common_z == nullptr) {
    a.small ? cells_of<true, false, true>(a) : cells_of<true, false, false>(a);
  } else if (a.z != nullptr) {
    cells_of<true, true, false>(a);
  } else if (a.common_z != nullptr) {
    cells_of<false, true, false>(a);
  } else {
    cells_of<false, false, false>(a);
  }
}

// Where blocks of columns lie, one after the other.
class BlockPlace {
 public:
  BlockPlace(const DigitArgs& a, std::int64_t columns) : a_(a), left_(columns), to_(static_cast<char*>(a.weights)) {
    begin_panel();
  }
  char* next() {
    if (within_ == together_) {
      to_ += 4 * (a_.groups - 1) * together_;  // what follows in this panel, and what comes before in the next
      left_ -= together_;
      begin_panel();
    }
    char* const to = to_;
    to_ += 4 * kPlaneBlock;
    within_ += kPlaneBlock;
    return to;
  }

 private:
  void begin_panel() {
    const std::int64_t last = together_;
    together_ = left_ < a_.panel ? left_ : a_.panel;
    to_ += 4 * a_.index * (together_ - last);
    within_ = 0;
  }

  const DigitArgs& a_;
  std::int64_t left_;  // columns from the panel's first on
  std::int64_t together_ = 0, within_ = 0;
  char* to_;
};

// With s bits of the lowest digit, v + 2^(s-1) (1 + 2^8 + 2^16) has s, 8 and 8 bits of digits, less half of their range
// each. They become the bytes of a word, less 128 each; four rows of them make a word.
void byte_digits(const DigitArgs& a) {
  constexpr std::uint32_t kBytes = 0x00ff00ff;  // 0 and 2
  const int up = 8 - a.low_bits;
  const std::uint32_t half = 0x80U >> up;
  const std::uint32_t start = half * 0x10101U;
  const std::uint32_t low = 2 * half - 1;
  const auto bytes = [=](std::uint32_t cell) {
    const std::uint32_t v = cell + start;
    return ((v & ~low) << up) + (v & low) + (0x80U - half);
  };
  const auto* const c = reinterpret_cast<const std::uint32_t*>(a.cells);
  BlockPlace place(a, 3 * a.columns);
  for (const std::uint32_t* rows = c; rows < c + a.columns; rows += kPlaneBlock) {
    std::uint32_t words[3][kPlaneBlock];
    for (int n = 0; n < kPlaneBlock; ++n) {
      const std::uint32_t v0 = bytes(rows[n]);
      const std::uint32_t v1 = bytes(rows[n + a.columns]);
      const std::uint32_t v2 = bytes(rows[n + 2 * a.columns]);
      const std::uint32_t v3 = bytes(rows[n + 3 * a.columns]);
      const std::uint32_t even = (v0 & 0xffffU) | v2 << 16;
      const std::uint32_t odd = (v1 & 0xffffU) | v3 << 16;
      const std::uint32_t even_above = v0 >> 16 | (v2 & 0xffff0000U);
      const std::uint32_t odd_above = v1 >> 16 | (v3 & 0xffff0000U);
      words[0][n] = ((even & kBytes) | (odd << 8 & ~kBytes)) ^ 0x80808080U;
      words[1][n] = ((even >> 8 & kBytes) | (odd & ~kBytes)) ^ 0x80808080U;
      words[2][n] = ((even_above & kBytes) | (odd_above << 8 & ~kBytes)) ^ 0x80808080U;
    }
    for (const auto& digit : words) __builtin_memcpy(place.next(), digit, sizeof(digit));
  }
}

// Digits are groups of 12 bits of v + 2048 (1 + 4096), less 2048 each; two rows of them make a word.
void word_digits(const DigitArgs& a) {
  constexpr std::uint32_t kHalf = 1U << 11;
  constexpr std::uint32_t kStart = kHalf << 12 | kHalf;
  constexpr std::uint32_t kMask = (1U << 12) - 1;
  const auto* const c = reinterpret_cast<const std::uint32_t*>(a.cells);
  BlockPlace place(a, 2 * a.columns);
  for (const std::uint32_t* rows = c; rows < c + a.columns; rows += kPlaneBlock) {
    std::uint32_t words[2][kPlaneBlock];
    for (int n = 0; n < kPlaneBlock; ++n) {
      const std::uint32_t v0 = rows[n] + kStart;
      const std::uint32_t v1 = rows[n + a.columns] + kStart;
      words[0][n] = (((v0 & kMask) - kHalf) & 0xffffU) | ((v1 & kMask) - kHalf) << 16;
      words[1][n] = (((v0 >> 12 & kMask) - kHalf) & 0xffffU) | ((v1 >> 12 & kMask) - kHalf) << 16;
    }
    for (const auto& digit : words) __builtin_memcpy(place.next(), digit, sizeof(digit));
  }
}

void digits(const DigitArgs& a) { a.wide ? word_digits(a) : byte_digits(a); }

// What `visit` does to columns first .. first + count - 1, in pieces whose sums lie together: visit(the place of the
// first sum of plane 0, number of the column less `first`, how many).
template <class Visit>
inline void for_pieces(const SumsArgs& s, std::int64_t first, std::int64_t count, const Visit& visit) {
  for (std::int64_t n = 0; n < count;) {
    const std::int64_t column = first + n;
    const std::int64_t left = kPlaneBlock - column % kPlaneBlock;
    const std::int64_t piece = left < count - n ? left : count - n;
    visit(plane_column(s.planes, 0, column), n, piece);
    n += piece;
  }
}

inline void add_piece(double unit, const std::int32_t* sums, std::int64_t count, double* acc) {
  if (count == kPlaneBlock) {
    for (std::int64_t n = 0; n < kPlaneBlock; ++n) acc[n] += unit * static_cast<double>(sums[n]);
  } else {
    for (std::int64_t n = 0; n < count; ++n) acc[n] += unit * static_cast<double>(sums[n]);
  }
}

// acc[n] += sums of column first + n
inline void add_sums(const SumsArgs& s, const double* units, std::int64_t m, std::int64_t first, std::int64_t count,
                     double* acc) {
  const std::int32_t* const row = s.sums + m * s.row_stride;
  for_pieces(s, first, count, [&](std::int64_t place, std::int64_t n, std::int64_t piece) {
    for (std::int64_t i = 0; i < s.planes; ++i) add_piece(units[i], row + place + i * kPlaneBlock, piece, acc + n);
  });
}

void accumulate(const AccumulateArgs& a) {
  const SumsArgs& s = a.sums;
  for (std::int64_t m = 0; m < s.rows; ++m) {
    double* const acc = a.acc + m * s.columns;
    for (std::int64_t n = 0; a.start != nullptr && n < s.columns; ++n) acc[n] = a.start[n];
    add_sums(s, a.units, m, 0, s.columns, acc);
  }
}

void shifted(const ShiftedArgs& a) {
  const SumsArgs& s = a.sums;
  for (std::int64_t m = 0; m < s.rows; ++m) {
    std::int64_t* const total = a.total + m * s.columns;
    for_pieces(s, 0, s.columns, [&](std::int64_t place, std::int64_t n, std::int64_t piece) {
      for (std::int64_t i = 0; i < s.planes; ++i) {
        const std::int32_t* const sums = s.sums + m * s.row_stride + place + i * kPlaneBlock;
        const std::int64_t factor = std::int64_t{1} << a.shifts[i];
        for (std::int64_t j = 0; j < piece; ++j) total[n + j] += sums[j] * factor;
      }
    });
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
inline std::int32_t code_of(const NoisyRule& rule, double acc) {
  const double q = clamp(kDivide ? acc * rule.factor / rule.divisor : acc * rule.factor, rule.lo, rule.hi);
  return kQuarters ? (static_cast<std::int32_t>(q) + 2) >> 2 : static_cast<std::int32_t>(nearest(q));
}

// visit.run<quarters, divide>()
template <class Visit>
void with_rule(const NoisyRule& rule, const Visit& visit) {
  if (rule.quarters) {
    rule.divide ? visit.template run<true, true>() : visit.template run<true, false>();
  } else {
    rule.divide ? visit.template run<false, true>() : visit.template run<false, false>();
  }
}

struct CodesOf {
  const CodeArgs& a;
  template <bool kQuarters, bool kDivide>
  void run() const {
    const NoisyRule rule = a.rule;
    for (std::int64_t i = 0; i < a.count; ++i) a.y[i] = code_of<kQuarters, kDivide>(rule, a.acc[i]);
  }
};

void codes(const CodeArgs& a) { with_rule(a.rule, CodesOf{a}); }

constexpr std::int64_t kFinished = 64;  // accumulators together

// The codes of row m from column `first` on, at most kFinished.
inline void finish_exactly(const FinishArgs& a, std::int64_t m, std::int64_t first, std::int64_t count) {
  double acc[kFinished];
  const SumsArgs& s = a.sums;
  const std::int64_t at = m * s.columns + first;
  for (std::int64_t n = 0; n < count; ++n) acc[n] = a.start[first + n];
  add_sums(s, a.units, m, first, count, acc);
  if (a.squares.count != 0) {
    double variance[kFinished];
    for (std::int64_t n = 0; n < count; ++n) variance[n] = a.squares.silent;
    for (int i = 0; i < a.squares.count; ++i) {
      const std::int32_t* const sums = a.squares.sums[i] + m * a.squares.row_stride + first;
      for (std::int64_t n = 0; n < count; ++n) variance[n] += a.squares.units[i] * static_cast<double>(sums[n]);
    }
    const float* const z = a.squares.z + at;
    for (std::int64_t n = 0; n < count; ++n) {
      acc[n] += nearest(__builtin_sqrt(variance[n]) * static_cast<double>(z[n]) * a.squares.factor);
    }
  }
  if (a.z != nullptr) {
    for (std::int64_t n = 0; n < count; ++n) acc[n] += nearest(static_cast<double>(a.z[at + n]) * a.z_factor);
  }
  if (a.y8 == nullptr) return codes({.acc = acc, .count = count, .rule = a.rule, .y = a.y + at});
  std::int32_t y[kFinished];
  codes({.acc = acc, .count = count, .rule = a.rule, .y = y});
  for (std::int64_t n = 0; n < count; ++n) a.y8[at + n] = static_cast<std::int8_t>(y[n]);
}

inline void finish_row(const FinishArgs& a, std::int64_t m, std::int64_t first) {
  for (std::int64_t n = first; n < a.sums.columns; n += kFinished) {
    finish_exactly(a, m, n, a.sums.columns - n < kFinished ? a.sums.columns - n : kFinished);
  }
}

void finish(const FinishArgs& a) {
  for (std::int64_t m = 0; m < a.sums.rows; ++m) finish_row(a, m, 0);
}

template <class T>
void functions_of(const FunctionArgs& a) {
  constexpr int kBits = 8 * sizeof(T);
  constexpr int kFields = 32 / kBits;
  constexpr std::int64_t kTogether = 512;  // far enough from the stores for loads not to wait for them
  const std::uint32_t* const table = a.table;
  for (std::int64_t m = 0; m < a.rows; ++m) {
    const std::uint8_t* const codes = a.codes + m * a.row_stride;
    T* const out = static_cast<T*>(a.out) + m * a.out_stride;
    for (std::int64_t first = 0; first < a.k; first += kTogether) {
      const std::int64_t count = a.k - first < kTogether ? a.k - first : kTogether;
      std::uint32_t words[kTogether];
      for (std::int64_t k = 0; k < count; ++k) words[k] = table[codes[first + k]];
      for (int i = 0; i < kFields; ++i) {
        T* const to = out + i * a.k + first;
        for (std::int64_t k = 0; k < count; ++k) to[k] = static_cast<T>(words[k] >> (i * kBits));
      }
    }
  }
}

void functions(const FunctionArgs& a) { a.bytes ? functions_of<std::uint8_t>(a) : functions_of<std::int16_t>(a); }

}  // namespace noise_loops

// What paths have of their own beside these loops.
struct OwnNoiseKernels {
  void (*finish)(const witin::kernels::FinishArgs&);
  void (*low_digit)(const witin::kernels::LowDigitArgs&);
  std::int64_t (*product_codes)(const witin::kernels::MatmulArgs&, const witin::kernels::FinishArgs&);
  void (*functions)(const witin::kernels::FunctionArgs&);
};

constexpr witin::kernels::NoiseKernels noise_kernels(const OwnNoiseKernels& own) {
  return {noise_loops::cells,    noise_loops::digits, own.low_digit, noise_loops::accumulate, noise_loops::shifted,
          noise_loops::add_term, noise_loops::codes,  own.finish,    own.product_codes,       own.functions};
}

}  // namespace
