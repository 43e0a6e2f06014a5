// Register-blocked matrix product. Part of body.hpp.
//
// Both data paths multiply 4 bytes of x with 64 bytes of weights (16 columns) a step: four u8/s8, or two s16. A tile of
// R rows and V vectors of columns keeps its accumulators in registers over all of K; finished accumulators pass through
// the output rule in a few KB of stack, then go to the output by rows, or in strips of rows transposed.
//
// The weights of a panel of columns lie in the order in which a tile reads them: one stream from the second-level
// cache, fetched a little ahead. Streams a multiple of 4 KB apart would evict each other from the first level.
#pragma once

namespace {

using witin::kernels::kStepsTogether;
using witin::kernels::MatmulArgs;

constexpr std::int64_t kBlock = 16;                      // columns: what the last panel is padded to
constexpr int kVectorsPerBlock = kBlock / Simd::kLanes;  // vectors of one block
constexpr std::int64_t kGroupBytes = 4;                  // of x, a step
constexpr int kMaxBlocks = Simd::kTileVectors / kVectorsPerBlock;
constexpr std::int64_t kMaxColumns = kMaxBlocks * kBlock;  // of a panel
constexpr int kMaxRows = 8;
constexpr std::int64_t kLine = 64;    // bytes of a cache line
constexpr std::int64_t kAhead = 512;  // bytes of weights that are fetched ahead

struct Dot8 {
  static constexpr std::int64_t kXBytes = 1;
  static constexpr bool kAddsItself = true;  // one instruction multiplies and adds
  static WITIN_INLINE Simd::I dot(Simd::I acc, Simd::I x, Simd::I w) { return Simd::dot8(acc, x, w); }
};
struct Dot16 {
  static constexpr std::int64_t kXBytes = 2;
  static constexpr bool kAddsItself = Simd::kHasDot8;
  static WITIN_INLINE Simd::I dot(Simd::I acc, Simd::I x, Simd::I w) { return Simd::dot16(acc, x, w); }
};

// Where x is read, relative to its row: kStepsTogether steps from each of `wholes`, then one step from each of
// `singles`, in the order of the weights. One loop over all: a loop in a loop costs more than the table.
struct Steps {
  static constexpr std::int64_t kMost = 2048;  // of both
  std::int64_t wholes = 0, singles = 0;
  std::int64_t offsets[kMost];
};

// Rows of x from the first of a tile on.
struct Rows {
  const char* x;
  const std::int64_t* offsets;  // elements; or null
  std::int64_t stride;          // bytes, without offsets
};

struct Tile {
  Rows rows;
  const Steps* steps;
  const char* weights;  // of the panel
  // Weights of the next panel, brought into the second-level cache, a line for kStepsTogether steps.
  const char* later;
  const char* later_end;
  const std::int32_t* init;
  std::int32_t* acc;        // rows of V * kLanes, for KeepAccumulators
  std::int64_t acc_stride;  // from row to row
  const RuleArgs* rule;
  char* codes;  // for WriteCodes, like codes8
  std::int64_t quad_bytes;
};

// What happens to the finished accumulators of tile after tile: to memory, or while they are in registers through the
// usual output rules, to s8 codes that the element's ends clamp.
class KeepAccumulators {
 public:
  explicit WITIN_INLINE KeepAccumulators(const Tile& t) : out_(t.acc), stride_(t.acc_stride) {}
  template <int R, int V>
  WITIN_INLINE void run(const Simd::I (&acc)[extent(R)][extent(V)]) {
    WITIN_UNROLL
    for (int r = 0; r < R; ++r, out_ += stride_) {
      WITIN_UNROLL
      for (int v = 0; v < V; ++v) Simd::store(out_ + v * Simd::kLanes, acc[r][v]);
    }
  }

 private:
  std::int32_t* out_;
  std::int64_t stride_;
};

template <RuleForm kForm>
class WriteCodes {
 public:
  explicit WITIN_INLINE WriteCodes(const Tile& t) : rule_(*t.rule), out_(t.codes), quad_bytes_(t.quad_bytes) {}
  template <int R, int V>
  WITIN_INLINE void run(const Simd::I (&acc)[extent(R)][extent(V)]) {
    const Convert<kForm, false> convert(rule_);
    WITIN_UNROLL
    for (int i = 0; i < R * V; i += 4, out_ += quad_bytes_) {
      const Simd::I codes = quad8(convert, acc[i / V][i % V], acc[(i + 1) / V][(i + 1) % V],
                                  acc[(i + 2) / V][(i + 2) % V], acc[(i + 3) / V][(i + 3) % V]);
      Simd::store(out_, Simd::order8(codes));
    }
  }

 private:
  const RuleArgs& rule_;
  char* out_;
  std::int64_t quad_bytes_;
};

template <class Dot>
WITIN_INLINE std::int64_t segment_offset(const MatmulArgs& a, std::int64_t s) {
  return a.segment_offsets == nullptr ? 0 : a.segment_offsets[s] * Dot::kXBytes;
}

// False: more than the table holds.
template <class Dot>
bool make_steps(const MatmulArgs& a, Steps& steps) {
  const std::int64_t wholes = a.groups_per_run / kStepsTogether;
  const std::int64_t singles = a.groups_per_run % kStepsTogether;
  if (a.segments * (wholes + singles) > Steps::kMost) return false;
  std::int64_t* to = steps.offsets;
  for (std::int64_t s = 0; s < a.segments; ++s) {
    std::int64_t offset = segment_offset<Dot>(a, s);
    for (std::int64_t i = 0; i < wholes; ++i, offset += kStepsTogether * kGroupBytes) *to++ = offset;
  }
  for (std::int64_t s = 0; s < a.segments; ++s) {
    std::int64_t offset = segment_offset<Dot>(a, s) + wholes * kStepsTogether * kGroupBytes;
    for (std::int64_t i = 0; i < singles; ++i, offset += kGroupBytes) *to++ = offset;
  }
  steps.wholes = a.segments * wholes;
  steps.singles = a.segments * singles;
  return true;
}

template <int V>
constexpr std::int64_t kStepBytes = std::int64_t{V} * Simd::kLanes* kGroupBytes;  // of weights

// Vectors of weights that each row reads from memory, where registers are few.
template <int V>
constexpr int kFromMemory = V == Simd::kTileVectors ? Simd::kFromMemory : 0;

// One step: V vectors of weights, `at` bytes behind w, against 4 bytes of each row. In just this order: compilers that
// move the additions or share the loads run out of registers.
template <class Dot, int R, int V>
WITIN_INLINE void run_step(Simd::I (&acc)[extent(R)][extent(V)], const char* const (&x)[extent(R)], std::int64_t i,
                           const char*& w, std::int64_t at) {
  constexpr int kHeld = V - kFromMemory<V>;
  const auto load = [&](int v) WITIN_INLINE_LAMBDA { return Simd::load(w + at + v * (Simd::kLanes * 4)); };
  Simd::I held[extent(kHeld + 1)];
  WITIN_UNROLL
  for (int v = 0; v < kHeld; ++v) {
    held[v] = load(v);
    WITIN_OPAQUE(held[v]);
  }
  if constexpr (Simd::kFetchAhead && V == Simd::kTileVectors) {
    WITIN_UNROLL
    for (std::int64_t line = 0; line < kStepBytes<V>; line += kLine) __builtin_prefetch(w + at + kAhead + line, 0, 3);
  }
  WITIN_UNROLL
  for (int r = 0; r < R; ++r) {
    Simd::I xb = Simd::splat4(x[r] + i);
    WITIN_OPAQUE(xb);
    if constexpr (kHeld < V) WITIN_OPAQUE_POINTER(w);
    if constexpr (Dot::kAddsItself) {
      WITIN_UNROLL
      for (int v = 0; v < V; ++v) {
        acc[r][v] = Dot::dot(acc[r][v], xb, v < kHeld ? held[v] : load(v));
        WITIN_OPAQUE(acc[r][v]);
      }
    } else {
      Simd::I product[extent(V)];
      WITIN_UNROLL
      for (int v = 0; v < V; ++v) {
        product[v] = Simd::multiply16(xb, v < kHeld ? held[v] : load(v));
        WITIN_OPAQUE(product[v]);
      }
      WITIN_UNROLL
      for (int v = 0; v < V; ++v) {
        Simd::accumulate(acc[r][v], product[v]);
        WITIN_OPAQUE(acc[r][v]);
      }
    }
  }
}

// Rows m, m + 1, ... of x.
template <class Dot, int R>
WITIN_INLINE void place_rows(const Rows& rows, std::int64_t m, const char* (&x)[extent(R)]) {
  if (rows.offsets != nullptr) {
    WITIN_UNROLL
    for (int r = 0; r < R; ++r) x[r] = rows.x + rows.offsets[m + r] * Dot::kXBytes;
  } else {
    WITIN_UNROLL
    for (int r = 0; r < R; ++r) x[r] = rows.x + (m + r) * rows.stride;
  }
}

// `tiles` tiles, one below the other.
template <class Dot, int R, int V, class Finish = KeepAccumulators>
WITIN_NOINLINE void run_tiles(const Tile& t, std::int64_t tiles) {
  Finish finish(t);
  const char* later = t.later;
  for (std::int64_t m = 0; m < tiles * R; m += R) {
    Simd::I acc[extent(R)][extent(V)];
    WITIN_UNROLL
    for (int v = 0; v < V; ++v) {
      const Simd::I init = Simd::load(t.init + v * Simd::kLanes);
      WITIN_UNROLL
      for (int r = 0; r < R; ++r) acc[r][v] = init;
    }
    const char* w = t.weights;
    const char* x[extent(R)];
    place_rows<Dot, R>(t.rows, m, x);
    const std::int64_t* at = t.steps->offsets;
    for (const std::int64_t* const end = at + t.steps->wholes; at < end; ++at) {
      const std::int64_t i = *at;
      WITIN_UNROLL
      for (int u = 0; u < kStepsTogether; ++u) run_step<Dot, R, V>(acc, x, i + u * kGroupBytes, w, u * kStepBytes<V>);
      w += kStepsTogether * kStepBytes<V>;
      if constexpr (Simd::kFetchAhead && V == Simd::kTileVectors) {
        __builtin_prefetch(later, 0, 2);
        later += kLine;
      }
    }
    for (const std::int64_t* const end = at + t.steps->singles; at < end; ++at) {
      run_step<Dot, R, V>(acc, x, *at, w, 0);
      w += kStepBytes<V>;
    }
    if (later > t.later_end) later = t.later_end;
    finish.template run<R, V>(acc);
  }
}

// Of tiles that write codes; null where the rule is none of the usual ones.
template <class Dot, int R, int V>
auto coding_tiles(const RuleArgs& rule) -> void (*)(const Tile&, std::int64_t) {
  if constexpr (R * V % 4 == 0) {
    if (!rule.clamp && rule.form == RuleForm::kQuarterF32)
      return &run_tiles<Dot, R, V, WriteCodes<RuleForm::kQuarterF32>>;
    if (!rule.clamp && rule.form == RuleForm::kEvenF32) return &run_tiles<Dot, R, V, WriteCodes<RuleForm::kEvenF32>>;
  }
  return nullptr;
}

// One row, which needs no table: K is unrolled over kUnroll sets of accumulators, so that the additions do not wait for
// each other.
template <class Dot, int V, int kUnroll>
WITIN_NOINLINE void run_row(const MatmulArgs& a, const Tile& t) {
  Simd::I acc[extent(kUnroll)][extent(V)];
  WITIN_UNROLL
  for (int u = 0; u < kUnroll; ++u) {
    WITIN_UNROLL
    for (int v = 0; v < V; ++v) acc[u][v] = u == 0 ? Simd::load(t.init + v * Simd::kLanes) : Simd::zero();
  }
  const char* const row = t.rows.x;
  const char* w = t.weights;
  const auto step = [&](int u, const char* x) WITIN_INLINE_LAMBDA {
    Simd::I xb = Simd::splat4(x);
    WITIN_OPAQUE(xb);
    WITIN_UNROLL
    for (int v = 0; v < V; ++v) {
      acc[u][v] = Dot::dot(acc[u][v], xb, Simd::load(w + u * kStepBytes<V> + v * (Simd::kLanes * 4)));
      WITIN_OPAQUE(acc[u][v]);
    }
  };
  // The steps that lie together, then those left over; a single run has them in one piece.
  const std::int64_t together = a.segments == 1 ? a.groups_per_run : a.groups_per_run / kStepsTogether * kStepsTogether;
  for (std::int64_t first = 0, end = 0; first < a.groups_per_run; first = end) {
    end = first < together ? together : a.groups_per_run;
    for (std::int64_t s = 0; s < a.segments; ++s) {
      const char* x = row + segment_offset<Dot>(a, s) + first * kGroupBytes;
      std::int64_t left = end - first;
      for (; left >= kUnroll; left -= kUnroll) {
        WITIN_UNROLL
        for (int u = 0; u < kUnroll; ++u) step(u, x + u * kGroupBytes);
        x += kUnroll * kGroupBytes;
        w += kUnroll * kStepBytes<V>;
      }
      for (; left > 0; --left) {
        step(0, x);
        x += kGroupBytes;
        w += kStepBytes<V>;
      }
    }
  }
  WITIN_UNROLL
  for (int v = 0; v < V; ++v) {
    WITIN_UNROLL
    for (int u = 1; u < kUnroll; ++u) acc[0][v] = Simd::add(acc[0][v], acc[u][v]);
    Simd::store(t.acc + v * Simd::kLanes, acc[0][v]);
  }
}

// The tallest tile with V vectors: what the vector registers hold, and the general ones (a pointer for each row).
template <int V>
constexpr int kRowsFor = V == Simd::kTileVectors ? Simd::kTileRows : kMaxRows;

// Accumulators of each column of a single row.
template <int V>
constexpr int kRowUnroll = V >= 8   ? 1
                           : V >= 4 ? 2
                           : V >= 2 ? 4
                                    : 8;

template <class Dot>
WITIN_INLINE const char* x_row(const MatmulArgs& a, std::int64_t m) {
  const std::int64_t row = a.row_offsets != nullptr ? a.row_offsets[m] : m * a.row_stride;
  return static_cast<const char*>(a.x) + row * Dot::kXBytes;
}

// From row m on.
template <class Dot>
WITIN_INLINE Rows rows_from(const MatmulArgs& a, std::int64_t m) {
  if (a.row_offsets != nullptr) return {static_cast<const char*>(a.x), a.row_offsets + m, 0};
  return {x_row<Dot>(a, m), nullptr, a.row_stride * Dot::kXBytes};
}

// Runs a tile of at most `rows` rows from row m on, fewer than the tallest has, and returns how many it did.
template <class Dot, int V>
std::int64_t run_rows(const MatmulArgs& a, Tile& t, std::int64_t m, std::int64_t rows) {
  constexpr int kMost = kRowsFor<V>;
  if (t.steps != nullptr) {
    t.rows = rows_from<Dot>(a, m);
    if constexpr (kMost > 4) {
      if (rows >= 4) return run_tiles<Dot, 4, V>(t, 1), 4;
    }
    if constexpr (kMost > 3) {
      if (rows >= 3) return run_tiles<Dot, 3, V>(t, 1), 3;
    }
    if (rows >= 2) return run_tiles<Dot, 2, V>(t, 1), 2;
  }
  t.rows.x = x_row<Dot>(a, m);
  return run_row<Dot, V, kRowUnroll<V>>(a, t), 1;
}

WITIN_INLINE std::int64_t row_bytes_of(const MatmulArgs& a) { return a.segments * a.groups_per_run * kGroupBytes; }

// The panel that starts at column n.
WITIN_INLINE void place_panel(const MatmulArgs& a, std::int64_t n, Tile& t) {
  t.weights = static_cast<const char*>(a.weights) + n * row_bytes_of(a);
  t.init = a.init + n;
}

template <class Dot, int V>
void run_panel(const MatmulArgs& a, const Steps* steps, std::int64_t first_row, std::int64_t end_row, std::int64_t n) {
  constexpr std::int64_t kColumns = V * Simd::kLanes;
  constexpr int kMost = kRowsFor<V>;
  StripWriter<kColumns, kMaxRows> writer(a.rule, a.out, n, a.n);
  Tile t;
  place_panel(a, n, t);
  t.steps = steps;
  t.acc = writer.acc();
  t.acc_stride = kColumns;
  t.rule = &a.rule;
  t.quad_bytes = writer.quad_bytes();
  const auto coding = coding_tiles<Dot, kMost, V>(a.rule);
  const std::int64_t lines = row_bytes_of(a) / (kStepsTogether * kGroupBytes) * kLine;  // fetched by a tile
  t.later = n + kColumns < a.n ? t.weights + kColumns * row_bytes_of(a) : static_cast<const char*>(a.weights);
  t.later_end = t.later + kMaxColumns * row_bytes_of(a);
  for (std::int64_t m0 = first_row, m1 = 0; m0 < end_row; m0 = m1) {
    m1 = writer.by_rows() ? end_row : strip_end(m0, end_row);
    writer.begin(m0);
    for (std::int64_t m = m0; m < m1;) {
      const std::int64_t tiles = steps == nullptr ? 0 : (m1 - m) / kMost;
      if (tiles == 0) {
        const std::int64_t done = run_rows<Dot, V>(a, t, m, m1 - m);
        writer.finish(done);
        m += done;
        continue;
      }
      std::int64_t done = tiles;
      t.rows = rows_from<Dot>(a, m);
      t.codes = coding == nullptr ? nullptr : writer.quads();
      if (t.codes != nullptr) {
        coding(t, tiles);
        writer.written(tiles * kMost);
      } else if (std::int32_t* const raw = writer.raw()) {
        t.acc = raw;
        t.acc_stride = a.out.row_stride;
        run_tiles<Dot, kMost, V>(t, tiles);
        writer.written(tiles * kMost);
        t.acc = writer.acc();
        t.acc_stride = kColumns;
      } else {
        done = 1;
        run_tiles<Dot, kMost, V>(t, 1);
        writer.finish(kMost);
      }
      const std::int64_t fetched = t.later_end - t.later;
      t.later = done * lines < fetched ? t.later + done * lines : t.later_end;
      m += done * kMost;
    }
    writer.end();
  }
}

// A single row: its panels are rows of a matrix with kMaxColumns columns to the writer, so that the output rule passes
// over many at once. Returns the columns done.
template <class Dot>
std::int64_t run_single_row(const MatmulArgs& a) {
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
    for (std::int64_t p = 0; p < count; ++p) {
      place_panel(a, (first + p) * kMaxColumns, t);
      t.acc = writer.acc() + p * kMaxColumns;
      run_row<Dot, Simd::kTileVectors, kRowUnroll<Simd::kTileVectors>>(a, t);
    }
    writer.begin(first);
    writer.finish(count);
    writer.end();
  }
  return panels * kMaxColumns;
}

template <class Dot>
void run_matmul(const MatmulArgs& a) {
  // Rows whose x stays in the second-level cache while all columns pass.
  std::int64_t chunk = (std::int64_t{256} << 10) / row_bytes_of(a) / kStripRows * kStripRows;
  chunk = chunk < kStripRows ? kStripRows : chunk;
  Steps table;
  const Steps* const steps = a.rows > 1 && make_steps<Dot>(a, table) ? &table : nullptr;
  for (std::int64_t first = 0; first < a.rows; first += chunk) {
    const std::int64_t end = first + chunk < a.rows ? first + chunk : a.rows;
    std::int64_t n = a.rows == 1 ? run_single_row<Dot>(a) : 0;
    for (; n + kMaxColumns - kBlock < a.n; n += kMaxColumns)
      run_panel<Dot, Simd::kTileVectors>(a, steps, first, end, n);
    if constexpr (kMaxBlocks == 4) {
      if (a.n - n > 2 * kBlock) {
        run_panel<Dot, 3 * kVectorsPerBlock>(a, steps, first, end, n);
      } else if (a.n - n > kBlock) {
        run_panel<Dot, 2 * kVectorsPerBlock>(a, steps, first, end, n);
      } else if (a.n > n) {
        run_panel<Dot, kVectorsPerBlock>(a, steps, first, end, n);
      }
    }
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
