// The noise kernels of every path: cells and their digits, accumulators, and codes that are reckoned in binary32 where
// that is enough, against exact integers.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "sim/kernels/isa.hpp"
#include "sim/kernels/kernel_table.hpp"
#include "tests/kernels/noisy_code.hpp"

using namespace witin::kernels;

namespace {

constexpr std::int64_t kCellUnit = 1 << 14;

struct FinishCase {
  std::int64_t columns;
  int planes, squares;
  bool samples, quarters, bytes;
  std::int64_t g;
};

// Everything finish() reads, with quotients near the numbers where codes change.
class FinishRun {
 public:
  FinishRun(const FinishCase& c, std::mt19937& random) : c_(c), stride_((c.columns + 15) / 16 * 16) {
    const auto draw = [&](std::int64_t lo, std::int64_t hi) {
      return std::uniform_int_distribution<std::int64_t>(lo, hi)(random);
    };
    std::normal_distribution<float> normal;
    for (int i = 0; i < c.planes; ++i) units_[i] = static_cast<double>(std::int64_t{1} << (8 * i));
    start_.resize(size(c.columns));
    for (double& v : start_) v = static_cast<double>(draw(-3 * kCellUnit * c.g, 3 * kCellUnit * c.g));
    sums_.resize(size(kRows * c.planes * stride_));
    squares_.resize(size(c.squares), std::vector<std::int32_t>(size(kRows * stride_)));
    for (auto& sums : squares_) {
      for (std::int32_t& v : sums) v = static_cast<std::int32_t>(draw(0, 1 << 20));
    }
    z_.resize(size(kRows * c.columns));
    for (float& v : z_) v = normal(random);
    square_z_ = z_;
    std::ranges::reverse(square_z_);
    // Digits of what lies at most two units beside a change; one plane alone can hold it.
    for (std::int64_t m = 0; m < kRows; ++m) {
      for (std::int64_t n = 0; n < c.columns; ++n) {
        const std::int64_t change = draw(-2 * 150, 2 * 150) * c.g * kCellUnit / (c.quarters ? 4 : 2);
        std::int64_t rest = change + draw(-2, 2) - static_cast<std::int64_t>(start_[size(n)]) - drawn(m, n);
        for (int i = c.planes - 1; i >= 0; --i) {
          const std::int64_t digit = i == 0 ? rest : rest >> (8 * i);
          rest -= digit << (8 * i);
          sums_[sum_at(m, i, n)] = static_cast<std::int32_t>(digit);
        }
      }
    }
  }

  [[nodiscard]] std::vector<std::int32_t> run(Isa isa) const {
    std::vector<std::int32_t> y(size(kRows * c_.columns), 1000);
    std::vector<std::int8_t> y8(y.size(), 77);
    std::vector<float> start_quotient;
    FinishArgs a{};
    a.sums = {sums_.data(), kRows, c_.columns, c_.planes, c_.planes * stride_};
    std::ranges::copy(units_, a.units);
    a.start = start_.data();
    a.rule = {c_.quarters,
              true,
              c_.quarters ? 4.0 : 1.0,
              static_cast<double>(c_.g * kCellUnit),
              c_.quarters ? -4.0 * 128 - 2 : -128.0,
              c_.quarters ? 4.0 * 127 + 1 : 127.0};
    const double eighth = c_.quarters ? 0.125 : 0;
    for (const double v : start_) start_quotient.push_back(static_cast<float>(v / a.rule.divisor + eighth));
    a.start_quotient = start_quotient.data();
    a.squares.count = c_.squares;
    for (int i = 0; i < c_.squares; ++i) {
      a.squares.sums[i] = squares_[size(i)].data();
      a.squares.units[i] = square_unit(i);
    }
    a.squares.row_stride = stride_;
    a.squares.silent = kSilent;
    a.squares.z = square_z_.data();
    a.squares.factor = kSquareFactor;
    a.z = c_.samples ? z_.data() : nullptr;
    a.z_factor = kSampleFactor;
    a.margin = 1.0F / 64;
    a.y = y.data();
    a.y8 = c_.bytes ? y8.data() : nullptr;
    kernel_table(isa).noise.finish(a);
    if (c_.bytes) y.assign(y8.begin(), y8.end());
    return y;
  }

  // By the rule, in integers.
  [[nodiscard]] std::vector<std::int32_t> expected() const {
    std::vector<std::int32_t> y;
    for (std::int64_t m = 0; m < kRows; ++m) {
      for (std::int64_t n = 0; n < c_.columns; ++n) {
        auto acc = static_cast<std::int64_t>(start_[size(n)]) + drawn(m, n);
        for (int i = 0; i < c_.planes; ++i) {
          acc += std::int64_t{sums_[sum_at(m, i, n)]} << (8 * i);
        }
        y.push_back(static_cast<std::int32_t>(noisy_code(acc, c_.g * kCellUnit, c_.quarters)));
      }
    }
    return y;
  }

 private:
  static constexpr std::int64_t kRows = 3;
  static constexpr double kSilent = 40.96, kSquareFactor = 1000, kSampleFactor = 70000;

  static std::size_t size(std::int64_t n) { return static_cast<std::size_t>(n); }
  // 16 columns of each plane lie together.
  [[nodiscard]] std::size_t sum_at(std::int64_t m, std::int64_t plane, std::int64_t n) const {
    return size(((m * stride_ + n) / 16 * c_.planes + plane) * 16 + n % 16);
  }
  static double square_unit(int i) { return 1.0 / (1 << (4 * i)); }

  // The samples, rounded.
  [[nodiscard]] std::int64_t drawn(std::int64_t m, std::int64_t n) const {
    const std::size_t at = size(m * c_.columns + n);
    double all = 0;
    if (c_.squares != 0) {
      double variance = kSilent;
      for (int i = 0; i < c_.squares; ++i) {
        variance += square_unit(i) * static_cast<double>(squares_[size(i)][size(m * stride_ + n)]);
      }
      all += std::nearbyint(std::sqrt(variance) * static_cast<double>(square_z_[at]) * kSquareFactor);
    }
    if (c_.samples) all += std::nearbyint(static_cast<double>(z_[at]) * kSampleFactor);
    return static_cast<std::int64_t>(all);
  }

  FinishCase c_;
  std::int64_t stride_;
  double units_[kMostPlanes]{};
  std::vector<double> start_;
  std::vector<std::int32_t> sums_;
  std::vector<std::vector<std::int32_t>> squares_;
  std::vector<float> z_, square_z_;
};

}  // namespace

TEST_CASE("noise kernels: codes near every change are the rule's, whatever the path, shape, samples and output") {
  std::mt19937 random(1);
  for (const std::int64_t columns : {1, 7, 16, 31, 63, 64, 65, 130, 256}) {
    for (const auto& sums : {std::pair{1, 0}, {2, 0}, {3, 0}, {1, 2}, {1, 3}}) {
      const int planes = sums.first;
      const int squares = sums.second;
      for (int form = 0; form < 8; ++form) {
        if (squares != 0 && (form & 1) == 0) continue;  // mbs has samples of its output
        for (const std::int64_t g : {1, 37, 512}) {
          const FinishCase c{columns, planes, squares, (form & 1) != 0, (form & 2) != 0, (form & 4) != 0, g};
          const FinishRun finish(c, random);
          const std::vector<std::int32_t> expected = finish.expected();
          for (const Isa isa : runnable_isas()) {
            CAPTURE(name(isa));
            CAPTURE(columns);
            CAPTURE(planes);
            CAPTURE(squares);
            CAPTURE(form);
            CAPTURE(g);
            REQUIRE(finish.run(isa) == expected);
          }
        }
      }
    }
  }
}

TEST_CASE("noise kernels: cells are weights with rounded samples, and digits make them up") {
  constexpr std::int64_t kColumns = 80;
  constexpr std::int32_t kMost = (1 << 23) - (1 << 16);
  std::mt19937 random(2);
  std::normal_distribution<float> normal(0, 20);
  std::vector<std::int16_t> weight(kColumns);
  std::vector<float> z(kColumns), common(kColumns);
  for (std::size_t n = 0; n < weight.size(); ++n) {
    weight[n] = static_cast<std::int16_t>(static_cast<int>(random() % 256) - 128);
    z[n] = normal(random);
    common[n] = normal(random);
  }
  for (const Isa isa : runnable_isas()) {
    CAPTURE(name(isa));
    const KernelTable& table = kernel_table(isa);
    for (int terms = 0; terms < 4; ++terms) {
      std::vector<std::int32_t> cells(kColumns), expected;
      table.noise.cells({.weight = weight.data(),
                         .z = (terms & 1) != 0 ? z.data() : nullptr,
                         .common_z = (terms & 2) != 0 ? common.data() : nullptr,
                         .additive = 1.25,
                         .relative = 0.0625,
                         .common = 2.5,
                         .count = kColumns,
                         .most = kMost,
                         .small = terms == 1,
                         .cells = cells.data()});
      for (std::size_t n = 0; n < weight.size(); ++n) {
        double cell = weight[n] * 16384.0;
        if ((terms & 1) != 0) cell += (1.25 + 0.0625 * std::abs(int{weight[n]})) * 16384 * static_cast<double>(z[n]);
        if ((terms & 2) != 0) cell += 2.5 * 16384 * static_cast<double>(common[n]);
        expected.push_back(static_cast<std::int32_t>(std::clamp<double>(std::nearbyint(cell), -kMost, kMost)));
      }
      CHECK(cells == expected);
    }
    for (const int low_bits : {1, 3, 7, 8, 12}) {
      const bool wide = low_bits == 12;
      const int rows = wide ? 2 : 4;
      const int digits = wide ? 2 : 3;
      const std::int32_t most = wide || low_bits == 8 ? kMost : 32'639 << low_bits;
      std::vector<std::int32_t> cells(static_cast<std::size_t>(rows * kColumns)), sums(cells.size());
      for (std::int32_t& v : cells)
        v = static_cast<std::int32_t>(random() % (2U * static_cast<unsigned>(most) + 1)) - most;
      std::vector<std::uint8_t> packed(static_cast<std::size_t>(digits * kColumns * 4));
      table.noise.digits({.cells = cells.data(),
                          .columns = kColumns,
                          .wide = wide,
                          .low_bits = low_bits,
                          .weights = packed.data(),
                          .panel = table.panel,
                          .groups = 1,
                          .index = 0});
      // With one group a panel is its columns one after the other, the rows of each together.
      for (std::size_t i = 0; i < static_cast<std::size_t>(digits * kColumns); ++i) {
        for (std::size_t row = 0; row < static_cast<std::size_t>(rows); ++row) {
          const std::uint8_t* const at = packed.data() + 4 * i + (wide ? 2 * row : row);
          const auto digit = wide ? static_cast<std::int16_t>(at[0] | at[1] << 8) : static_cast<std::int8_t>(at[0]);
          const auto block = i / 16;
          const auto plane = static_cast<int>(block % static_cast<std::size_t>(digits));
          const std::size_t column = block / static_cast<std::size_t>(digits) * 16 + i % 16;
          sums[row * kColumns + column] += digit * (plane == 0 ? 1 : 1 << (low_bits + 8 * (plane - 1)));
        }
      }
      CHECK(sums == cells);
    }
  }
}
