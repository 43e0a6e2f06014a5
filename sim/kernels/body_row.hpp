// One row of x against packed weights: as fast as the weights can be read. Part of body.hpp.
#pragma once

namespace {

// kPanels panels of V vectors each, the next `pitch` bytes behind one: x is broadcast once for all, and the stream of
// weights stops once where a loop ends. x is loaded for four steps: loads are what weights need. K passes over kSets
// sets of accumulators, so that additions do not wait for each other. Needs no table of steps.
template <class Dot, int V, int kPanels, int kSets>
WITIN_NOINLINE void run_row(const MatmulArgs& a, const Tile& t, std::int64_t pitch) {
  constexpr int kVectors = kPanels * V;
  static_assert(kSets <= kStepsTogether);
  Simd::I acc[extent(kSets)][extent(kVectors)];
  WITIN_UNROLL
  for (int u = 0; u < kSets; ++u) {
    WITIN_UNROLL
    for (int v = 0; v < kVectors; ++v) acc[u][v] = u == 0 ? Simd::load(t.init + v * Simd::kLanes) : Simd::zero();
  }
  const char* const row = t.rows.x;
  const char* w = t.weights;
  const auto step = [&](int u, Simd::I xb) WITIN_INLINE_LAMBDA {
    WITIN_OPAQUE(xb);
    WITIN_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      const char* const panel = w + v / V * pitch;
      Simd::I& sum = acc[u % kSets][v];
      sum = Dot::dot(sum, xb, Simd::load(panel + u * kStepBytes<V> + v % V * (Simd::kLanes * 4)));
      WITIN_OPAQUE(sum);
    }
  };
  // The steps that lie together, then those left over; a single run has them in one piece.
  const std::int64_t together = a.segments == 1 ? a.groups_per_run : a.groups_per_run / kStepsTogether * kStepsTogether;
  for (std::int64_t first = 0, end = 0; first < a.groups_per_run; first = end) {
    end = first < together ? together : a.groups_per_run;
    for (std::int64_t s = 0; s < a.segments; ++s) {
      const char* x = row + segment_offset<Dot>(a, s) + first * kGroupBytes;
      std::int64_t left = end - first;
      for (; left >= kStepsTogether; left -= kStepsTogether) {
        Simd::I four = Simd::splat_lane(x);
        WITIN_OPAQUE(four);
        step(0, Simd::splat_word<0>(four));
        step(1, Simd::splat_word<1>(four));
        step(2, Simd::splat_word<2>(four));
        step(3, Simd::splat_word<3>(four));
        x += kStepsTogether * kGroupBytes;
        w += kStepsTogether * kStepBytes<V>;
      }
      for (; left > 0; --left) {
        step(0, Simd::splat4(x));
        x += kGroupBytes;
        w += kStepBytes<V>;
      }
    }
  }
  WITIN_UNROLL
  for (int v = 0; v < kVectors; ++v) {
    WITIN_UNROLL
    for (int u = 1; u < kSets; ++u) acc[0][v] = Simd::add(acc[0][v], acc[u][v]);
    Simd::store(t.acc + v * Simd::kLanes, acc[0][v]);
  }
}

// Sets of accumulators of a single row.
template <int kVectors>
constexpr int kRowSets = kVectors >= 8   ? 1
                         : kVectors >= 4 ? 2
                                         : 4;

template <class Dot, int V, int kPanels = 1>
WITIN_INLINE void run_row(const MatmulArgs& a, const Tile& t) {
  run_row<Dot, V, kPanels, kRowSets<kPanels * V>>(a, t, kMaxColumns * row_bytes_of(a));
}

// Panels that the registers hold.
constexpr int kRowPanels = Simd::kTileRows >= 4 ? 4 : 2;

// A single row: its panels are rows of a matrix with kMaxColumns columns to the writer, so that the output rule passes
// over many at once. Returns the columns done.
template <class Dot>
std::int64_t run_single_row(const MatmulArgs& a) {
  constexpr int kVectors = Simd::kTileVectors;
  OutputArgs out = a.out;
  out.row_stride = kMaxColumns * out.column_stride;
  out.row_offsets = nullptr;
  if (a.out.row_offsets != nullptr)
    out.data = static_cast<char*>(out.data) + a.out.row_offsets[0] * size_of(out.element);
  StripWriter<kMaxColumns, kMaxRows> writer(a.rule, out, 0, kMaxColumns);
  Tile t;
  t.rows.x = x_row<Dot>(a, 0);
  const std::int64_t panels = a.n / kMaxColumns;
  for (std::int64_t first = 0; first < panels; first += kMaxRows) {
    const std::int64_t count = panels - first < kMaxRows ? panels - first : kMaxRows;
    for (std::int64_t p = 0, done = 0; p < count; p += done) {
      place_panel(a, (first + p) * kMaxColumns, t);
      t.acc = writer.acc() + p * kMaxColumns;
      done = count - p >= kRowPanels ? kRowPanels : count - p >= 2 ? 2 : 1;
      if (done == kRowPanels) {
        run_row<Dot, kVectors, kRowPanels>(a, t);
      } else if (done == 2) {
        run_row<Dot, kVectors, 2>(a, t);
      } else {
        run_row<Dot, kVectors>(a, t);
      }
    }
    writer.begin(first);
    writer.finish(count);
    writer.end();
  }
  return panels * kMaxColumns;
}

}  // namespace
