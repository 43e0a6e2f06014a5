// Matrix products: panels of columns, tiles of rows. Part of body.hpp.
//
// Finished accumulators pass through the output rule in registers or in a few KB of stack, then go to the output by
// rows, or in strips of rows transposed.
#pragma once

namespace {

// The tallest tile with V vectors: what the vector registers hold, and the general ones (a pointer for each row).
template <int V>
constexpr int kRowsFor = V == Simd::kTileVectors ? Simd::kTileRows : kMaxRows;

// A chunk of the rows of a product.
struct Chunk {
  std::int64_t first, end;
  const Steps* steps;  // null: no tiles
  const char* packed;  // its tall tiles (body_pack_x.hpp); or null
};

// From row m on.
template <class Dot>
WITIN_INLINE Rows rows_from(const MatmulArgs& a, std::int64_t m) {
  if (a.row_offsets != nullptr) return {static_cast<const char*>(a.x), a.row_offsets + m, 0};
  return {x_row<Dot>(a, m), nullptr, a.row_stride * Dot::kXBytes};
}

template <class Dot, int R, int V>
WITIN_INLINE std::int64_t run_short_tile(const Tile& t) {
  run_tiles<Dot, R, V, XOfRows<Dot, R>, KeepAccumulators>(t, 1);
  return R;
}

// Runs a tile of at most `rows` rows from row m on, fewer than the tallest has, and returns how many it did.
template <class Dot, int V>
std::int64_t run_rows(const MatmulArgs& a, Tile& t, std::int64_t m, std::int64_t rows) {
  constexpr int kMost = kRowsFor<V>;
  if (t.steps != nullptr) {
    t.rows = rows_from<Dot>(a, m);
    if constexpr (kMost > 4) {
      if (rows >= 4) return run_short_tile<Dot, 4, V>(t);
    }
    if constexpr (kMost > 3) {
      if (rows >= 3) return run_short_tile<Dot, 3, V>(t);
    }
    if (rows >= 2) return run_short_tile<Dot, 2, V>(t);
  }
  t.rows.x = x_row<Dot>(a, m);
  return run_row<Dot, V>(a, t), 1;
}

template <class Dot, int V>
void run_panel(const MatmulArgs& a, const Chunk& chunk, std::int64_t n) {
  constexpr std::int64_t kColumns = V * Simd::kLanes;
  constexpr int kMost = kRowsFor<V>;
  StripWriter<kColumns, kMaxRows> writer(a.rule, a.out, n, a.n);
  Tile t;
  place_panel(a, n, t);
  t.steps = chunk.steps;
  t.acc = writer.acc();
  t.acc_stride = kColumns;
  t.rule = &a.rule;
  t.quad_bytes = writer.quad_bytes();
  const bool packed = V == Simd::kTileVectors && chunk.packed != nullptr;
  const TileKernels kernels = tile_kernels<Dot, kMost, V>(a.rule, packed);
  const std::int64_t lines = row_bytes_of(a) / (kStepsTogether * kGroupBytes) * kLine;  // fetched by a tile
  t.later = n + kColumns < a.n ? t.weights + kColumns * row_bytes_of(a) : static_cast<const char*>(a.weights);
  t.later_end = t.later + kMaxColumns * row_bytes_of(a);
  for (std::int64_t m0 = chunk.first, m1 = 0; m0 < chunk.end; m0 = m1) {
    m1 = writer.by_rows() ? chunk.end : strip_end(m0, chunk.end);
    writer.begin(m0);
    for (std::int64_t m = m0; m < m1;) {
      const std::int64_t tiles = chunk.steps == nullptr ? 0 : (m1 - m) / kMost;
      if (tiles == 0) {
        const std::int64_t done = run_rows<Dot, V>(a, t, m, m1 - m);
        writer.finish(done);
        m += done;
        continue;
      }
      std::int64_t done = tiles;
      t.rows = rows_from<Dot>(a, m);
      if (packed) t.packed = chunk.packed + (m - chunk.first) * row_bytes_of(a);
      t.codes = kernels.write_codes == nullptr ? nullptr : writer.quads();
      if (t.codes != nullptr) {
        kernels.write_codes(t, tiles);
        writer.written(tiles * kMost);
      } else if (std::int32_t* const raw = writer.raw()) {
        t.acc = raw;
        t.acc_stride = a.out.row_stride;
        kernels.keep(t, tiles);
        writer.written(tiles * kMost);
        t.acc = writer.acc();
        t.acc_stride = kColumns;
      } else {
        done = 1;
        kernels.keep(t, 1);
        writer.finish(kMost);
      }
      const std::int64_t fetched = t.later_end - t.later;
      t.later = done * lines < fetched ? t.later + done * lines : t.later_end;
      m += done * kMost;
    }
    writer.end();
  }
}

template <class Dot>
void run_panels(const MatmulArgs& a, const Chunk& chunk) {
  std::int64_t n = 0;
  if constexpr (kMaxBlocks == 4) {
    constexpr int kThree = 3 * kVectorsPerBlock;
    for (; a.panel == 3 * kBlock && n < a.n; n += a.panel) run_panel<Dot, kThree>(a, chunk, n);
  }
  if (n == 0 && a.rows == 1) n = run_single_row<Dot>(a);
  for (; n + kMaxColumns - kBlock < a.n; n += kMaxColumns) run_panel<Dot, Simd::kTileVectors>(a, chunk, n);
  if constexpr (kMaxBlocks == 4) {
    if (a.n - n > 2 * kBlock) {
      run_panel<Dot, 3 * kVectorsPerBlock>(a, chunk, n);
    } else if (a.n - n > kBlock) {
      run_panel<Dot, 2 * kVectorsPerBlock>(a, chunk, n);
    } else if (a.n > n) {
      run_panel<Dot, kVectorsPerBlock>(a, chunk, n);
    }
  }
}

// Chunk by chunk, with x packed.
template <class Dot>
[[maybe_unused]] void run_packed(const MatmulArgs& a, const Steps& steps) {
  constexpr std::int64_t kTall = Simd::kTileRows;
  static_assert(kStripRows % kTall == 0);
  alignas(64) char packed[extent(kPackedBytes)];
  const std::int64_t rows = kPackedBytes / row_bytes_of(a) / kStripRows * kStripRows;
  for (std::int64_t first = 0; first < a.rows; first += rows) {
    const std::int64_t end = first + rows < a.rows ? first + rows : a.rows;
    pack_tiles<Dot, Simd::kTileRows>(rows_from<Dot>(a, first), steps, (end - first) / kTall, packed);
    run_panels<Dot>(a, {first, end, &steps, packed});
  }
}

// Rows whose x stays in the second-level cache while all columns pass.
inline std::int64_t rows_at_once(const MatmulArgs& a) {
  const std::int64_t rows = (std::int64_t{256} << 10) / row_bytes_of(a) / kStripRows * kStripRows;
  return rows < kStripRows ? kStripRows : rows;
}

template <class Dot>
void run_matmul(const MatmulArgs& a) {
  Steps table;
  const Steps* const steps = a.rows > 1 && make_steps<Dot>(a, table) ? &table : nullptr;
  if constexpr (Simd::kPacksX) {
    if (steps != nullptr && a.n >= kPanelsPacked * kMaxColumns && kStripRows * row_bytes_of(a) <= kPackedBytes)
      return run_packed<Dot>(a, table);
  }
  const std::int64_t rows = rows_at_once(a);
  for (std::int64_t first = 0; first < a.rows; first += rows) {
    run_panels<Dot>(a, {first, first + rows < a.rows ? first + rows : a.rows, steps, nullptr});
  }
}

template <bool kHasDot8>
void matmul_narrow(const MatmulArgs& a) {
  if constexpr (kHasDot8) run_matmul<Dot8>(a);
}

constexpr int kPeakAccumulators = 12;

// The narrowest products of this path on registers: what no kernel can pass.
WITIN_NOINLINE std::int64_t peak(std::int64_t steps) {
  Simd::I acc[kPeakAccumulators];
  WITIN_UNROLL
  for (int i = 0; i < kPeakAccumulators; ++i) acc[i] = Simd::zero();
  Simd::I x = Simd::zero();
  Simd::I w = Simd::zero();
  for (std::int64_t step = 0; step < steps; ++step) {
    WITIN_OPAQUE(x);
    WITIN_OPAQUE(w);
    WITIN_UNROLL
    for (int i = 0; i < kPeakAccumulators; ++i) {
      acc[i] = Simd::kHasDot8 ? Simd::dot8(acc[i], x, w) : Simd::dot16(acc[i], x, w);
      WITIN_OPAQUE(acc[i]);
    }
  }
  return steps * kPeakAccumulators * Simd::kLanes * (Simd::kHasDot8 ? 4 : 2);
}

void matmul(const MatmulArgs& a) { a.wide ? run_matmul<Dot16>(a) : matmul_narrow<Simd::kHasDot8>(a); }

}  // namespace
