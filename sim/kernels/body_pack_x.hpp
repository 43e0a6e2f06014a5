// x of tall tiles in the order in which they read it: tile by tile [step][row][4 bytes], one stream for all panels of
// columns. Part of body.hpp.
//
// Rows of x that lie apart are as many streams, which evict each other from the first-level cache where they are a
// multiple of 2 KB apart, and are not fetched ahead in time: 4 to 8 % on AVX2, whose panels are many and narrow. Where
// they are few, or wide, packing costs as much as it gains.
#pragma once

namespace {

constexpr std::int64_t kPackedBytes = std::int64_t{192} << 10;  // kept in the second-level cache
constexpr std::int64_t kPanelsPacked = 16;                      // fewer are not worth it

// The pieces move 16 bytes at a time on every path.
using Words = std::int32_t __attribute__((vector_size(16)));

WITIN_INLINE Words load_words(const char* from) {
  Words words;
  __builtin_memcpy(&words, from, sizeof(words));
  return words;
}

// kStepsTogether steps of R rows, R even.
template <class X, int R>
WITIN_INLINE void pack_whole(const X& x, char* to) {
  static_assert(R % 2 == 0 && kStepsTogether == 4);
  WITIN_UNROLL
  for (int r = 0; r < R; r += 2) {
    const Words a = load_words(x.at(r, 0));
    const Words b = load_words(x.at(r + 1, 0));
    const Words low = __builtin_shufflevector(a, b, 0, 4, 1, 5);
    const Words high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    char* const out = to + r * kGroupBytes;
    __builtin_memcpy(out, &low, 8);
    __builtin_memcpy(out + R * kGroupBytes, reinterpret_cast<const char*>(&low) + 8, 8);
    __builtin_memcpy(out + 2 * R * kGroupBytes, &high, 8);
    __builtin_memcpy(out + 3 * R * kGroupBytes, reinterpret_cast<const char*>(&high) + 8, 8);
  }
}

template <class Dot, int R>
WITIN_NOINLINE void pack_tiles(const Rows& rows, const Steps& steps, std::int64_t tiles, char* to) {
  Tile t{};
  t.rows = rows;
  t.steps = &steps;
  for (std::int64_t m = 0; m < tiles * R; m += R) {
    XOfRows<Dot, R> x(t, m);
    for (; x.whole(); x.next(kStepsTogether)) {
      x.begin();
      pack_whole<XOfRows<Dot, R>, R>(x, to);
      to += kStepsTogether * R * kGroupBytes;
    }
    for (; x.single(); x.next(1)) {
      x.begin();
      WITIN_UNROLL
      for (int r = 0; r < R; ++r, to += kGroupBytes) __builtin_memcpy(to, x.at(r, 0), kGroupBytes);
    }
  }
}

}  // namespace
