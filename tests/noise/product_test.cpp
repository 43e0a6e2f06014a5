// Codes of noisy cells from kernels that never write their sums, and from sums, against integers: every path, shapes
// that fit the kernels and others, accumulators anywhere and beside every change of codes.
#include "sim/noise/product.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <random>
#include <vector>

#include "sim/kernels/isa.hpp"
#include "sim/kernels/kernel_table.hpp"
#include "sim/noise/fixed.hpp"
#include "tests/kernels/noisy_code.hpp"

using namespace witin;

namespace {

struct NoisyCells {
  std::int64_t k, n, rows;
  bool quarters;
  std::int64_t g;
  std::int32_t most;  // cell

  std::vector<std::int32_t> cells;  // [k, n]
  std::vector<std::uint8_t> x;      // [rows, k], with slack
  std::vector<double> start;        // [n]

  [[nodiscard]] std::int64_t divisor() const { return g << noise::kFractionBits; }

  // Rows of random codes, and rows of one code that lead to within two units of a change.
  void fill(std::mt19937& random) {
    const auto draw = [&](std::int64_t lo, std::int64_t hi) {
      return std::uniform_int_distribution<std::int64_t>(lo, hi)(random);
    };
    cells.resize(static_cast<std::size_t>(k * n));
    for (std::int32_t& cell : cells) cell = static_cast<std::int32_t>(draw(-most, most));
    for (std::int64_t c = 0; c < n; ++c) cells[static_cast<std::size_t>(c)] = c % 2 == 0 ? 1 : -1;
    x.assign(static_cast<std::size_t>(rows * k) + kernels::kReadSlack, 0);
    for (std::int64_t m = 0; m < rows; ++m) {
      for (std::int64_t i = 0; i < k; ++i) {
        x[static_cast<std::size_t>(m * k + i)] = static_cast<std::uint8_t>(m % 3 == 0 ? i == 0 : draw(0, 255));
      }
    }
    for (std::int64_t c = 0; c < n; ++c) {
      const std::int64_t change = draw(-2 * 150, 2 * 150) * divisor() / (quarters ? 4 : 2);
      start.push_back(static_cast<double>(change + draw(-2, 2) - (c % 2 == 0 ? 1 : -1)));
    }
  }

  [[nodiscard]] std::vector<std::int8_t> expected() const {
    std::vector<std::int8_t> codes;
    for (std::int64_t m = 0; m < rows; ++m) {
      for (std::int64_t c = 0; c < n; ++c) {
        auto acc = static_cast<std::int64_t>(start[static_cast<std::size_t>(c)]);
        for (std::int64_t i = 0; i < k; ++i) {
          acc += std::int64_t{x[static_cast<std::size_t>(m * k + i)]} * cells[static_cast<std::size_t>(i * n + c)];
        }
        codes.push_back(static_cast<std::int8_t>(noisy_code(acc, divisor(), quarters)));
      }
    }
    return codes;
  }

  [[nodiscard]] noise::Product product(kernels::Isa isa, CodeRange codes = unsigned_range(8)) const {
    return noise::Product::fixed(isa, k, n, codes, 1, most, [&](std::int64_t row, std::int32_t* out) {
      std::copy_n(cells.begin() + row * n, n, out);
    });
  }

  // What finish() and codes() read; `quotients` must live as long.
  [[nodiscard]] kernels::FinishArgs args(std::vector<float>& quotients, std::int8_t* y8) const {
    kernels::FinishArgs a{};
    a.start = start.data();
    a.rule = {quarters,
              true,
              quarters ? 4.0 : 1.0,
              static_cast<double>(divisor()),
              quarters ? -4.0 * 128 - 2 : -128.0,
              quarters ? 4.0 * 127 + 1 : 127.0};
    for (const double v : start) {
      quotients.push_back(static_cast<float>(v / static_cast<double>(divisor()) + (quarters ? 0.125 : 0)));
    }
    a.start_quotient = quotients.data();
    a.y8 = y8;
    return a;
  }
};

constexpr double kLargestStart = 200;  // codes: start is within 150

}  // namespace

TEST_CASE("noise products: codes with and without sums in memory are those of integers, whatever the path and shape") {
  std::mt19937 random(1);
  for (const std::int64_t k : {1, 6, 64, 803}) {
    for (const std::int64_t n : {16, 48, 80, 10}) {
      for (const std::int64_t rows : {7, 8, 61}) {
        for (const std::int64_t g : {std::int64_t{2}, std::int64_t{900}, std::int64_t{100'001}}) {
          for (const bool quarters : {false, true}) {
            NoisyCells layer{k, n, rows, quarters, g, noise::kMostFixed, {}, {}, {}};
            layer.fill(random);
            const std::vector<std::int8_t> expected = layer.expected();
            for (const kernels::Isa isa : kernels::runnable_isas()) {
              CAPTURE(kernels::name(isa));
              CAPTURE(k);
              CAPTURE(n);
              CAPTURE(rows);
              CAPTURE(g);
              CAPTURE(quarters);
              const noise::Product product = layer.product(isa);
              const noise::Codes x{layer.x.data(), Storage::kU8, k};
              ops::Scratch scratch;
              std::vector<float> quotients;
              std::vector<std::int8_t> y(expected.size());
              kernels::FinishArgs args = layer.args(quotients, y.data());
              const bool can = product.makes_codes(kLargestStart, args);
              // So many codes over so small a divisor leave nothing to binary32.
              const bool certain = k < 803 || g > 2;
              CHECK(can == (certain && kernels::kernel_table(isa).noise.product_codes != nullptr));
              const std::int64_t done = can ? product.codes(x, rows, kLargestStart, args, scratch) : 0;
              CHECK(done == (can && n % 16 == 0 ? rows / 8 * 8 : 0));
              args.y8 += done * n;
              product.finish(product.multiply(x.from(done), rows - done, scratch), 0, rows - done, kLargestStart, args);
              REQUIRE(y == expected);
            }
          }
        }
      }
    }
  }
}

// Row c is the worst for the lowest digit of column c, most where it is positive and least where not, and leads to
// within two units of a change: what is said of a code without that digit must be far enough from it.
TEST_CASE("noise products: codes do not depend on when the lowest digit is multiplied") {
  std::mt19937 random(3);
  const auto draw = [&](std::int64_t lo, std::int64_t hi) {
    return std::uniform_int_distribution<std::int64_t>(lo, hi)(random);
  };
  for (const bool is_signed : {false, true}) {
    for (const std::int32_t most : {noise::kMostFixed, 1 << 21, 150 << 14, 77'777, 30}) {
      for (const std::int64_t k : {130, 803}) {
        for (const bool quarters : {false, true}) {
          for (const std::int64_t g : {std::int64_t{6'000}, std::int64_t{100'001}}) {
            NoisyCells layer{k, 48, 48, quarters, g, most, {}, {}, {}};
            layer.cells.resize(static_cast<std::size_t>(k * layer.n));
            for (std::int32_t& cell : layer.cells) cell = static_cast<std::int32_t>(draw(-most, most));
            int bits = 1;  // of the lowest digit
            while (32'639LL << bits < most) ++bits;
            const std::int64_t low = std::int64_t{1} << bits;
            layer.x.assign(static_cast<std::size_t>(layer.rows * k) + kernels::kReadSlack, 0xff);
            std::vector<std::int8_t> expected;
            std::vector<std::int64_t> sums;
            for (std::int64_t m = 0; m < layer.rows; ++m) {
              for (std::int64_t i = 0; i < k; ++i) {
                const std::int64_t digit =
                    (layer.cells[static_cast<std::size_t>(i * layer.n + m)] + low / 2) & (low - 1);
                const bool positive = digit > low / 2;
                layer.x[static_cast<std::size_t>(m * k + i)] = is_signed
                                                                   ? static_cast<std::uint8_t>(positive ? 127 : -128)
                                                               : positive ? 255
                                                                          : 0;
              }
              for (std::int64_t c = 0; c < layer.n; ++c) {
                std::int64_t acc = 0;
                for (std::int64_t i = 0; i < k; ++i) {
                  const std::uint8_t code = layer.x[static_cast<std::size_t>(m * k + i)];
                  acc += (is_signed ? std::int64_t{static_cast<std::int8_t>(code)} : std::int64_t{code}) *
                         layer.cells[static_cast<std::size_t>(i * layer.n + c)];
                }
                sums.push_back(acc);
              }
            }
            const std::int64_t step = layer.divisor() / (quarters ? 4 : 2);
            for (std::int64_t c = 0; c < layer.n; ++c) {
              const std::int64_t acc = sums[static_cast<std::size_t>(c * layer.n + c)];
              layer.start.push_back(static_cast<double>(acc / step * step - acc + draw(-2, 2)));
            }
            for (std::size_t i = 0; i < sums.size(); ++i) {
              const auto start = static_cast<std::int64_t>(layer.start[i % static_cast<std::size_t>(layer.n)]);
              expected.push_back(static_cast<std::int8_t>(noisy_code(sums[i] + start, layer.divisor(), quarters)));
            }
            const CodeRange range = is_signed ? signed_range(8) : unsigned_range(8);
            for (const kernels::Isa isa : kernels::runnable_isas()) {
              if (kernels::kernel_table(isa).noise.product_codes == nullptr) continue;
              CAPTURE(kernels::name(isa));
              CAPTURE(is_signed);
              CAPTURE(most);
              CAPTURE(k);
              CAPTURE(quarters);
              CAPTURE(g);
              const noise::Product product = layer.product(isa, range);
              ops::Scratch scratch;
              std::vector<float> quotients;
              std::vector<std::int8_t> y(expected.size());
              const kernels::FinishArgs args = layer.args(quotients, y.data());
              REQUIRE(product.makes_codes(kLargestStart, args));
              const Storage storage = is_signed ? Storage::kS8 : Storage::kU8;
              REQUIRE(product.codes({layer.x.data(), storage, k}, layer.rows, kLargestStart, args, scratch) ==
                      layer.rows);
              CHECK(y == expected);
            }
          }
        }
      }
    }
  }
}

TEST_CASE("noise products: codes with samples are those of the reference path, of digits and of one plane") {
  std::mt19937 random(2);
  std::normal_distribution<float> normal;
  for (const bool digits : {true, false}) {
    for (const int variant : {0, 1, 2, 3}) {
      const bool quarters = variant % 2 != 0;
      const std::int64_t g = variant < 2 ? 1000 : 60'000;
      NoisyCells layer{100, 128, 61, quarters, g, noise::kMostFixed, {}, {}, {}};
      layer.fill(random);
      std::vector<std::int16_t> weights(layer.cells.size());
      for (std::int16_t& w : weights) w = static_cast<std::int16_t>(static_cast<int>(random() % 256) - 128);
      std::vector<float> z(static_cast<std::size_t>(layer.rows * layer.n));
      for (float& v : z) v = normal(random);
      const auto codes_of = [&](kernels::Isa isa, std::int64_t& done) {
        const noise::Product product =
            digits ? layer.product(isa)
                   : noise::Product(isa, layer.k, layer.n, unsigned_range(8), weights, double{1 << 14});
        const noise::Codes x{layer.x.data(), Storage::kU8, layer.k};
        ops::Scratch scratch;
        std::vector<float> quotients;
        std::vector<std::int8_t> y(z.size());
        kernels::FinishArgs args = layer.args(quotients, y.data());
        args.z = z.data();
        args.z_factor = 2.0 * static_cast<double>(layer.divisor());
        done =
            product.makes_codes(kLargestStart, args) ? product.codes(x, layer.rows, kLargestStart, args, scratch) : 0;
        args.y8 += done * layer.n;
        args.z += done * layer.n;
        product.finish(product.multiply(x.from(done), layer.rows - done, scratch), 0, layer.rows - done, kLargestStart,
                       args);
        return y;
      };
      std::int64_t done = 0;
      const std::vector<std::int8_t> expected = codes_of(kernels::Isa::kRef, done);
      for (const kernels::Isa isa : kernels::runnable_isas()) {
        CAPTURE(kernels::name(isa));
        CAPTURE(digits);
        CAPTURE(variant);
        REQUIRE(codes_of(isa, done) == expected);
        CHECK((done > 0) == (kernels::kernel_table(isa).noise.product_codes != nullptr));
      }
    }
  }
}
