// Codes of noisy accumulators while their sums are in registers. Part of body.hpp.
//
// A tile has all planes of its columns: one of 64, three digits of 16, or of three digits the upper two, where the
// lowest decides few codes (body_late.hpp). What is not certain in binary32 is reckoned exactly, as body_finish.hpp
// says.
#pragma once

namespace {

namespace noise_body {

template <int kPlanes, bool kSamples, bool kQuarters>
class WriteNoisyCodes {
  using OfSums = Quotients<kPlanes, 0, kSamples, kQuarters>;

 public:
  static constexpr int kSkipped = 0;
  explicit WITIN_INLINE WriteNoisyCodes(const Tile& t)
      : a_(*t.noisy), quotients_(a_), column_(t.column), margin_(Simd::splat(a_.margin)) {}

  template <int R, int V>
  WITIN_INLINE void run(const Simd::I (&acc)[extent(R)][extent(V)]) {
    constexpr int kAcross = V / kPlanes;  // vectors of codes of a row
    static_assert(V % kPlanes == 0 && R * kAcross % kTogether == 0 && (kAcross == 1 || kAcross == kTogether));
    const std::int64_t stride = a_.sums.columns;
    const std::int64_t first = m_ * stride + column_;
    Simd::F least = Simd::splat(1.0F);
    WITIN_UNROLL
    for (int j = 0; j < R * kAcross; j += kTogether) {
      Simd::I codes[kTogether];
      WITIN_UNROLL
      for (int i = 0; i < kTogether; ++i) {
        const int row = (j + i) / kAcross;
        const int across = (j + i) % kAcross;
        Simd::I sums[extent(kPlanes)];
        WITIN_UNROLL
        for (int plane = 0; plane < kPlanes; ++plane) sums[plane] = acc[row][across * kPlanes + plane];
        const std::int64_t n = across * kPlaneBlock;
        codes[i] = quotients_.codes(quotients_.plain(sums, column_ + n, first + row * stride + n), least);
      }
      const Simd::I packed = Simd::order8(pack_codes<false>(codes[0], codes[1], codes[2], codes[3]));
      std::int8_t* const to = a_.y8 + first + j / kAcross * stride;
      if constexpr (kAcross == 1) {
        WITIN_UNROLL
        for (int i = 0; i < kTogether; ++i) Simd::store_lane(to + i * stride, packed, i);
      } else {
        Simd::store(to, packed);
      }
    }
    if (__builtin_expect(Simd::any_below(least, margin_), 0)) {
      WITIN_UNROLL
      for (int r = 0; r < R; ++r) {
        WITIN_UNROLL
        for (int v = 0; v < V; ++v) Simd::store(sums_ + (r * V + v) * Simd::kLanes, acc[r][v]);
      }
      repair_tile(R, V);
    }
    m_ += R;
  }

 private:
  // The codes of those vectors whose quotients do not say them.
  WITIN_NOINLINE void repair_tile(std::int64_t rows, std::int64_t vectors) const {
    FinishArgs own = a_;
    own.sums.sums = sums_;
    own.sums.row_stride = vectors * Simd::kLanes;
    own.start += column_;
    own.start_quotient += column_;
    const std::int64_t first = m_ * a_.sums.columns + column_;
    if (kSamples) own.z += first;
    own.y8 += first;
    const OfSums quotients(own);
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t n = 0; n < vectors / kPlanes * kPlaneBlock; n += kPlaneBlock) {
        Simd::F least = Simd::splat(1.0F);
        (void)quotients.run(r, n, least);
        if (Simd::any_below(least, margin_)) noise_loops::finish_exactly(own, r, n, kPlaneBlock);
      }
    }
  }

  const FinishArgs& a_;
  OfSums quotients_;
  std::int64_t column_;
  std::int64_t m_ = 0;
  Simd::F margin_;
  alignas(64) std::int32_t sums_[kMaxRows * kMaxColumns];
};

// All columns of `rows` rows from the first of `t` on, whole tiles, whose panels are `planes` planes of codes.
template <class Dot, int kVectors, class Finish>
void run_noisy_panels(const MatmulArgs& a, Tile t, std::int64_t rows, std::int64_t planes) {
  constexpr int kTall = kRowsFor<kVectors>;
  constexpr std::int64_t kColumns = (kVectors + Finish::kSkipped) * kPlaneBlock;
  for (std::int64_t n = 0; n < a.n; n += kColumns, t.column += kColumns / planes) {
    place_panel(a, n, t);
    t.later = n + kColumns < a.n ? t.weights + kColumns * row_bytes_of(a) : static_cast<const char*>(a.weights);
    t.later_end = t.later + kColumns * row_bytes_of(a);
    run_tiles<Dot, kTall, kVectors, XOfRows<Dot, kTall>, Finish>(t, rows / kTall);
  }
}

// The rows of whole tiles; returns how many.
template <class Vectors, class Dot, int kPlanes, bool kSamples, bool kQuarters>
std::int64_t run_noisy_rows(const MatmulArgs& a, const FinishArgs& finish, const Steps& steps) {
  constexpr int kVectors = kPlanes == 1 ? Simd::kTileVectors : kPlanes;
  constexpr int kTall = kRowsFor<kVectors>;
  static_assert(kStripRows % kTall == 0 && kMostBounds % kTall == 0);
  const std::int64_t rows = a.rows / kTall * kTall;
  const bool late = kPlanes == 3 && finish.late.digits != nullptr && a.row_offsets == nullptr;
  const std::int64_t most = rows_at_once(a);
  const std::int64_t at_once = late && most > kMostBounds ? kMostBounds : most;
  for (std::int64_t first = 0; first < rows; first += at_once) {
    const std::int64_t count = rows - first < at_once ? rows - first : at_once;
    FinishArgs own = finish;
    own.y8 += first * finish.sums.columns;
    if (kSamples) own.z += first * finish.sums.columns;
    Tile t{};
    t.rows = rows_from<Dot>(a, first);
    t.steps = &steps;
    t.noisy = &own;
    if constexpr (kPlanes == 3) {
      RowBounds bounds[extent(kMostBounds)];
      t.bounds = bounds;
      if (late && bound_rows<Vectors>(own, t.rows, count, bounds)) {
        run_noisy_panels<Dot, 2, WriteLateCodes<Vectors, kSamples, kQuarters>>(a, t, count, kPlanes);
        continue;
      }
    }
    run_noisy_panels<Dot, kVectors, WriteNoisyCodes<kPlanes, kSamples, kQuarters>>(a, t, count, kPlanes);
  }
  return rows;
}

template <class Vectors, class Dot, int kPlanes, bool kSamples>
std::int64_t codes_of_planes(const MatmulArgs& a, const FinishArgs& finish, const Steps& steps) {
  return finish.rule.quarters ? run_noisy_rows<Vectors, Dot, kPlanes, kSamples, true>(a, finish, steps)
                              : run_noisy_rows<Vectors, Dot, kPlanes, kSamples, false>(a, finish, steps);
}

template <class Vectors, class Dot>
std::int64_t codes_of_product(const MatmulArgs& a, const FinishArgs& finish) {
  constexpr std::int64_t kDigits = 3;
  const std::int64_t planes = finish.sums.planes;
  const std::int64_t columns = planes == 1 ? kMaxColumns : kDigits * kPlaneBlock;
  Steps steps;
  if ((planes != 1 && planes != kDigits) || a.panel != columns || finish.sums.columns * planes % columns != 0) return 0;
  if (a.wide || !make_steps<Dot>(a, steps)) return 0;
  if (planes == 1) {
    return finish.z != nullptr ? codes_of_planes<Vectors, Dot, 1, true>(a, finish, steps)
                               : codes_of_planes<Vectors, Dot, 1, false>(a, finish, steps);
  }
  return finish.z != nullptr ? codes_of_planes<Vectors, Dot, kDigits, true>(a, finish, steps)
                             : codes_of_planes<Vectors, Dot, kDigits, false>(a, finish, steps);
}

// Of paths whose vectors are a block of columns.
template <class Vectors>
constexpr bool kMakesCodes = Vectors::kHasDot8&& Vectors::kLanes == kPlaneBlock;

template <class Vectors>
constexpr auto product_codes() -> decltype(witin::kernels::NoiseKernels::product_codes) {
  if constexpr (kMakesCodes<Vectors>) return codes_of_product<Vectors, Dot8>;
  return nullptr;
}

template <class Vectors>
constexpr auto low_digit_of() -> decltype(witin::kernels::NoiseKernels::low_digit) {
  if constexpr (kMakesCodes<Vectors>) return low_digit<Vectors>;
  return nullptr;
}

}  // namespace noise_body

}  // namespace
