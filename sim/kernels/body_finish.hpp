// From sums and samples to codes in one pass over vectors, and the functions of codes. Part of body.hpp.
//
// Exactly, an accumulator is a sum in binary64 and a code comes from its quotient q by the rule. Nearly always q in
// binary32 says which code: only where it is within `margin` of a number where codes change is it reckoned exactly.
// By quarters a code is trunc(q + 1/2) of q >= 0, else trunc(q - 1/4): with c = q + 1/8, trunc(c + 3/8) with c's sign.
#pragma once

namespace {

namespace noise_body {

using witin::kernels::code_scale;
using witin::kernels::FinishArgs;
using witin::kernels::FunctionArgs;
using witin::kernels::kPlaneBlock;
using witin::kernels::plane_column;

// a b + c, rounded once or twice.
WITIN_INLINE F32 multiply_add(F32 a, F32 b, F32 c) {
  return (F32)Simd::multiply_add((Simd::F)a, (Simd::F)b, (Simd::F)c);
}

// What binary32 can say, of all lanes.
template <int kPlanes, int kSquares, bool kSamples, bool kQuarters>
struct Quotients {
  // Of planes from `first` on.
  explicit Quotients(const FinishArgs& a, int first = 0) : a_(a) {
    const double scale = code_scale(a.rule);
    for (int i = 0; i < kPlanes; ++i) units_[i] = splat(static_cast<float>(a.units[first + i] * scale));
    for (int i = 0; i < kSquares; ++i) square_units_[i] = splat(static_cast<float>(a.squares.units[i]));
    silent_ = splat(static_cast<float>(a.squares.silent));
    square_factor_ = splat(static_cast<float>(a.squares.factor * scale));
    z_factor_ = splat(static_cast<float>(a.z_factor * scale));
    constexpr double kBeyond = kQuarters ? 0.5 : 0.25;  // the ends, where no code changes
    lo_ = splat(static_cast<float>((kQuarters ? (a.rule.lo + 2) / 4 : a.rule.lo) - kBeyond));
    hi_ = splat(static_cast<float>((kQuarters ? (a.rule.hi - 1) / 4 : a.rule.hi) + kBeyond));
  }

  // Of columns from n on, without squares; their samples are from `at` on.
  WITIN_INLINE F32 plain(const Simd::I (&sums)[extent(kPlanes)], std::int64_t n, std::int64_t at) const {
    F32 q = (F32)Simd::load(a_.start_quotient + n);
    WITIN_UNROLL
    for (int i = 0; i < kPlanes; ++i) q = multiply_add(to_f32((U32)sums[i]), units_[i], q);
    if constexpr (kSamples) q = multiply_add((F32)Simd::load(a_.z + at), z_factor_, q);
    return q;
  }

  // Their codes. least: of each lane the least distance of any from where codes change.
  WITIN_INLINE Simd::I codes(F32 q, Simd::F& least) const {
    constexpr float kThreeEighths = 0.375F;
    if constexpr (kQuarters) q += (F32)and_or((U32)q, 0x80000000U, (U32)splat(kThreeEighths));
    const F32 bounded = (F32)Simd::clamp((Simd::F)q, (Simd::F)lo_, (Simd::F)hi_);
    const F32 changes = kQuarters ? bounded : bounded + 0.5F;  // at integers
    least = Simd::least_distance(least, (Simd::F)changes);
    return kQuarters ? Simd::trunc((Simd::F)bounded) : Simd::rne((Simd::F)bounded);
  }

  WITIN_INLINE Simd::I run(std::int64_t m, std::int64_t n, Simd::F& least) const {
    const std::int64_t at = m * a_.sums.columns + n;
    const std::int32_t* const from = a_.sums.sums + m * a_.sums.row_stride + plane_column(kPlanes, 0, n);
    Simd::I sums[extent(kPlanes)];
    WITIN_UNROLL
    for (int i = 0; i < kPlanes; ++i) sums[i] = Simd::load(from + i * kPlaneBlock);
    F32 q = plain(sums, n, at);
    if constexpr (kSquares != 0) {
      F32 variance = silent_;
      const std::int64_t place = m * a_.squares.row_stride + n;
      WITIN_UNROLL
      for (int i = 0; i < kSquares; ++i) {
        variance += to_f32((U32)Simd::load(a_.squares.sums[i] + place)) * square_units_[i];
      }
      q += sqrt(variance) * ((F32)Simd::load(a_.squares.z + at) * square_factor_);
    }
    return codes(q, least);
  }

 private:
  const FinishArgs& a_;
  F32 units_[extent(kPlanes)];
  F32 square_units_[extent(kSquares + 1)];
  F32 silent_, square_factor_, z_factor_, lo_, hi_;
};

constexpr int kTogether = 4;  // vectors

// The codes of those vectors whose quotients do not say them.
template <class Q>
WITIN_NOINLINE void repair(const Q& quotients, const FinishArgs& a, std::int64_t m, std::int64_t n) {
  static_assert(Simd::kLanes <= noise_loops::kFinished);
  for (std::int64_t own = n; own < n + kTogether * Simd::kLanes; own += Simd::kLanes) {
    Simd::F least = Simd::splat(1.0F);
    (void)quotients.run(m, own, least);
    if (Simd::any_below(least, Simd::splat(a.margin))) noise_loops::finish_exactly(a, m, own, Simd::kLanes);
  }
}

template <int kPlanes, int kSquares, bool kSamples, bool kQuarters>
void finish_fast(const FinishArgs& a) {
  const Quotients<kPlanes, kSquares, kSamples, kQuarters> quotients(a);
  const Simd::F one = Simd::splat(1.0F);
  const Simd::F margin = Simd::splat(a.margin);
  for (std::int64_t m = 0; m < a.sums.rows; ++m) {
    std::int64_t n = 0;
    for (; n + kTogether * Simd::kLanes <= a.sums.columns; n += kTogether * Simd::kLanes) {
      const std::int64_t at = m * a.sums.columns + n;
      Simd::F least = one;
      Simd::I t[kTogether];
      WITIN_UNROLL
      for (int i = 0; i < kTogether; ++i) {
        t[i] = quotients.run(m, n + i * Simd::kLanes, least);
      }
      if (a.y8 != nullptr) {
        Simd::store(a.y8 + at, Simd::order8(pack_codes<false>(t[0], t[1], t[2], t[3])));
      } else {
        WITIN_UNROLL
        for (int i = 0; i < kTogether; ++i) Simd::store(a.y + at + i * Simd::kLanes, t[i]);
      }
      if (__builtin_expect(Simd::any_below(least, margin), 0)) repair(quotients, a, m, n);
    }
    noise_loops::finish_row(a, m, n);
  }
}

template <int kPlanes, int kSquares, bool kSamples>
void finish_by_rule(const FinishArgs& a) {
  a.rule.quarters ? finish_fast<kPlanes, kSquares, kSamples, true>(a)
                  : finish_fast<kPlanes, kSquares, kSamples, false>(a);
}

template <int kPlanes>
void finish_planes(const FinishArgs& a) {
  a.z != nullptr ? finish_by_rule<kPlanes, 0, true>(a) : finish_by_rule<kPlanes, 0, false>(a);
}

void finish(const FinishArgs& a) {
  const bool known = a.squares.count == 0 ? a.sums.planes <= 3 : a.sums.planes == 1 && a.z != nullptr;
  if (!(a.margin > 0) || !known) return noise_loops::finish(a);
  switch (a.squares.count == 0 ? a.sums.planes : -a.squares.count) {
    case -3:
      return finish_by_rule<1, 3, true>(a);
    case -2:
      return finish_by_rule<1, 2, true>(a);
    case 1:
      return finish_planes<1>(a);
    case 2:
      return finish_planes<2>(a);
    case 3:
      return finish_planes<3>(a);
    default:
      return noise_loops::finish(a);
  }
}

template <class Vectors>
void functions_by_vectors(const FunctionArgs& a) {
  if constexpr (Vectors::kLooksUp) {
    constexpr std::int64_t kCodes = 4 * Vectors::kLanes;
    constexpr int kFields = 4;
    if (!a.bytes) return noise_loops::functions(a);
    const std::int64_t whole = a.k / kCodes * kCodes;
    const typename Vectors::LookUp table(a.table);
    for (std::int64_t m = 0; m < a.rows; ++m) {
      const std::uint8_t* const codes = a.codes + m * a.row_stride;
      auto* const out = static_cast<std::uint8_t*>(a.out) + m * a.out_stride;
      for (std::int64_t k = 0; k < whole; k += kCodes) {
        typename Vectors::I fields[kFields];
        table.run(codes + k, fields);
        for (int i = 0; i < kFields; ++i) Vectors::store(out + i * a.k + k, fields[i]);
      }
      for (std::int64_t k = whole; k < a.k; ++k) {
        for (int i = 0; i < kFields; ++i) out[i * a.k + k] = static_cast<std::uint8_t>(a.table[codes[k]] >> (8 * i));
      }
    }
  } else {
    noise_loops::functions(a);
  }
}

void functions(const FunctionArgs& a) { functions_by_vectors<Simd>(a); }

}  // namespace noise_body

}  // namespace
