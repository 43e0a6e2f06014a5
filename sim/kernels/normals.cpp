#include "sim/kernels/normals.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace witin::kernels {
namespace {

// The operations of body_noise.hpp on one sample, in the same order: the results are equal to the last bit.
float radius(std::uint32_t w) {
  const auto pattern = std::bit_cast<std::uint32_t>(static_cast<float>((w & 0x7fffffff) | 1));
  const auto exponent = static_cast<float>(pattern >> 23);
  const float f = std::bit_cast<float>((pattern & 0x007fffff) | 0x3f000000) - 1.0F;
  const float ln =
      ((((f * 2.30138437F + 1.48705729F) * f + 1.26019962F) * f - 0.520687351F) * f + 1.0125387F) * f - 1.999646F;
  return std::sqrt(f * ln + (157.0F - exponent) * 1.38629436F);
}

struct Pair {
  float cosine = 0;
  float sine = 0;
};

// upper: the nine upper bits of the angle are its bits 14 to 22.
Pair pair(std::uint32_t w, std::uint32_t upper) {
  const float r = radius(w);
  const float x = std::bit_cast<float>(0x40000000 | (upper & 0x007fc000) | (w & 0x3fff)) - 3.0F;
  const float y = x * x;
  const float s = x * (((y * -0.0043330956F + 0.0794343427F) * y - 0.645892859F) * y + 1.57079101F);
  const float c = ((y * -0.0190958045F + 0.252580345F) * y - 1.23348451F) * y + 0.999993324F;
  return {(w >> 31 != 0 ? -r : r) * c, r * s};
}

}  // namespace

std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53U} * counter[0];
    const std::uint64_t p1 = std::uint64_t{0xCD9E8D57U} * counter[2];
    counter = {static_cast<std::uint32_t>(p1 >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(p1),
               static_cast<std::uint32_t>(p0 >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(p0)};
    key = {key[0] + 0x9E3779B9U, key[1] + 0xBB67AE85U};
  }
  return counter;
}

void reference_normals(const NormalStream& stream, std::uint64_t first_chunk, std::int64_t chunks, float* out) {
  for (std::uint64_t chunk = first_chunk; chunk < first_chunk + static_cast<std::uint64_t>(chunks); ++chunk) {
    for (std::uint64_t j = 0; j < kNormalBlocks; ++j) {
      const std::uint64_t block = chunk * kNormalBlocks + j;
      const auto w = philox4x32({static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32),
                                 stream.words[0], stream.words[1]},
                                {stream.key[0], stream.key[1]});
      const std::array<std::uint32_t, kNormalPairs> upper{w[3], w[3] >> 9, w[3] << 9};
      for (std::uint64_t i = 0; i < kNormalPairs; ++i) {
        const Pair z = pair(w[i], upper[i]);
        out[2 * i * kNormalBlocks + j] = z.cosine;
        out[(2 * i + 1) * kNormalBlocks + j] = z.sine;
      }
    }
    out += kNormalChunk;
  }
}

void normals(Isa isa, const NormalStream& stream, std::uint64_t first, std::span<float> out) {
  constexpr std::uint64_t kChunk = kNormalChunk;
  const KernelTable& kernels = kernel_table(isa);
  std::array<float, kChunk> edge;
  while (!out.empty()) {
    const std::uint64_t skip = first % kChunk;
    if (skip == 0 && out.size() >= kChunk) {
      const std::size_t whole = out.size() / kChunk;
      kernels.normals(stream, first / kChunk, static_cast<std::int64_t>(whole), out.data());
      out = out.subspan(whole * kChunk);
      first += whole * kChunk;
      continue;
    }
    kernels.normals(stream, first / kChunk, 1, edge.data());
    const std::size_t used = std::min<std::size_t>(kChunk - skip, out.size());
    std::copy_n(edge.begin() + static_cast<std::ptrdiff_t>(skip), used, out.begin());
    out = out.subspan(used);
    first += used;
  }
}

}  // namespace witin::kernels
