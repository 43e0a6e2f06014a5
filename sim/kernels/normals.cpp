#include "sim/kernels/normals.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace witin::kernels {
namespace {

// The operations of body_noise.hpp on one sample, in the same order: the results are equal to the last bit.
float radius(std::uint32_t w) {
  const float u = static_cast<float>(static_cast<std::int32_t>(w >> 1)) * 0x1p-31F + 0x1p-32F;
  constexpr std::int32_t kSqrtHalf = 0x3f3504f3;
  const std::int32_t pattern = std::bit_cast<std::int32_t>(u) - kSqrtHalf;
  const auto exponent = static_cast<float>(pattern >> 23);
  const float f = std::bit_cast<float>((pattern & 0x007fffff) + kSqrtHalf) - 1.0F;
  const float s = f / (f + 2.0F);
  const float q = s * s;
  const float series = ((q * 0.222222222F + 0.285714286F) * q + 0.4F) * q + 0.666666667F;
  const float ln = exponent * 0.693147181F + (s * 2.0F + s * q * series);
  const float twice = ln * -2.0F;
  return twice > 0.0F ? std::sqrt(twice) : 0.0F;
}

struct Pair {
  float cosine = 0;
  float sine = 0;
};

Pair pair(std::uint32_t w, std::uint32_t angle) {
  const float r = radius(w);
  const auto quarter = static_cast<std::uint32_t>(static_cast<std::int32_t>(angle + 0x20000000U) >> 30);
  const float x = static_cast<float>(static_cast<std::int32_t>(angle - (quarter << 30))) * 0x1p-30F;
  const float y = x * x;
  const float sn =
      x * (((y * 0.00016044118F - 0.00468175414F) * y + 0.0796926262F) * y * y + (y * -0.645964098F + 1.57079633F));
  const float cs = (((y * 0.000919260274F - 0.0208634807F) * y + 0.253669508F) * y * y) + (y * -1.23370055F + 1.0F);
  const bool swap = (quarter & 1) != 0;
  const float c = swap ? sn : cs;
  const float s = swap ? cs : sn;
  return {r * (((quarter + 1) & 2) != 0 ? -c : c), r * ((quarter & 2) != 0 ? -s : s)};
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
      const Pair a = pair(w[0], w[1]);
      const Pair b = pair(w[2], w[3]);
      out[j] = a.cosine;
      out[kNormalBlocks + j] = a.sine;
      out[2 * kNormalBlocks + j] = b.cosine;
      out[3 * kNormalBlocks + j] = b.sine;
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
