#include "sim/noise/mbs_law.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include "sim/kernels/kernel_table.hpp"
#include "sim/noise/fixed.hpp"

namespace witin::noise {
namespace {

constexpr double kSilent = 6.4;
constexpr double kFloor = 12.88502;
constexpr std::array<double, 3> kLow{0.105176, 9.64785e-3, -4.71338e-5};  // s(x) below 128, by powers of x
constexpr std::array<double, 3> kHigh{3.61852, -0.0395859, 1.34244e-4};   // and from there on

constexpr double kStep = 0x1p-17;
constexpr std::int32_t kDriven = 255;     // what stands for x != 0; it meets twice w != 0
constexpr double kFirst = 32142 * kStep;  // 2 kDriven of it are kFloor^2 - kSilent^2
constexpr double kSecond = 21 * kStep;    // the largest s^2 in 15 bits
constexpr double kTakesBack = 80;         // |w| of which C replaces a residue of B
constexpr std::int32_t kHalf = 128;       // w^2 = kHalf h + l, C = kHalf C1 + C0
constexpr std::int32_t kFields = 4;

double slope(std::int32_t x) {
  const std::array<double, 3>& c = x < 128 ? kLow : kHigh;
  return c[0] + c[1] * x + c[2] * x * x;
}

// The functions of x that rows are made of, `bits` each, the first one lowest: [word][x].
struct Tables {
  std::array<std::array<std::uint32_t, 256>, 2> words{};
};

Tables make_tables(bool bytes) {
  Tables out;
  for (std::int32_t x = 1; x < 256; ++x) {
    const double s = slope(x);
    const double linear = 2 * kFloor * s;
    const double b = nearest(linear / kFirst);
    const auto c = static_cast<std::uint32_t>(nearest((s * s + (linear - b * kFirst) / kTakesBack) / kSecond));
    const std::uint32_t c1 = c / kHalf;
    const auto first = static_cast<std::uint32_t>(b);
    const auto i = static_cast<std::size_t>(x);
    out.words[0][i] = bytes ? c1 | c % kHalf << 8 | first << 16 | std::uint32_t{kDriven} << 24 : c | c1 << 16;
    out.words[1][i] = bytes ? 0 : first | std::uint32_t{kDriven} << 16;
  }
  return out;
}

const Tables& tables(bool bytes) {
  static const Tables narrow = make_tables(true);
  static const Tables wide = make_tables(false);
  return bytes ? narrow : wide;
}

}  // namespace

double mbs_sigma(std::int32_t x, std::int32_t w) {
  return x == 0 || w == 0 ? kSilent : kFloor + std::abs(w) * slope(x);
}

MbsVariance::MbsVariance(kernels::Isa isa, std::int64_t k, std::int64_t n, std::span<const std::int16_t> weight)
    : isa_(isa),
      bytes_(Product::code_bits(isa) == 8),
      k_(k),
      silent_(static_cast<std::size_t>(n), nearest(kSilent * kSilent / kStep) * kStep * static_cast<double>(k)) {
  // Negative, so that 128 fits 8 bits.
  const std::size_t cells = weight.size();
  std::vector<std::int16_t> first(2 * cells);
  std::vector<std::int16_t> high(cells);
  std::vector<std::int16_t> second(2 * cells);
  for (std::size_t i = 0; i < cells; ++i) {
    const std::int32_t w = std::abs(int{weight[i]});
    const std::int32_t h = (w * w + kHalf / 2 - 1) / kHalf;
    const auto l = static_cast<std::int16_t>(kHalf * h - w * w);
    first[i] = static_cast<std::int16_t>(-w);
    first[cells + i] = w != 0 ? -2 : 0;
    high[i] = static_cast<std::int16_t>(-h);
    second[i] = bytes_ ? l : high[i];
    second[cells + i] = bytes_ ? high[i] : l;
  }
  const auto add = [&](std::int64_t from, const std::vector<std::int16_t>& weights, CodeRange codes, double unit) {
    const std::int64_t rows = std::ssize(weights) / n;
    parts_.push_back({from * k, Product(isa, rows, n, codes, weights, unit)});
  };
  const CodeRange codes = bytes_ ? unsigned_range(8) : CodeRange{0, 32767};
  add(2, first, unsigned_range(8), -kFirst);
  add(0, second, codes, -kHalf * kSecond);
  if (bytes_) add(0, high, codes, -kHalf * kHalf * kSecond);
}

Codes MbsVariance::functions(const Codes& x, std::int64_t rows, ops::Scratch& scratch) const {
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
  const std::int64_t fields = bytes_ ? kFields : kFields / 2;  // of a word
  const Codes out{nullptr, bytes_ ? Storage::kU8 : Storage::kS16, kFields * k_};
  const std::size_t bytes = static_cast<std::size_t>(rows * out.stride) * size_of(out.storage) + kernels::kReadSlack;
  auto* const data = scratch.take<std::byte>(bytes).data();
  for (std::int64_t word = 0; word < kFields / fields; ++word) {
    kernels::kernel_table(isa_).noise.functions(
        {.codes = codes,
         .rows = rows,
         .row_stride = stride,
         .k = k_,
         .table = tables(bytes_).words[static_cast<std::size_t>(word)].data(),
         .bytes = bytes_,
         .out = data + static_cast<std::size_t>(word * fields * k_) * size_of(out.storage),
         .out_stride = out.stride});
  }
  return {data, out.storage, out.stride};
}

MbsVariance::Sums MbsVariance::multiply(const Codes& x, std::int64_t rows, ops::Scratch& scratch) const {
  const Codes functions = this->functions(x, rows, scratch);
  const auto sums = scratch.take<Product::Sums>(parts_.size());
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const auto* const data = static_cast<const std::byte*>(functions.data);
    const std::size_t first = static_cast<std::size_t>(parts_[i].first) * size_of(functions.storage);
    sums[i] = parts_[i].product.multiply({data + first, functions.storage, functions.stride}, rows, scratch);
  }
  return sums;
}

void MbsVariance::variance(const Sums& sums, std::int64_t first, std::int64_t count, double* out) const {
  const double* start = silent_.data();
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    parts_[i].product.accumulate(sums[i], first, count, start, out);
    start = nullptr;
  }
}

kernels::SquaresArgs MbsVariance::squares(const Sums& sums, std::int64_t first) const {
  kernels::SquaresArgs out{};
  out.silent = silent_.front();
  for (std::size_t i = 0; i < parts_.size(); ++i) parts_[i].product.add_to(out, sums[i], first);
  return out;
}

bool MbsVariance::finishes() const {
  return std::ranges::all_of(parts_, [](const Part& part) { return part.product.finishes(); });
}

double MbsVariance::largest_sigma() const {
  constexpr double kOfTheLaw = 1.01;
  return kOfTheLaw * std::sqrt(static_cast<double>(k_)) * mbs_sigma(255, 128);
}

}  // namespace witin::noise
