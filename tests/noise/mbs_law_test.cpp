// The variance of mbs from integer products against the law itself, cell by cell in binary64: random matrices, and
// patterns in which errors of single cells cannot cancel.
#include "sim/noise/mbs_law.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>

#include "sim/kernels/isa.hpp"

using namespace witin;

namespace {

constexpr std::int64_t kLawColumns = 17;

// Of sigma, in any accumulator whatever x and w, and in those of many different cells.
constexpr double kWorst = 0.004;
constexpr double kTypical = 0.0005;

double law(std::int32_t x, std::int32_t w) {
  if (x == 0 || w == 0) return 6.4;
  const double s =
      x < 128 ? 0.105176 + 9.64785e-3 * x - 4.71338e-5 * x * x : 3.61852 - 0.0395859 * x + 1.34244e-4 * x * x;
  return 12.88502 + std::abs(w) * s;
}

struct Case {
  std::int64_t rows = 0;
  std::vector<std::uint8_t> x;       // [frames, rows]
  std::vector<std::int16_t> weight;  // [rows, kLawColumns]
  [[nodiscard]] std::int64_t frames() const { return std::ssize(x) / rows; }
};

Case make(std::int64_t rows, std::int64_t frames, const std::function<int(std::int64_t, std::int64_t)>& x,
          const std::function<int(std::int64_t, std::int64_t)>& w) {
  Case out{rows, {}, {}};
  for (std::int64_t m = 0; m < frames; ++m) {
    for (std::int64_t k = 0; k < rows; ++k) out.x.push_back(static_cast<std::uint8_t>(x(m, k)));
  }
  for (std::int64_t k = 0; k < rows; ++k) {
    for (std::int64_t n = 0; n < kLawColumns; ++n) out.weight.push_back(static_cast<std::int16_t>(w(k, n)));
  }
  return out;
}

std::vector<double> variances(kernels::Isa isa, const Case& c) {
  const noise::MbsVariance mbs(isa, c.rows, kLawColumns, c.weight);
  ops::Scratch scratch;
  std::vector<std::uint8_t> x = c.x;
  x.resize(x.size() + kernels::kReadSlack);
  const auto sums = mbs.multiply({x.data(), Storage::kU8, c.rows}, c.frames(), scratch);
  std::vector<double> out(static_cast<std::size_t>(c.frames() * kLawColumns));
  mbs.variance(sums, 0, c.frames(), out.data());
  return out;
}

// The largest relative error of sigma; the same variances on every path.
double worst(const Case& c) {
  const std::vector<double> found = variances(kernels::Isa::kRef, c);
  for (const kernels::Isa isa : kernels::runnable_isas()) {
    CAPTURE(name(isa));
    CHECK(variances(isa, c) == found);
  }
  double most = 0;
  for (std::int64_t m = 0; m < c.frames(); ++m) {
    for (std::int64_t n = 0; n < kLawColumns; ++n) {
      double variance = 0;
      for (std::int64_t k = 0; k < c.rows; ++k) {
        const double sigma =
            law(c.x[static_cast<std::size_t>(m * c.rows + k)], c.weight[static_cast<std::size_t>(k * kLawColumns + n)]);
        variance += sigma * sigma;
      }
      most = std::max(most, std::abs(std::sqrt(found[static_cast<std::size_t>(m * kLawColumns + n)] / variance) - 1));
    }
  }
  return most;
}

// Codes of frame m, the smallest first.
constexpr int kCodes[] = {1, 2, 3, 5, 9, 17, 40, 127, 128, 147, 200, 255};
constexpr std::int64_t kLawFrames = std::ssize(kCodes);
int code(std::int64_t m, std::int64_t) { return kCodes[m]; }
// Weights of column n: both signs, the ends of the range included.
constexpr int kWeights[] = {1, -2, 3, -5, 7, -11, 16, -23, 32, -45, 64, 80, -90, 100, 127, -128, 128};
int weight(std::int64_t n) { return kWeights[n]; }

}  // namespace

TEST_CASE("mbs law: every code with every weight, alone") {
  for (int first = 0; first <= 128; first += static_cast<int>(kLawColumns)) {
    const auto w = [&](std::int64_t, std::int64_t n) { return std::min(first + static_cast<int>(n), 128); };
    const auto x = [](std::int64_t m, std::int64_t) { return static_cast<int>(m); };
    CHECK(worst(make(1, 256, x, w)) < kWorst);
  }
}

TEST_CASE("mbs law: weight at even steps of many rows") {
  for (const std::int64_t step : {1, 2, 8, 21, 34, 55, 89, 144, 233, 512}) {
    CAPTURE(step);
    for (const std::int64_t first : {0, 1, 13}) {
      CAPTURE(first);
      const auto w = [&](std::int64_t k, std::int64_t n) { return k % step == first % step ? weight(n) : 0; };
      CHECK(worst(make(800, kLawFrames, code, w)) < kWorst);
    }
  }
}

TEST_CASE("mbs law: rows without codes or weights add nothing that is not the law's") {
  // One cell carries all; the others are 1 or 0, on either side.
  const auto one = [](std::int64_t k, std::int64_t n) { return k == 433 ? weight(n) : 0; };
  CHECK(worst(make(800, kLawFrames, code, one)) < kWorst);
  const auto among_ones = [](std::int64_t k, std::int64_t n) { return k == 433 ? weight(n) : 1; };
  CHECK(worst(make(800, kLawFrames, code, among_ones)) < kWorst);
  const auto lonely = [](std::int64_t m, std::int64_t k) { return k == 101 ? kCodes[m] : 0; };
  CHECK(worst(make(800, kLawFrames, lonely, [](std::int64_t, std::int64_t n) { return weight(n); })) < kWorst);
  const auto binary = [](std::int64_t m, std::int64_t k) { return static_cast<int>(k * (m + 3) % 7 < 3); };
  for (const std::int64_t step : {1, 34}) {
    const auto w = [&](std::int64_t k, std::int64_t n) { return k % step == 0 ? weight(n) : 0; };
    CHECK(worst(make(700, kLawFrames, binary, w)) < kWorst);
  }
  // Beyond what one int32 sum of the wide kernels holds.
  CHECK(worst(make(
            4000, 2, [](std::int64_t, std::int64_t) { return 255; },
            [](std::int64_t, std::int64_t n) { return weight(n); })) < kWorst);
}

TEST_CASE("mbs law: many different cells") {
  std::mt19937 random(5);
  std::uniform_int_distribution<int> codes(0, 255);
  std::uniform_int_distribution<int> small(0, 12);
  std::normal_distribution<double> weights(0, 30);
  const auto w = [&](std::int64_t, std::int64_t) {
    return static_cast<int>(std::clamp(weights(random), -128.0, 127.0));
  };
  for (const std::int64_t rows : {64, 300, 1023}) {
    CHECK(worst(make(
              rows, 8, [&](std::int64_t, std::int64_t) { return codes(random); }, w)) < kTypical);
    CHECK(worst(make(
              rows, 8, [&](std::int64_t, std::int64_t) { return small(random); }, w)) < 3 * kTypical);
  }
}
