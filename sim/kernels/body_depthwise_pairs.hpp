// Depthwise convolution with 3 x 3 taps in steps of one over maps of bytes, by pairs of output rows: four rows of a
// map, interleaved once, serve both. Part of body.hpp.
//
// Small accumulators begin at the bits of kFloatStart and are floats when they end, without a conversion: what is added
// to the bits, up to 2^22 either way, is added to the number.
#pragma once

namespace {

namespace depthwise_pairs {

using witin::kernels::DepthwiseArgs;

constexpr int kTaps = 3;
constexpr int kRows = 2;                    // of output
constexpr int kPixels = 4;                  // of each
constexpr float kFloatStart = 12582912.0F;  // 1.5 * 2^23

// What one panel needs.
struct Panel {
  Simd::I init[4];
  alignas(64) std::uint32_t weights[kRows][kTaps * kQuad];  // [tap][4][lane], a byte for each of the four rows

  Panel(const DepthwiseArgs& a, std::int64_t c, bool floats) {
    std::int32_t bits = 0;
    if (floats) copy_bytes(&bits, &kFloatStart, sizeof bits);
    for (int i = 0; i < 4; ++i) init[i] = Simd::add(Simd::load(a.init + c + i * Simd::kLanes), Simd::splat(bits));
    copy_bytes(weights[0], static_cast<const char*>(a.weights) + c * kTaps * 4, sizeof weights[0]);
    for (int i = 0; i < kTaps * kQuad; ++i) weights[1][i] = weights[0][i] << 8;  // the fourth row's weight is 0
  }
};

// Accumulators that are floats -> what Convert makes of them as numbers; f32(acc) * scale is rounded once here too.
template <RuleForm kForm, class V>
class ConvertFloats {
 public:
  explicit ConvertFloats(const RuleArgs& rule)
      : scale_(V::splat(static_cast<float>(rule.scale))),
        shift_(V::splat(-kFloatStart * static_cast<float>(rule.scale))) {}

  WITIN_INLINE typename V::I operator()(typename V::I acc) const {
    const typename V::F f = V::fma(V::as_f32(acc), scale_, shift_);
    return is_quarter(kForm) ? V::trunc(f) : V::rne(f);
  }

 private:
  typename V::F scale_, shift_;
};

// Of half of the channels: four rows of one column, interleaved.
template <int kHalf, class V>
WITIN_INLINE void interleave(const DepthwiseArgs& a, const char* x, typename V::I (&column)[2]) {
  using I = typename V::I;
  const auto interleave8 = [](I upper, I lower) WITIN_INLINE_LAMBDA {
    return kHalf == 0 ? V::interleave8_low(upper, lower) : V::interleave8_high(upper, lower);
  };
  const I upper = interleave8(V::load(x), V::load(x + a.tap_y));
  const I lower = interleave8(V::load(x + 2 * a.tap_y), V::load(x + 3 * a.tap_y));
  column[0] = V::interleave16_low(upper, lower);
  column[1] = V::interleave16_high(upper, lower);
}

// The columns that a tile shares with the one before, of each half of the channels.
constexpr int kShared = kTaps - 1;
template <class V>
using Shared = typename V::I[2][kShared][2];

template <class V>
WITIN_INLINE void begin(const DepthwiseArgs& a, const char* x, Shared<V>& shared) {
  WITIN_UNROLL
  for (int c = 0; c < kShared; ++c, x += a.tap_x) {
    interleave<0, V>(a, x, shared[0][c]);
    interleave<1, V>(a, x, shared[1][c]);
  }
}

// Half of the channels of a tile: codes in 16 bits. x: the first tap of the first pixel. shared: this tile's, then that
// of the next.
template <int kHalf, bool kQuarter, class V, class Converter>
WITIN_INLINE void half_tile(const DepthwiseArgs& a, const Panel& panel, const Converter& convert, const char* x,
                            typename V::I (&shared)[kShared][2], typename V::I (&codes)[kRows][kPixels]) {
  using I = typename V::I;
  I acc[kRows][kPixels][2];
  WITIN_UNROLL
  for (int p = 0; p < kPixels; ++p) {
    WITIN_UNROLL
    for (int i = 0; i < 2; ++i) acc[0][p][i] = acc[1][p][i] = panel.init[2 * kHalf + i];
  }
  WITIN_UNROLL
  for (int c = 0; c < kPixels + kShared; ++c) {
    I column[2];
    if (c < kShared) {
      column[0] = shared[c][0];
      column[1] = shared[c][1];
    } else {
      interleave<kHalf, V>(a, x + c * a.tap_x, column);
    }
    if (c >= kPixels) {
      shared[c - kPixels][0] = column[0];
      shared[c - kPixels][1] = column[1];
    }
    WITIN_UNROLL
    for (int tap = 0; tap < kTaps; ++tap) {
      const int p = c - tap;
      if (p < 0 || p >= kPixels) continue;
      WITIN_UNROLL
      for (int row = 0; row < kRows; ++row) {
        WITIN_UNROLL
        for (int i = 0; i < 2; ++i) {
          const I w = V::load(panel.weights[row] + (tap * 4 + 2 * kHalf + i) * V::kLanes);
          acc[row][p][i] = V::dot8(acc[row][p][i], column[i], w);
        }
      }
    }
  }
  WITIN_UNROLL
  for (int row = 0; row < kRows; ++row) {
    WITIN_UNROLL
    for (int p = 0; p < kPixels; ++p) {
      codes[row][p] = pack_half<kQuarter>(convert(acc[row][p][0]), convert(acc[row][p][1]));
    }
  }
}

// Channels [c, c + kQuad) of all outputs. The last tile and the last pair of rows may overlap those before them.
template <RuleForm kForm, bool kFloats, class V, class Converter>
WITIN_NOINLINE void run(const DepthwiseArgs& a, std::int64_t c) {
  const Panel panel(a, c, kFloats);
  const Converter convert(a.rule);
  const std::int64_t pixel_bytes = a.out.row_stride;
  for (std::int64_t next_y = 0; next_y < a.out_height; next_y += kRows) {
    const std::int64_t y = next_y + kRows <= a.out_height ? next_y : a.out_height - kRows;
    Shared<V> shared;
    for (std::int64_t next_x = 0; next_x < a.out_width; next_x += kPixels) {
      const std::int64_t x = next_x + kPixels <= a.out_width ? next_x : a.out_width - kPixels;
      const char* const from = static_cast<const char*>(a.x) + y * a.step_y + x * a.step_x + c;
      if (x == 0 || x != next_x) begin<V>(a, from, shared);
      typename V::I low[kRows][kPixels];
      typename V::I high[kRows][kPixels];
      half_tile<0, is_quarter(kForm), V>(a, panel, convert, from, shared[0], low);
      half_tile<1, is_quarter(kForm), V>(a, panel, convert, from, shared[1], high);
      WITIN_UNROLL
      for (int row = 0; row < kRows; ++row) {
        char* const to = static_cast<char*>(a.out.data) + ((y + row) * a.out_width + x) * pixel_bytes + c;
        WITIN_UNROLL
        for (int p = 0; p < kPixels; ++p) V::store(to + p * pixel_bytes, V::pack8(low[row][p], high[row][p]));
      }
    }
  }
}

using Run = void (*)(const DepthwiseArgs&, std::int64_t c);

// Whether kFloatStart * scale is a float: then the shift of ConvertFloats is exact.
WITIN_INLINE bool shifts_exactly(double scale) {
  const double shift = static_cast<double>(kFloatStart) * static_cast<float>(scale);
  return static_cast<double>(static_cast<float>(shift)) == shift;
}

template <RuleForm kForm, class V>
Run choose(const DepthwiseArgs& a) {
  return a.small && shifts_exactly(a.rule.scale) ? &run<kForm, true, V, ConvertFloats<kForm, V>>
                                                 : &run<kForm, false, V, Convert<kForm, false>>;
}

// Of maps, kernels, rules and outputs that it is for; null for others.
template <class V>
Run choose(const DepthwiseArgs& a) {
  const bool kernel = a.kernel_h == kTaps && a.kernel_w == kTaps && a.step_x == a.tap_x && a.step_y == a.tap_y;
  const bool bytes = a.out.element == Element::kS8 && a.out.column_stride == 1 && a.out.row_offsets == nullptr;
  if (!kernel || !bytes || a.out_height < kRows || a.out_width < kPixels || a.rule.clamp) return nullptr;
  if constexpr (V::kHasDot8) {
    if (a.rule.form == RuleForm::kQuarterF32) return choose<RuleForm::kQuarterF32, V>(a);
    if (a.rule.form == RuleForm::kEvenF32) return choose<RuleForm::kEvenF32, V>(a);
  }
  return nullptr;
}

}  // namespace depthwise_pairs

}  // namespace
