// Philox against its published known answers; standard normals equal on every path, computed alone or together.
#include "sim/kernels/normals.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <vector>

using namespace witin::kernels;

namespace {

std::vector<std::uint32_t> patterns(std::span<const float> values) {
  std::vector<std::uint32_t> out;
  for (const float v : values) out.push_back(std::bit_cast<std::uint32_t>(v));
  return out;
}

std::vector<float> samples(Isa isa, const NormalStream& stream, std::uint64_t first, std::size_t count) {
  std::vector<float> out(count);
  normals(isa, stream, first, out);
  return out;
}

// Fraction of a standard normal beyond t.
double tail(double t) { return 0.5 * std::erfc(t / std::sqrt(2.0)); }

}  // namespace

TEST_CASE("philox4x32: the known answers of Random123") {
  using Block = std::array<std::uint32_t, 4>;
  CHECK(philox4x32({0, 0, 0, 0}, {0, 0}) == Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  constexpr std::uint32_t kAll = 0xffffffff;
  CHECK(philox4x32({kAll, kAll, kAll, kAll}, {kAll, kAll}) == Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("normals: every path gives the bits of the reference, wherever a request begins and ends") {
  const NormalStream stream{{0x243f6a88, 0x85a308d3}, {7, 9}};
  for (const std::uint64_t first : {std::uint64_t{0}, std::uint64_t{77}, 6 * (std::uint64_t{1} << 32) - 100}) {
    const std::vector<float> expected = samples(Isa::kRef, stream, first, 5000);
    for (const Isa isa : runnable_isas()) {
      CAPTURE(name(isa));
      CHECK(patterns(samples(isa, stream, first, 5000)) == patterns(expected));
      for (const std::size_t at : {std::size_t{1}, std::size_t{95}, std::size_t{96}, std::size_t{4999}}) {
        CHECK(patterns(samples(isa, stream, first + at, 1)).front() == std::bit_cast<std::uint32_t>(expected[at]));
      }
    }
  }
}

TEST_CASE("normals: streams differ in every word of key and counter") {
  const NormalStream base{{1, 2}, {3, 4}};
  const auto expected = patterns(samples(Isa::kRef, base, 0, 64));
  for (int word = 0; word < 4; ++word) {
    NormalStream other = base;
    (word < 2 ? other.key[word] : other.words[word - 2]) ^= 1U << 31;
    CHECK(patterns(samples(Isa::kRef, other, 0, 64)) != expected);
  }
}

// Found by a search for words that round to 2^31, the only ones of a radius that is a difference, and for the least.
TEST_CASE("normals: the shortest and the longest radius") {
  const NormalStream stream{{1, 2}, {3, 4}};
  struct Case {
    std::uint64_t block;
    std::size_t pair;
    std::uint32_t word;
    double least, most;
  };
  const double longest = std::sqrt(2 * 31 * std::log(2.0));
  for (const Case& c : {Case{4265450, 0, 0x7fffffdf, 0, 1e-3}, Case{7565063, 1, 0xfffffff7, 0, 1e-3},
                        Case{104343794, 2, 0x00000001, longest - 1e-4, longest + 1e-4}}) {
    const auto low = static_cast<std::uint32_t>(c.block);
    REQUIRE(philox4x32({low, 0, 3, 4}, {1, 2})[c.pair] == c.word);
    for (const Isa isa : runnable_isas()) {
      CAPTURE(name(isa));
      const std::vector<float> chunk = samples(isa, stream, c.block / 16 * 96, 96);
      const std::size_t at = 32 * c.pair + c.block % 16;
      const double r = std::hypot(static_cast<double>(chunk[at]), static_cast<double>(chunk[at + 16]));
      CHECK(r >= c.least);  // false of a number that is none
      CHECK(r <= c.most);
    }
  }
}

TEST_CASE("normals: moments, tails and independence of 16 million samples") {
  const Isa isa = runnable_isas().back();
  constexpr std::size_t kEach = std::size_t{1} << 16;
  constexpr int kRounds = 256;
  const NormalStream stream{{11, 12}, {13, 14}};
  double n = 0, m1 = 0, m2 = 0, m3 = 0, m4 = 0, neighbours = 0;
  constexpr std::array<std::size_t, 4> kApart{1, 16, 32, 64};  // the other of a pair, other pairs of a block
  std::array<double, 4> squares{};
  std::array<double, 5> beyond{};
  for (int round = 0; round < kRounds; ++round) {
    const std::vector<float> z = samples(isa, stream, static_cast<std::uint64_t>(round) * kEach, kEach);
    for (std::size_t i = 0; i < kEach; ++i) {
      const double v = static_cast<double>(z[i]);
      n += 1;
      m1 += v;
      m2 += v * v;
      m3 += v * v * v;
      m4 += v * v * v * v;
      neighbours += v * static_cast<double>(z[(i + 1) % kEach]);
      for (std::size_t k = 0; k < kApart.size(); ++k) {
        const double other = static_cast<double>(z[(i + kApart[k]) % kEach]);
        squares[k] += v * v * other * other;
      }
      for (std::size_t t = 0; t < beyond.size(); ++t) beyond[t] += std::abs(v) > static_cast<double>(t + 1) ? 1 : 0;
    }
  }
  CHECK(std::abs(m1 / n) < 5 / std::sqrt(n));
  CHECK(std::abs(m2 / n - 1) < 5 * std::sqrt(2 / n));
  CHECK(std::abs(m3 / n) < 5 * std::sqrt(15 / n));
  CHECK(std::abs(m4 / n - 3) < 5 * std::sqrt(96 / n));
  CHECK(std::abs(neighbours / n) < 5 / std::sqrt(n));
  for (const double sum : squares) CHECK(std::abs(sum / n - 1) < 5 * std::sqrt(8 / n));
  for (std::size_t t = 0; t < beyond.size(); ++t) {
    const double p = 2 * tail(static_cast<double>(t + 1));
    CHECK(std::abs(beyond[t] / n - p) < 5 * std::sqrt(p / n));
  }
}
