// Depthwise convolution over s16 maps. Part of body.hpp.
//
// Two taps at a time: their channels are interleaved, x with x and w with w, so that one multiply-add adds both
// products. kPixels pixels share the loaded weights.
#pragma once

namespace {

using witin::kernels::DepthwiseArgs;

constexpr int kPixels = 4;
constexpr std::int64_t kPair = 2 * Simd::kLanes;             // channels of a tile
constexpr std::int64_t kChannels = kPair < 16 ? 16 : kPair;  // channels of a panel, whole blocks of 16

struct DepthwiseTile {
  const std::int16_t* pixels[kPixels];  // first tap of each output pixel, first channel of the tile
  const std::int16_t* weights;          // [tap][channels], first channel of the tile
  const std::int32_t* init;
  std::int32_t* acc;  // [kPixels][kChannels], first channel of the tile
};

WITIN_INLINE void depthwise_tile(const DepthwiseArgs& a, const DepthwiseTile& t) {
  Simd::I low[kPixels];
  Simd::I high[kPixels];
  WITIN_UNROLL
  for (int p = 0; p < kPixels; ++p) low[p] = high[p] = Simd::zero();
  const std::int64_t taps = a.kernel_h * a.kernel_w;
  std::int64_t y = 0;
  std::int64_t x = 0;
  const auto next_tap = [&]() WITIN_INLINE_LAMBDA {
    const std::int64_t at = y * a.tap_y + x * a.tap_x;
    if (++x == a.kernel_w) x = 0, ++y;
    return at;
  };
  for (std::int64_t tap = 0; tap < taps; tap += 2) {
    const bool pair = tap + 1 < taps;
    const std::int64_t first = next_tap();
    const std::int64_t second = pair ? next_tap() : first;
    const Simd::I w0 = Simd::load(t.weights + tap * a.channels);
    const Simd::I w1 = pair ? Simd::load(t.weights + (tap + 1) * a.channels) : Simd::zero();
    const Simd::I w_low = Simd::interleave16_low(w0, w1);
    const Simd::I w_high = Simd::interleave16_high(w0, w1);
    WITIN_UNROLL
    for (int p = 0; p < kPixels; ++p) {
      const Simd::I x0 = Simd::load(t.pixels[p] + first);
      const Simd::I x1 = Simd::load(t.pixels[p] + second);
      low[p] = Simd::dot16(low[p], Simd::interleave16_low(x0, x1), w_low);
      high[p] = Simd::dot16(high[p], Simd::interleave16_high(x0, x1), w_high);
    }
  }
  WITIN_UNROLL
  for (int p = 0; p < kPixels; ++p) {
    Simd::I a0;
    Simd::I a1;
    Simd::join(low[p], high[p], a0, a1);
    Simd::store(t.acc + p * kChannels, Simd::add(a0, Simd::load(t.init)));
    Simd::store(t.acc + p * kChannels + Simd::kLanes, Simd::add(a1, Simd::load(t.init + Simd::kLanes)));
  }
}

void depthwise_wide(const DepthwiseArgs& a) {
  const std::int64_t pixels = a.out_height * a.out_width;
  for (std::int64_t m0 = 0, m1 = 0; m0 < pixels; m0 = m1) {
    m1 = strip_end(m0, pixels);
    const std::int64_t strip = m1 - m0;
    for (std::int64_t c = 0; c < a.channels; c += kChannels) {
      StripWriter<kChannels, kPixels> writer(a.rule, a.out, c, a.channels);
      writer.begin(m0);
      for (std::int64_t m = 0; m < strip; m += kPixels) {
        const std::int64_t count = strip - m < kPixels ? strip - m : kPixels;
        for (std::int64_t part = 0; part < kChannels && c + part < a.channels; part += kPair) {
          DepthwiseTile t;
          t.weights = static_cast<const std::int16_t*>(a.weights) + c + part;
          t.init = a.init + c + part;
          t.acc = writer.acc() + part;
          for (std::int64_t p = 0; p < kPixels; ++p) {
            const std::int64_t pixel = m0 + m + (p < count ? p : 0);
            t.pixels[p] = static_cast<const std::int16_t*>(a.x) + pixel / a.out_width * a.step_y +
                          pixel % a.out_width * a.step_x + c + part;
          }
          depthwise_tile(a, t);
        }
        writer.finish(count);
      }
      writer.end();
    }
  }
}

// Accumulators of kPixelCount pixels and one panel of kQuad channels.
template <int kPixelCount>
WITIN_NOINLINE void depthwise_tile8(const DepthwiseArgs& a, const char* x, const char* weights,
                                    const std::int32_t* init, std::int32_t* out) {
  constexpr int kTable = kPixelCount == 4 ? 2 : kPixelCount - 1;
  Simd::I acc[extent(kPixelCount)][4];
  WITIN_UNROLL
  for (int p = 0; p < kPixelCount; ++p) {
    WITIN_UNROLL
    for (int i = 0; i < 4; ++i) acc[p][i] = Simd::load(init + i * Simd::kLanes);
  }
  const witin::kernels::DepthwiseColumn* const columns = a.columns[kTable];
  const std::int64_t count = a.column_count[kTable];
  for (std::int64_t row = 0; row < a.kernel_h; row += 4) {
    // Rows beyond the kernel meet zero weights: any readable code will do.
    const char* const x0 = x + row * a.tap_y;
    const char* const x1 = row + 1 < a.kernel_h ? x0 + a.tap_y : x0;
    const char* const x2 = row + 2 < a.kernel_h ? x1 + a.tap_y : x0;
    const char* const x3 = row + 3 < a.kernel_h ? x2 + a.tap_y : x0;
    for (std::int64_t c = 0; c < count; ++c) {
      const std::int64_t at = columns[c].offset;
      const Simd::I r0 = Simd::load(x0 + at);
      const Simd::I r1 = Simd::load(x1 + at);
      const Simd::I r2 = Simd::load(x2 + at);
      const Simd::I r3 = Simd::load(x3 + at);
      const Simd::I low01 = Simd::interleave8_low(r0, r1);
      const Simd::I high01 = Simd::interleave8_high(r0, r1);
      const Simd::I low23 = Simd::interleave8_low(r2, r3);
      const Simd::I high23 = Simd::interleave8_high(r2, r3);
      const Simd::I v[4] = {Simd::interleave16_low(low01, low23), Simd::interleave16_high(low01, low23),
                            Simd::interleave16_low(high01, high23), Simd::interleave16_high(high01, high23)};
      WITIN_UNROLL
      for (int p = 0; p < kPixelCount; ++p) {
        const std::int32_t tap = columns[c].tap[p];
        if (tap < 0) continue;
        const char* const w = weights + tap * (kQuad * 4);
        WITIN_UNROLL
        for (int i = 0; i < 4; ++i) acc[p][i] = Simd::dot8(acc[p][i], v[i], Simd::load(w + i * kQuad));
      }
    }
    weights += a.kernel_w * (kQuad * 4);
  }
  WITIN_UNROLL
  for (int p = 0; p < kPixelCount; ++p) {
    WITIN_UNROLL
    for (int i = 0; i < 4; ++i) Simd::store(out + p * kQuad + i * Simd::kLanes, acc[p][i]);
  }
}

// The same for 4 pixels and kernels of 3 columns and at most 4 rows whose pixels are as far apart as their columns:
// what is a loop and a table above is known to the compiler.
[[maybe_unused]] WITIN_NOINLINE void depthwise_tile8_3(const DepthwiseArgs& a, const char* x, const char* weights,
                                                       const std::int32_t* init, std::int32_t* out) {
  constexpr int kTaps = 3;
  Simd::I acc[kPixels][4];
  WITIN_UNROLL
  for (int i = 0; i < 4; ++i) {
    const Simd::I first = Simd::load(init + i * Simd::kLanes);
    WITIN_UNROLL
    for (int p = 0; p < kPixels; ++p) acc[p][i] = first;
  }
  const char* const x1 = a.kernel_h > 1 ? x + a.tap_y : x;
  const char* const x2 = a.kernel_h > 2 ? x1 + a.tap_y : x;
  const char* const x3 = a.kernel_h > 3 ? x2 + a.tap_y : x;
  std::int64_t at = 0;
  WITIN_UNROLL
  for (int c = 0; c < kPixels + kTaps - 1; ++c, at += a.tap_x) {
    const Simd::I r0 = Simd::load(x + at);
    const Simd::I r1 = Simd::load(x1 + at);
    const Simd::I r2 = Simd::load(x2 + at);
    const Simd::I r3 = Simd::load(x3 + at);
    const Simd::I low01 = Simd::interleave8_low(r0, r1);
    const Simd::I high01 = Simd::interleave8_high(r0, r1);
    const Simd::I low23 = Simd::interleave8_low(r2, r3);
    const Simd::I high23 = Simd::interleave8_high(r2, r3);
    const Simd::I v[4] = {Simd::interleave16_low(low01, low23), Simd::interleave16_high(low01, low23),
                          Simd::interleave16_low(high01, high23), Simd::interleave16_high(high01, high23)};
    WITIN_UNROLL
    for (int tap = 0; tap < kTaps; ++tap) {
      const int p = c - tap;
      if (p < 0 || p >= kPixels) continue;
      WITIN_UNROLL
      for (int i = 0; i < 4; ++i) {
        acc[p][i] = Simd::dot8(acc[p][i], v[i], Simd::load(weights + (tap * 4 + i) * kQuad));
      }
    }
  }
  WITIN_UNROLL
  for (int p = 0; p < kPixels; ++p) {
    WITIN_UNROLL
    for (int i = 0; i < 4; ++i) Simd::store(out + p * kQuad + i * Simd::kLanes, acc[p][i]);
  }
}

// Of the paths with a dot product of bytes.
[[maybe_unused]] void depthwise_narrow(const DepthwiseArgs& a) {
  const std::int64_t panel_bytes = (a.kernel_h + 3) / 4 * a.kernel_w * kQuad * 4;
  const std::int64_t pixels = a.out_height * a.out_width;
  const bool usual = a.kernel_w == 3 && a.kernel_h <= 4 && a.step_x == a.tap_x;
  const auto run4 = usual ? &depthwise_tile8_3 : &depthwise_tile8<4>;
  for (std::int64_t m0 = 0, m1 = 0; m0 < pixels; m0 = m1) {
    m1 = strip_end(m0, pixels);
    for (std::int64_t c = 0; c < a.channels; c += kQuad) {
      StripWriter<kQuad, kPixels, true> writer(a.rule, a.out, c, a.channels);
      writer.begin(m0);
      const char* const weights = static_cast<const char*>(a.weights) + c / kQuad * panel_bytes;
      for (std::int64_t m = m0; m < m1;) {
        const std::int64_t column = m % a.out_width;
        const std::int64_t in_row = a.out_width - column;
        const std::int64_t left = in_row < m1 - m ? in_row : m1 - m;
        const char* const x = static_cast<const char*>(a.x) + m / a.out_width * a.step_y + column * a.step_x + c;
        const std::int64_t done = left >= 4 ? 4 : left >= 2 ? 2 : 1;
        const auto run = done == 4 ? run4 : done == 2 ? &depthwise_tile8<2> : &depthwise_tile8<1>;
        run(a, x, weights, a.init + c, writer.acc());
        writer.finish(done);
        m += done;
      }
      writer.end();
    }
  }
}

template <bool kHasDot8>
void depthwise_if_narrow(const DepthwiseArgs& a) {
  if constexpr (kHasDot8) depthwise_narrow(a);
}

void depthwise(const DepthwiseArgs& a) { a.wide ? depthwise_wide(a) : depthwise_if_narrow<Simd::kHasDot8>(a); }

}  // namespace
