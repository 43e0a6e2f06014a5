// Codes of two digits of three while their sums are in registers. Part of body.hpp.
//
// LateDigit (kernel_table.hpp) bounds what the lowest digit adds to a quotient: where that cannot change a code, its
// sum is not made; where it can, it is made of that code alone, exactly.
#pragma once

namespace {

struct RowBounds {
  const char* x;
  float mean;    // of its codes, or near it
  float margin;  // in codes
};

constexpr std::int64_t kMostBounds = 192;  // rows together, whole tiles

namespace noise_body {

using witin::kernels::LowDigitArgs;

constexpr int kWords = 16;  // of a line

// kWords rows of kWords words, transposed.
template <class Vectors>
WITIN_INLINE void transpose_words(Simd::I (&v)[kWords]) {
  WITIN_UNROLL
  for (int step = 1; step < kWords; step *= 2) {  // exchanges blocks of so many words beside the diagonal
    alignas(64) std::int32_t lower[kWords], upper[kWords];
    for (int i = 0; i < kWords; ++i) {
      lower[i] = (i & step) == 0 ? i : i - step + kWords;
      upper[i] = (i & step) == 0 ? i + step : i + kWords;
    }
    WITIN_UNROLL
    for (int i = 0; i < kWords; ++i) {
      if ((i & step) != 0) continue;
      const Simd::I a = v[i];
      const Simd::I b = v[i + step];
      v[i] = Vectors::choose_words(a, Simd::load(lower), b);
      v[i + step] = Vectors::choose_words(a, Simd::load(upper), b);
    }
  }
}

// A column of digits, `lines` lines, in pairs of 16 bits for their squares.
template <class Vectors>
WITIN_INLINE void add_column(const std::int8_t* column, std::int64_t lines, std::int32_t& sum, std::int32_t& squares) {
  using S16 = std::int16_t __attribute__((vector_size(kBytes)));
  const Simd::I ones = Simd::splat8(1);
  Simd::I sums = Simd::zero();
  Simd::I products = Simd::zero();
  for (std::int64_t i = 0; i < lines; ++i) {
    const Simd::I v = Simd::load(column + i * kLine);
    const auto odd = (Simd::I)((S16)v >> 8);
    const auto even = (Simd::I)((S16)((S16)v << 8) >> 8);
    sums = Simd::dot8(sums, ones, v);
    products = Simd::dot16(Simd::dot16(products, odd, odd), even, even);
  }
  sum = Vectors::sum(sums);
  squares = Vectors::sum(products);
}

template <class Vectors>
void low_digit(const LowDigitArgs& a) {
  const std::int64_t step = 3 * kPlaneBlock * kGroupBytes;
  for (std::int64_t n = 0; n < a.columns; n += kPlaneBlock) {
    const char* const block = static_cast<const char*>(a.weights) + 3 * kGroupBytes * n * a.groups;
    std::int8_t* const to = a.digits + n * a.stride;
    for (std::int64_t first = 0; first < a.groups; first += kWords) {
      Simd::I words[kWords];
      WITIN_UNROLL
      for (int g = 0; g < kWords; ++g) {
        words[g] = first + g < a.groups ? Simd::load(block + (first + g) * step) : Simd::zero();
      }
      transpose_words<Vectors>(words);
      WITIN_UNROLL
      for (int i = 0; i < kWords; ++i) Simd::store(to + i * a.stride + first * kGroupBytes, words[i]);
    }
    for (std::int64_t i = 0; i < kPlaneBlock; ++i) {
      add_column<Vectors>(to + i * a.stride, a.stride / kLine, a.sums[n + i], a.squares[n + i]);
    }
  }
}

// Vectors of a row of x, k bytes, zeros behind them.
template <class Visit>
WITIN_INLINE void for_bytes(const char* x, std::int64_t k, const Visit& visit) {
  std::int64_t i = 0;
  for (; i + kBytes <= k; i += kBytes) visit(Simd::load(x + i));
  if (i == k) return;
  using Bytes = std::uint8_t __attribute__((vector_size(kBytes)));
  Bytes lane{};
  for (int b = 0; b < kBytes; ++b) lane[b] = static_cast<std::uint8_t>(b);
  const auto last = static_cast<std::uint8_t>(k - i);
  visit((Simd::I)((Bytes)Simd::load(x + i) & (Bytes)(lane < last)));
}

// By x^2 <= x (2 floor(x / 2) + 1). The factor and what is added are more than roundings.
template <class Vectors>
WITIN_INLINE RowBounds bound_row(const FinishArgs& a, const char* x, double inverse) {
  const Simd::I ones = Simd::splat8(1);
  const Simd::I lower = Simd::splat8(0x7f);
  Simd::I sums = Simd::zero();
  Simd::I products = Simd::zero();
  for_bytes(x, a.late.k, [&](Simd::I v) WITIN_INLINE_LAMBDA {
    sums = Simd::dot8(sums, v, ones);
    products = Simd::dot8(products, v, (Simd::I)(((U32)v >> 1) & (U32)lower));
  });
  const double sum = Vectors::sum(sums);
  const double squares = 2.0 * Vectors::sum(products) + sum;
  const double codes = sum * inverse - a.late.offset;
  const auto mean = static_cast<float>(codes);
  const double c = static_cast<double>(mean) + a.late.offset;
  const double k = static_cast<double>(a.late.k);
  const double distance = squares - 2 * c * sum + c * c * k;
  const double norm =
      __builtin_sqrt((distance > 0 ? distance : 0) + k * 0x1p-16) * (static_cast<double>(a.late.norm) * 1.001);
  return {x, mean, static_cast<float>(norm) + a.margin};
}

// False: the lowest digit decides so many codes that all its sums are cheaper.
template <class Vectors>
bool bound_rows(const FinishArgs& a, const Rows& rows, std::int64_t count, RowBounds* bounds) {
  constexpr float kMost = 0.125F;  // where a code is certain beyond its ends
  const double inverse = 1 / static_cast<double>(a.late.k);
  float sum = 0;
  for (std::int64_t m = 0; m < count; ++m) {
    bounds[m] = bound_row<Vectors>(a, rows.x + m * rows.stride, inverse);
    if (!(bounds[m].margin < kMost)) return false;
    sum += bounds[m].margin;
  }
  // In cycles: all sums take stride / 128 a code, that of one code kOne + stride / kEach.
  constexpr float kOne = 30, kEach = 32;
  const auto stride = static_cast<float>(a.late.stride);
  return 2 * sum * (kOne + stride / kEach) < static_cast<float>(count) * stride / 128;
}

template <class Vectors, bool kSamples, bool kQuarters>
class WriteLateCodes {
 public:
  static constexpr int kSkipped = 1;
  explicit WITIN_INLINE WriteLateCodes(const Tile& t)
      : a_(*t.noisy), quotients_(a_, 1), low_(t.init), column_(t.column), rows_(t.bounds) {}

  template <int R, int V>
  WITIN_INLINE void run(const Simd::I (&acc)[extent(R)][extent(V)]) {
    static_assert(V == 2 && R % kTogether == 0);
    const std::int64_t stride = a_.sums.columns;
    const F32 sums = (F32)Simd::load(a_.late.sums + column_);
    WITIN_UNROLL
    for (int j = 0; j < R; j += kTogether, rows_ += kTogether, m_ += kTogether) {
      const std::int64_t first = m_ * stride + column_;
      Simd::I codes[kTogether];
      std::uint64_t open = 0;
      WITIN_UNROLL
      for (int i = 0; i < kTogether; ++i) {
        Simd::store(sums_[i][0], acc[j + i][0]);
        Simd::store(sums_[i][1], acc[j + i][1]);
        Simd::F distance = Simd::splat(1.0F);
        codes[i] = quotients_.codes(
            multiply_add(splat(rows_[i].mean), sums, quotients_.plain(acc[j + i], column_, first + i * stride)),
            distance);
        open |= std::uint64_t{Vectors::below(distance, Simd::splat(rows_[i].margin))} << (i * Simd::kLanes);
      }
      const Simd::I packed = Simd::order8(pack_codes<false>(codes[0], codes[1], codes[2], codes[3]));
      std::int8_t* const to = a_.y8 + first;
      WITIN_UNROLL
      for (int i = 0; i < kTogether; ++i) Simd::store_lane(to + i * stride, packed, i);
      for (; open != 0; open &= open - 1) decide(__builtin_ctzll(open));
    }
  }

 private:
  // The code of row place / kLanes and column place % kLanes, exactly.
  WITIN_INLINE void decide(int place) const {
    const int i = place / Simd::kLanes;
    const int lane = place % Simd::kLanes;
    const std::int64_t n = column_ + lane;
    const std::int64_t at = (m_ + i) * a_.sums.columns + n;
    double acc = a_.start[n] + a_.units[0] * (low_[lane] + low_sum(rows_[i].x, n));
    acc += a_.units[1] * sums_[i][0][lane];
    acc += a_.units[2] * sums_[i][1][lane];
    if constexpr (kSamples) acc += noise_loops::nearest(static_cast<double>(a_.z[at]) * a_.z_factor);
    a_.y8[at] = static_cast<std::int8_t>(a_.rule.divide ? noise_loops::code_of<kQuarters, true>(a_.rule, acc)
                                                        : noise_loops::code_of<kQuarters, false>(a_.rule, acc));
  }

  [[nodiscard]] WITIN_INLINE std::int32_t low_sum(const char* x, std::int64_t n) const {
    const std::int64_t stride = a_.late.stride;
    const std::int8_t* const digits = a_.late.digits + n * stride;
    Simd::I even = Simd::zero();
    Simd::I odd = Simd::zero();
    std::int64_t k = 0;
    for (; k + 2 * kLine <= stride; k += 2 * kLine) {
      even = Simd::dot8(even, Simd::load(x + k), Simd::load(digits + k));
      odd = Simd::dot8(odd, Simd::load(x + k + kLine), Simd::load(digits + k + kLine));
    }
    if (k < stride) even = Simd::dot8(even, Simd::load(x + k), Simd::load(digits + k));
    return Vectors::sum(Simd::add(even, odd));
  }

  const FinishArgs& a_;
  Quotients<2, 0, kSamples, kQuarters> quotients_;
  const std::int32_t* low_;  // what sums of the lowest digit begin with
  std::int64_t column_;
  std::int64_t m_ = 0;
  const RowBounds* rows_;
  alignas(64) std::int32_t sums_[kTogether][2][Simd::kLanes];
};

}  // namespace noise_body

}  // namespace
