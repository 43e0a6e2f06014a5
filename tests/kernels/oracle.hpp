// What the kernels must compute, written from the definition: int64 sums over plain matrices and maps.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "sim/kernels/conv_geometry.hpp"
#include "sim/kernels/matmul.hpp"
#include "witin/types.hpp"

namespace witin::testing {

using Codes = std::vector<std::int32_t>;

inline Codes random_codes(std::mt19937& random, std::size_t count, CodeRange range) {
  std::uniform_int_distribution<std::int32_t> pick(range.lo, range.hi);
  Codes codes(count);
  for (std::int32_t& code : codes) code = pick(random);
  return codes;
}

inline std::vector<std::int16_t> narrow(const Codes& codes) { return {codes.begin(), codes.end()}; }

// x [m, k], w [k, n] -> [m, n]
inline std::vector<std::int64_t> matmul(const Codes& x, const Codes& w, const Codes& bias, std::int64_t m,
                                        std::int64_t k, std::int64_t n) {
  std::vector<std::int64_t> acc(static_cast<std::size_t>(m * n));
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      std::int64_t sum = bias.empty() ? 0 : bias[static_cast<std::size_t>(j)];
      for (std::int64_t t = 0; t < k; ++t) {
        sum += std::int64_t{x[static_cast<std::size_t>(i * k + t)]} * w[static_cast<std::size_t>(t * n + j)];
      }
      acc[static_cast<std::size_t>(i * n + j)] = sum;
    }
  }
  return acc;
}

// x CHW, w [O, C / groups, kH, kW] -> [O, outH, outW]; padded pixels hold pad_code.
inline std::vector<std::int64_t> conv(const kernels::ConvGeometry& g, const Codes& x, const Codes& w, const Codes& bias,
                                      std::int64_t outputs, std::int32_t pad_code) {
  std::vector<std::int64_t> acc;
  const std::int64_t group_in = g.channels / g.groups;
  const std::int64_t group_out = outputs / g.groups;
  for (std::int64_t o = 0; o < outputs; ++o) {
    for (std::int64_t oy = 0; oy < g.out_height(); ++oy) {
      for (std::int64_t ox = 0; ox < g.out_width(); ++ox) {
        std::int64_t sum = bias.empty() ? 0 : bias[static_cast<std::size_t>(o)];
        for (std::int64_t c = 0; c < group_in; ++c) {
          for (std::int64_t i = 0; i < g.kernel_h; ++i) {
            for (std::int64_t j = 0; j < g.kernel_w; ++j) {
              const std::int64_t y = oy * g.stride_h + i * g.dilation_h - g.pad_top;
              const std::int64_t z = ox * g.stride_w + j * g.dilation_w - g.pad_left;
              const bool inside = y >= 0 && y < g.height && z >= 0 && z < g.width;
              const std::int64_t channel = o / group_out * group_in + c;
              const std::int32_t code =
                  inside ? x[static_cast<std::size_t>((channel * g.height + y) * g.width + z)] : pad_code;
              sum += std::int64_t{code} *
                     w[static_cast<std::size_t>(((o * group_in + c) * g.kernel_h + i) * g.kernel_w + j)];
            }
          }
        }
        acc.push_back(sum);
      }
    }
  }
  return acc;
}

// Codes in the storage a kernel wants, with slack behind them.
inline kernels::Buffer stored(const Codes& codes, kernels::XFormat format) {
  kernels::Buffer buffer(codes.size() * size_of(format.storage));
  kernels::convert_codes(kernels::Isa::kRef, codes.data(), Storage::kS32, static_cast<std::int64_t>(codes.size()),
                         format, buffer.data());
  return buffer;
}

}  // namespace witin::testing
