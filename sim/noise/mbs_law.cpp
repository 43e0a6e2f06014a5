#include "sim/noise/mbs_law.hpp"

#include <algorithm>
#include <cstdlib>

#include "sim/kernels/kernel_table.hpp"
#include "sim/noise/fixed.hpp"

namespace witin::noise {
namespace {

using Functions = std::array<double, 3>;

constexpr double kSilent = 6.4;
constexpr double kFloor = 12.88502;
constexpr Functions kLow{0.105176, 9.64785e-3, -4.71338e-5};  // s(x) below 128, by powers of x
constexpr Functions kHigh{3.61852, -0.0395859, 1.34244e-4};   // and from there on
// Steps of the three functions of x for few rows; their largest values are 189, 68.4 and 5.07.
constexpr std::array<double, 3> kScale{32, 96, 1536};

double slope(std::int32_t x) {
  const Functions& c = x < 128 ? kLow : kHigh;
  return c[0] + c[1] * x + c[2] * x * x;
}

Functions functions(std::int32_t x) {
  if (x == 0) return {};
  const double s = slope(x);
  return {(kFloor + s) * (kFloor + s) - kSilent * kSilent, 2 * (kFloor + s) * s, s * s};
}

struct WideTables {
  std::array<std::array<std::int16_t, 256>, 3> of{};
};
const WideTables& wide_tables() {
  static const WideTables made = [] {
    WideTables out;
    for (std::size_t x = 0; x < 256; ++x) {
      const Functions values = functions(static_cast<std::int32_t>(x));
      for (std::size_t i = 0; i < 3; ++i) out.of[i][x] = static_cast<std::int16_t>(nearest(values[i] * kScale[i]));
    }
    return out;
  }();
  return made;
}

// One step of each function in 8 bits: their largest values are just below 255.
const Functions& byte_steps() {
  static const Functions made = [] {
    constexpr double kMost = 254.9;
    Functions out{};
    for (std::int32_t x = 0; x < 256; ++x) {
      for (std::size_t i = 0; i < 3; ++i) out[i] = std::max(out[i], functions(x)[i] / kMost);
    }
    return out;
  }();
  return made;
}

CodeRange range_of(std::span<const std::int16_t> table) { return {0, *std::ranges::max_element(table)}; }

}  // namespace

double mbs_sigma(std::int32_t x, std::int32_t w) {
  return x == 0 || w == 0 ? kSilent : kFloor + std::abs(w) * slope(x);
}

MbsVariance::MbsVariance(kernels::Isa isa, std::int64_t k, std::int64_t n, std::span<const std::int16_t> weight)
    : isa_(isa), k_(k), silent_(static_cast<std::size_t>(n), kSilent * kSilent * static_cast<double>(k)) {
  std::vector<std::int16_t> some(weight.size());
  std::vector<std::int16_t> v(weight.size());
  std::vector<std::vector<std::int16_t>> square(2, std::vector<std::int16_t>(weight.size()));
  for (std::size_t i = 0; i < weight.size(); ++i) {
    some[i] = weight[i] != 0 ? 1 : 0;
    v[i] = static_cast<std::int16_t>(std::max(std::abs(int{weight[i]}) - 1, 0));
    square[0][i] = static_cast<std::int16_t>(v[i] * v[i] / 128);
    square[1][i] = static_cast<std::int16_t>(v[i] * v[i] % 128);
  }
  std::array<CodeRange, 3> codes;
  Functions step;
  if (k <= kFewRows) {
    for (std::size_t i = 0; i < 3; ++i) {
      codes[i] = range_of(wide_tables().of[i]);
      step[i] = 1 / kScale[i];
    }
  } else {
    codes.fill(unsigned_range(8));
    step = byte_steps();
    for (std::uint32_t row = 0; row < static_cast<std::uint32_t>(k); ++row) {
      constexpr std::uint32_t kGolden = 40503;  // 2^16 times the golden ratio: even steps of k spread evenly, too
      dither_.push_back(static_cast<float>(row * kGolden & 0xFFFFU) * 0x1p-16F);
    }
  }
  products_[0] = Product(isa, k, n, codes[0], std::span(&some, 1), {step[0]});
  products_[1] = Product(isa, k, n, codes[1], std::span(&v, 1), {step[1]});
  products_[2] = Product(isa, k, n, codes[2], square, {128 * step[2], step[2]});
}

MbsVariance::Sums MbsVariance::multiply(const Codes& x, std::int64_t rows, ops::Scratch& scratch) const {
  const auto* codes = static_cast<const std::uint8_t*>(x.data);
  std::int64_t stride = x.stride;
  if (size_of(x.storage) != 1) {
    const auto own = scratch.take<std::uint8_t>(static_cast<std::size_t>(rows * k_));
    for (std::int64_t m = 0; m < rows; ++m) {
      kernels::convert_codes(isa_, x.from(m).data, x.storage, k_, {Storage::kU8, 0}, own.data() + m * k_);
    }
    codes = own.data();
    stride = k_;
  }
  if (dither_.empty()) return multiply_wide(codes, stride, rows, scratch);
  std::array<std::uint8_t*, 3> values;
  for (std::uint8_t*& each : values) {
    each = scratch.take<std::uint8_t>(static_cast<std::size_t>(rows * k_) + kernels::kReadSlack).data();
  }
  kernels::DitherArgs args{};
  const Functions& step = byte_steps();
  for (std::size_t i = 0; i < 3; ++i) {
    args.low[i] = static_cast<float>(kLow[i]);
    args.high[i] = static_cast<float>(kHigh[i]);
    args.scale[i] = static_cast<float>((i == 1 ? 2 : 1) / step[i]);
  }
  args.codes = codes;
  args.rows = rows;
  args.row_stride = stride;
  args.k = k_;
  args.a = static_cast<float>(kFloor);
  args.base = static_cast<float>(0.5 - kSilent * kSilent / step[0]);
  args.dither = dither_.data();
  args.zeroth = values[0];
  args.first = values[1];
  args.second = values[2];
  kernels::kernel_table(isa_).noise.dither(args);
  Sums sums;
  for (std::size_t i = 0; i < 3; ++i) sums[i] = products_[i].multiply({values[i], Storage::kU8, k_}, rows, scratch);
  return sums;
}

MbsVariance::Sums MbsVariance::multiply_wide(const std::uint8_t* x, std::int64_t stride, std::int64_t rows,
                                             ops::Scratch& scratch) const {
  Sums sums;
  for (std::size_t i = 0; i < 3; ++i) {
    const auto values = scratch.take<std::int16_t>(static_cast<std::size_t>(rows * k_) + kernels::kReadSlack);
    for (std::int64_t m = 0; m < rows; ++m) {
      for (std::int64_t k = 0; k < k_; ++k) {
        values[static_cast<std::size_t>(m * k_ + k)] = wide_tables().of[i][x[m * stride + k]];
      }
    }
    sums[i] = products_[i].multiply({values.data(), Storage::kS16, k_}, rows, scratch);
  }
  return sums;
}

void MbsVariance::variance(const Sums& sums, std::int64_t first, std::int64_t count, double* out) const {
  products_[0].accumulate(sums[0], first, count, silent_.data(), out);
  for (std::size_t i = 1; i < 3; ++i) products_[i].accumulate(sums[i], first, count, nullptr, out);
}

}  // namespace witin::noise
