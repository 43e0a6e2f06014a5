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

// kQuad channels of four rows of a map, the four codes of a channel beside each other.
[[maybe_unused]] WITIN_INLINE void load_rows(const char* row0, const char* row1, const char* row2, const char* row3,
                                             Simd::I (&v)[4]) {
  const Simd::I r0 = Simd::load(row0);
  const Simd::I r1 = Simd::load(row1);
  const Simd::I r2 = Simd::load(row2);
  const Simd::I r3 = Simd::load(row3);
  const Simd::I low01 = Simd::interleave8_low(r0, r1);
  const Simd::I high01 = Simd::interleave8_high(r0, r1);
  const Simd::I low23 = Simd::interleave8_low(r2, r3);
  const Simd::I high23 = Simd::interleave8_high(r2, r3);
  v[0] = Simd::interleave16_low(low01, low23);
  v[1] = Simd::interleave16_high(low01, low23);
  v[2] = Simd::interleave16_low(high01, high23);
  v[3] = Simd::interleave16_high(high01, high23);
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
      Simd::I v[4];
      load_rows(x0 + at, x1 + at, x2 + at, x3 + at, v);
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

// What happens to the finished accumulators of a tile of kPixels pixels and one panel: to memory, or while they are in
// registers through a usual output rule, to s8 codes that the element's ends clamp.
class KeepPixels {
 public:
  KeepPixels(const RuleArgs& /*rule*/, void* out, std::int64_t /*bytes*/) : out_(static_cast<std::int32_t*>(out)) {}
  WITIN_INLINE void run(const Simd::I (&acc)[kPixels][4]) {
    WITIN_UNROLL
    for (int p = 0; p < kPixels; ++p, out_ += kQuad) {
      WITIN_UNROLL
      for (int i = 0; i < 4; ++i) Simd::store(out_ + i * Simd::kLanes, acc[p][i]);
    }
  }

 private:
  std::int32_t* out_;
};

template <RuleForm kForm>
class CodePixels {
 public:
  CodePixels(const RuleArgs& rule, void* out, std::int64_t bytes)
      : convert_(rule), out_(static_cast<char*>(out)), bytes_(bytes) {}
  WITIN_INLINE void run(const Simd::I (&acc)[kPixels][4]) {
    WITIN_UNROLL
    for (int p = 0; p < kPixels; ++p, out_ += bytes_) {
      Simd::store(out_, quad8(convert_, acc[p][0], acc[p][1], acc[p][2], acc[p][3]));
    }
  }

 private:
  Convert<kForm, false> convert_;
  char* out_;
  std::int64_t bytes_;  // from pixel to pixel
};

// `tiles` tiles of kPixels pixels beside each other for kernels of 3 columns and at most 4 rows whose pixels are as far
// apart as their columns: what is a loop and a table above is known to the compiler.
template <class Finish>
WITIN_NOINLINE void depthwise_tiles3(const DepthwiseArgs& a, std::int64_t tiles, const char* x, const char* weights,
                                     const std::int32_t* init, void* out, std::int64_t pixel_bytes) {
  constexpr int kTaps = 3;
  Finish finish(a.rule, out, pixel_bytes);
  const std::int64_t row1 = a.kernel_h > 1 ? a.tap_y : 0;
  const std::int64_t row2 = a.kernel_h > 2 ? 2 * a.tap_y : 0;
  const std::int64_t row3 = a.kernel_h > 3 ? 3 * a.tap_y : 0;
  for (; tiles > 0; --tiles) {
    Simd::I acc[kPixels][4];
    WITIN_UNROLL
    for (int i = 0; i < 4; ++i) {
      const Simd::I first = Simd::load(init + i * Simd::kLanes);
      WITIN_UNROLL
      for (int p = 0; p < kPixels; ++p) acc[p][i] = first;
    }
    const char* at = x;
    WITIN_UNROLL
    for (int c = 0; c < kPixels + kTaps - 1; ++c, at += a.tap_x) {
      Simd::I v[4];
      load_rows(at, at + row1, at + row2, at + row3, v);
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
    finish.run(acc);
    x += kPixels * a.tap_x;
  }
}

using DepthwiseTiles = void (*)(const DepthwiseArgs&, std::int64_t tiles, const char* x, const char* weights,
                                const std::int32_t* init, void* out, std::int64_t pixel_bytes);

// Of tiles that write codes; null where the rule is none of the usual ones.
[[maybe_unused]] DepthwiseTiles coding_tiles3(const RuleArgs& rule) {
  if (!rule.clamp && rule.form == RuleForm::kQuarterF32) return &depthwise_tiles3<CodePixels<RuleForm::kQuarterF32>>;
  if (!rule.clamp && rule.form == RuleForm::kEvenF32) return &depthwise_tiles3<CodePixels<RuleForm::kEvenF32>>;
  return nullptr;
}

// Of the paths with a dot product of bytes.
[[maybe_unused]] void depthwise_narrow(const DepthwiseArgs& a) {
  const std::int64_t panel_bytes = (a.kernel_h + 3) / 4 * a.kernel_w * kQuad * 4;
  const std::int64_t pixels = a.out_height * a.out_width;
  const bool usual = a.kernel_w == 3 && a.kernel_h <= 4 && a.step_x == a.tap_x;
  const DepthwiseTiles coding = usual ? coding_tiles3(a.rule) : nullptr;
  const depthwise_pairs::Run pairs = depthwise_pairs::choose<Simd>(a);
  for (std::int64_t m0 = 0, m1 = 0; m0 < pixels; m0 = m1) {
    m1 = a.out.column_stride == 1 ? pixels : strip_end(m0, pixels);
    for (std::int64_t c = 0; c < a.channels; c += kQuad) {
      if (pairs != nullptr && c + kQuad <= a.channels) {
        pairs(a, c);
        continue;
      }
      StripWriter<kQuad, kPixels, true> writer(a.rule, a.out, c, a.channels);
      writer.begin(m0);
      const char* const weights = static_cast<const char*>(a.weights) + c / kQuad * panel_bytes;
      std::int64_t column = m0 % a.out_width;
      const char* row = static_cast<const char*>(a.x) + m0 / a.out_width * a.step_y + c;
      for (std::int64_t m = m0; m < m1;) {
        const std::int64_t in_row = a.out_width - column;
        const std::int64_t left = in_row < m1 - m ? in_row : m1 - m;
        const char* const x = row + column * a.step_x;
        std::int64_t done = left >= 4 ? 4 : left >= 2 ? 2 : 1;
        char* const codes = done == 4 && coding != nullptr ? writer.quads() : nullptr;
        if (codes != nullptr) {
          done = left / 4 * 4;
          coding(a, done / 4, x, weights, a.init + c, codes, writer.quad_bytes());
          writer.written(done);
        } else {
          if (done == 4 && usual) {
            depthwise_tiles3<KeepPixels>(a, 1, x, weights, a.init + c, writer.acc(), 0);
          } else {
            const auto run = done == 4 ? &depthwise_tile8<4> : done == 2 ? &depthwise_tile8<2> : &depthwise_tile8<1>;
            run(a, x, weights, a.init + c, writer.acc());
          }
          writer.finish(done);
        }
        m += done;
        column += done;
        if (column == a.out_width) column = 0, row += a.step_y;
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
