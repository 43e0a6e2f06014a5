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

void depthwise(const DepthwiseArgs& a) {
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
          t.weights = a.weights + c + part;
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

}  // namespace
