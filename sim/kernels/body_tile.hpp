// Register-blocked tiles of a matrix product. Part of body.hpp.
//
// Both data paths multiply 4 bytes of x with 64 bytes of weights (16 columns) a step: four u8/s8, or two s16. A tile of
// R rows and V vectors of columns keeps its accumulators in registers over all of K.
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
constexpr std::int64_t kLine = 64;     // bytes of a cache line
constexpr std::int64_t kAhead = 1024;  // bytes of weights that are fetched ahead

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
  const char* packed;  // or tiles of x packed by body_pack_x.hpp; or null
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
  const witin::kernels::FinishArgs* noisy;  // for WriteNoisyCodes (body_codes.hpp), and the first column of its output
  std::int64_t column;
  const struct RowBounds* bounds;  // of the first row, for those of them that leave a digit for later
};

template <class Dot>
WITIN_INLINE const char* x_row(const MatmulArgs& a, std::int64_t m) {
  const std::int64_t row = a.row_offsets != nullptr ? a.row_offsets[m] : m * a.row_stride;
  return static_cast<const char*>(a.x) + row * Dot::kXBytes;
}

template <class Dot>
WITIN_INLINE std::int64_t segment_offset(const MatmulArgs& a, std::int64_t s) {
  return a.segment_offsets == nullptr ? 0 : a.segment_offsets[s] * Dot::kXBytes;
}

template <int V>
constexpr std::int64_t kStepBytes = std::int64_t{V} * Simd::kLanes* kGroupBytes;  // of V vectors of weights

WITIN_INLINE std::int64_t row_bytes_of(const MatmulArgs& a) { return a.segments * a.groups_per_run * kGroupBytes; }

// The panel that starts at column n.
WITIN_INLINE void place_panel(const MatmulArgs& a, std::int64_t n, Tile& t) {
  t.weights = static_cast<const char*>(a.weights) + n * row_bytes_of(a);
  t.init = a.init + n;
}

// What happens to the finished accumulators of tile after tile: to memory, or while they are in registers through the
// usual output rules, to s8 codes that the element's ends clamp. kSkipped: vectors of weights of each step before those
// of the tile, which has the last ones.
class KeepAccumulators {
 public:
  static constexpr int kSkipped = 0;
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
  static constexpr int kSkipped = 0;
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

// Whether weights are fetched ahead, V vectors a step: of wide panels, which the first-level cache cannot hold.
template <int V>
constexpr bool kFetches = Simd::kFetchAhead&& V >= 3 * kVectorsPerBlock;

// Vectors of weights that each row reads from memory, where registers are few.
template <int V>
constexpr int kFromMemory = V == Simd::kTileVectors ? Simd::kFromMemory : 0;

// One step: V vectors of weights, `at` bytes behind w, against the 4 bytes of each row at x.at(r, u). In just this
// order: compilers that move the additions or share the loads run out of registers.
template <class Dot, int R, int V, bool kFetched, class X>
WITIN_INLINE void run_step(Simd::I (&acc)[extent(R)][extent(V)], const X& x, int u, const char*& w, std::int64_t at) {
  constexpr int kHeld = V - kFromMemory<V>;
  const auto load = [&](int v) WITIN_INLINE_LAMBDA { return Simd::load(w + at + v * (Simd::kLanes * 4)); };
  Simd::I held[extent(kHeld + 1)];
  WITIN_UNROLL
  for (int v = 0; v < kHeld; ++v) {
    held[v] = load(v);
    WITIN_OPAQUE(held[v]);
  }
  if constexpr (kFetched) {
    WITIN_UNROLL
    for (std::int64_t line = 0; line < kStepBytes<V>; line += kLine) __builtin_prefetch(w + at + kAhead + line, 0, 3);
  }
  WITIN_UNROLL
  for (int r = 0; r < R; ++r) {
    Simd::I xb = Simd::splat4(x.at(r, u));
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

// Where a tile reads x: step after step, kStepsTogether at a time while whole() and then one while single(), begin()
// before each.
template <class Dot, int R>
class XOfRows {
 public:
  // Of rows m, m + 1, ...
  WITIN_INLINE XOfRows(const Tile& t, std::int64_t m)
      : step_(t.steps->offsets), wholes_end_(step_ + t.steps->wholes), end_(wholes_end_ + t.steps->singles) {
    const Rows& rows = t.rows;
    if (rows.offsets != nullptr) {
      WITIN_UNROLL
      for (int r = 0; r < R; ++r) rows_[r] = rows.x + rows.offsets[m + r] * Dot::kXBytes;
    } else {
      WITIN_UNROLL
      for (int r = 0; r < R; ++r) rows_[r] = rows.x + (m + r) * rows.stride;
    }
  }
  [[nodiscard]] WITIN_INLINE bool whole() const { return step_ < wholes_end_; }
  [[nodiscard]] WITIN_INLINE bool single() const { return step_ < end_; }
  [[nodiscard]] WITIN_INLINE const char* at(int r, int u) const { return rows_[r] + offset_ + u * kGroupBytes; }
  WITIN_INLINE void begin() { offset_ = *step_; }
  WITIN_INLINE void next(int /*steps*/) { ++step_; }

 private:
  const std::int64_t* step_;
  const std::int64_t* wholes_end_;
  const std::int64_t* end_;
  const char* rows_[extent(R)];
  std::int64_t offset_ = 0;
};

// The same of packed x, one stream.
template <int R>
class XPacked {
 public:
  WITIN_INLINE XPacked(const Tile& t, std::int64_t m) {
    const std::int64_t steps = kStepsTogether * t.steps->wholes + t.steps->singles;
    x_ = t.packed + m * steps * kGroupBytes;
    wholes_end_ = x_ + kStepsTogether * t.steps->wholes * kStep;
    end_ = x_ + steps * kStep;
  }
  [[nodiscard]] WITIN_INLINE bool whole() const { return x_ < wholes_end_; }
  [[nodiscard]] WITIN_INLINE bool single() const { return x_ < end_; }
  [[nodiscard]] WITIN_INLINE const char* at(int r, int u) const { return x_ + u * kStep + r * kGroupBytes; }
  WITIN_INLINE void begin() {}
  WITIN_INLINE void next(int steps) { x_ += steps * kStep; }

 private:
  static constexpr std::int64_t kStep = R * kGroupBytes;
  const char* x_;
  const char* wholes_end_;
  const char* end_;
};

// `tiles` tiles, one below the other.
template <class Dot, int R, int V, class X, class Finish>
WITIN_NOINLINE void run_tiles(const Tile& t, std::int64_t tiles) {
  constexpr std::int64_t kStep = kStepBytes<V + Finish::kSkipped>;
  constexpr std::int64_t kOwn = kStepBytes<Finish::kSkipped>;
  constexpr bool kFetched = kFetches<V + Finish::kSkipped>;
  Finish finish(t);
  const char* later = t.later;
  for (std::int64_t m = 0; m < tiles * R; m += R) {
    Simd::I acc[extent(R)][extent(V)];
    WITIN_UNROLL
    for (int v = 0; v < V; ++v) {
      const Simd::I init = Simd::load(t.init + (Finish::kSkipped + v) * Simd::kLanes);
      WITIN_UNROLL
      for (int r = 0; r < R; ++r) acc[r][v] = init;
    }
    const char* w = t.weights;
    X x(t, m);
    for (; x.whole(); x.next(kStepsTogether)) {
      x.begin();
      WITIN_UNROLL
      for (int u = 0; u < kStepsTogether; ++u) run_step<Dot, R, V, kFetched>(acc, x, u, w, u * kStep + kOwn);
      w += kStepsTogether * kStep;
      if constexpr (kFetched) {
        __builtin_prefetch(later, 0, 2);
        later += kLine;
      }
    }
    for (; x.single(); x.next(1)) {
      x.begin();
      run_step<Dot, R, V, kFetched>(acc, x, 0, w, kOwn);
      w += kStep;
    }
    if (later > t.later_end) later = t.later_end;
    finish.template run<R, V>(acc);
  }
}

using RunTiles = void (*)(const Tile&, std::int64_t tiles);

// Of tiles that write codes; null where the rule is none of the usual ones.
template <class Dot, int R, int V, class X>
RunTiles coding_tiles(const RuleArgs& rule) {
  if constexpr (R * V % 4 == 0) {
    if (!rule.clamp && rule.form == RuleForm::kQuarterF32)
      return &run_tiles<Dot, R, V, X, WriteCodes<RuleForm::kQuarterF32>>;
    if (!rule.clamp && rule.form == RuleForm::kEvenF32) return &run_tiles<Dot, R, V, X, WriteCodes<RuleForm::kEvenF32>>;
  }
  return nullptr;
}

// What runs the tiles of a panel. write_codes: null where the rule is none of the usual ones.
struct TileKernels {
  RunTiles keep, write_codes;
};

template <class Dot, int R, int V>
TileKernels tile_kernels(const RuleArgs& rule, [[maybe_unused]] bool packed) {
  if constexpr (Simd::kPacksX && V == Simd::kTileVectors) {
    if (packed) return {&run_tiles<Dot, R, V, XPacked<R>, KeepAccumulators>, coding_tiles<Dot, R, V, XPacked<R>>(rule)};
  }
  using X = XOfRows<Dot, R>;
  return {&run_tiles<Dot, R, V, X, KeepAccumulators>, coding_tiles<Dot, R, V, X>(rule)};
}

}  // namespace
