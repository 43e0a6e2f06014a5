#include "sim/noise/mbs_law.hpp"

#include <algorithm>
#include <cstdlib>

#include "sim/noise/fixed.hpp"

namespace witin::noise {
namespace {

constexpr double kSilent = 6.4;
constexpr double kFloor = 12.88502;
// Steps of the three functions of x; their largest values are 189, 68.4 and 5.07.
constexpr std::array<double, 3> kScale{32, 96, 1536};

double slope(std::int32_t x) {
  const double v = x;
  return x < 128 ? 0.105176 + 9.64785e-3 * v - 4.71338e-5 * v * v : 3.61852 - 0.0395859 * v + 1.34244e-4 * v * v;
}

using Table = std::array<std::int16_t, 256>;

const std::array<Table, 3>& tables() {
  static const std::array<Table, 3> kTables = [] {
    std::array<Table, 3> out{};
    for (std::int32_t x = 1; x < 256; ++x) {
      const double s = slope(x);
      const std::array<double, 3> values{(kFloor + s) * (kFloor + s) - kSilent * kSilent, 2 * (kFloor + s) * s, s * s};
      for (std::size_t i = 0; i < 3; ++i) {
        out[i][static_cast<std::size_t>(x)] = static_cast<std::int16_t>(nearest(values[i] * kScale[i]));
      }
    }
    return out;
  }();
  return kTables;
}

CodeRange range_of(const Table& table) { return {0, *std::ranges::max_element(table)}; }

}  // namespace

double mbs_sigma(std::int32_t x, std::int32_t w) {
  return x == 0 || w == 0 ? kSilent : kFloor + std::abs(w) * slope(x);
}

MbsVariance::MbsVariance(kernels::Isa isa, std::int64_t k, std::int64_t n, std::span<const std::int16_t> weight)
    : k_(k), n_(n) {
  std::vector<std::int16_t> some(weight.size());
  std::vector<std::int16_t> v(weight.size());
  std::vector<std::vector<std::int16_t>> square(2, std::vector<std::int16_t>(weight.size()));
  for (std::size_t i = 0; i < weight.size(); ++i) {
    some[i] = weight[i] != 0 ? 1 : 0;
    v[i] = static_cast<std::int16_t>(std::max(std::abs(int{weight[i]}) - 1, 0));
    square[0][i] = static_cast<std::int16_t>(v[i] * v[i] / 128);
    square[1][i] = static_cast<std::int16_t>(v[i] * v[i] % 128);
  }
  products_[0] = Product(isa, k, n, range_of(tables()[0]), std::span(&some, 1), {1 / kScale[0]});
  products_[1] = Product(isa, k, n, range_of(tables()[1]), std::span(&v, 1), {1 / kScale[1]});
  products_[2] = Product(isa, k, n, range_of(tables()[2]), square, {128 / kScale[2], 1 / kScale[2]});
}

void MbsVariance::run(const std::int16_t* x, std::int64_t count, double* out, ops::Scratch& scratch) const {
  const ops::Scratch::Mark mark = scratch.mark();
  std::fill_n(out, count * n_, kSilent * kSilent * static_cast<double>(k_));
  const auto values = scratch.take<std::int16_t>(static_cast<std::size_t>(count * k_));
  for (std::size_t i = 0; i < products_.size(); ++i) {
    const Table& table = tables()[i];
    for (std::size_t j = 0; j < values.size(); ++j) values[j] = table[static_cast<std::size_t>(x[j])];
    products_[i].add(values.data(), count, out, scratch);
  }
  scratch.rewind(mark);
}

}  // namespace witin::noise
