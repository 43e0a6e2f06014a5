// What the kernels must compute, written from the definition: int64 sums over plain matrices and maps.
#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "sim/kernels/matmul.hpp"
#include "witin/types.hpp"

namespace witin::testing {

using Codes = std::vector<std::int32_t>;

// A convolution over a map that is padded as [y][x][channel].
struct ConvGeometry {
  std::int64_t channels = 1, height = 1, width = 1;
  std::int64_t kernel_h = 1, kernel_w = 1;
  std::int64_t stride_h = 1, stride_w = 1;
  std::int64_t dilation_h = 1, dilation_w = 1;
  std::int64_t pad_top = 0, pad_left = 0, pad_bottom = 0, pad_right = 0;
  std::int64_t groups = 1;

  [[nodiscard]] std::int64_t padded_height() const { return height + pad_top + pad_bottom; }
  [[nodiscard]] std::int64_t padded_width() const { return width + pad_left + pad_right; }
  [[nodiscard]] std::int64_t map_row() const { return padded_width() * channels; }
  [[nodiscard]] std::int64_t out_height() const {
    return (padded_height() - dilation_h * (kernel_h - 1) - 1) / stride_h + 1;
  }
  [[nodiscard]] std::int64_t out_width() const {
    return (padded_width() - dilation_w * (kernel_w - 1) - 1) / stride_w + 1;
  }
  [[nodiscard]] std::int64_t out_pixels() const { return out_height() * out_width(); }
  [[nodiscard]] std::int64_t k() const { return kernel_h * kernel_w * channels / groups; }
};

// Starts of the patches, and of the runs inside a patch: whole kernel rows where possible, else single taps.
struct ConvTables {
  std::vector<std::int64_t> rows, segments;
};

inline ConvTables conv_tables(const ConvGeometry& g) {
  ConvTables tables;
  for (std::int64_t y = 0; y < g.out_height(); ++y) {
    for (std::int64_t x = 0; x < g.out_width(); ++x) {
      tables.rows.push_back(y * g.stride_h * g.map_row() + x * g.stride_w * g.channels);
    }
  }
  const bool whole_rows = g.dilation_w == 1 && g.groups == 1;
  for (std::int64_t i = 0; i < g.kernel_h; ++i) {
    for (std::int64_t j = 0; j < (whole_rows ? 1 : g.kernel_w); ++j) {
      tables.segments.push_back(i * g.dilation_h * g.map_row() + j * g.dilation_w * g.channels);
    }
  }
  return tables;
}

// OIHW weights of n outputs -> [k, n] with rows ordered kernel row, kernel column, channel.
inline std::vector<std::int16_t> conv_matrix(const ConvGeometry& g, std::int64_t n,
                                             std::span<const std::int32_t> oihw) {
  const std::int64_t channels = g.channels / g.groups;
  const std::int64_t taps = g.kernel_h * g.kernel_w;
  std::vector<std::int16_t> matrix(oihw.size());
  std::size_t from = 0;
  for (std::int64_t o = 0; o < n; ++o) {
    for (std::int64_t c = 0; c < channels; ++c) {
      for (std::int64_t tap = 0; tap < taps; ++tap) {
        matrix[static_cast<std::size_t>((tap * channels + c) * n + o)] = static_cast<std::int16_t>(oihw[from++]);
      }
    }
  }
  return matrix;
}

inline Codes random_codes(std::mt19937& random, std::size_t count, CodeRange range) {
  std::uniform_int_distribution<std::int32_t> pick(range.lo, range.hi);
  Codes codes(count);
  for (std::int32_t& code : codes) code = pick(random);
  return codes;
}

inline kernels::Operands operands_of(kernels::Isa isa, CodeRange x, std::span<const std::int16_t> weights) {
  return kernels::choose_operands(isa, x, kernels::range_of(weights));
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
inline std::vector<std::int64_t> conv(const ConvGeometry& g, const Codes& x, const Codes& w, const Codes& bias,
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

// CHW codes -> the padded map.
inline kernels::Buffer padded_map(const ConvGeometry& g, const Codes& x, std::int32_t pad_code,
                                  kernels::XFormat format) {
  Codes map(static_cast<std::size_t>(g.padded_height() * g.map_row()), pad_code);
  for (std::int64_t c = 0; c < g.channels; ++c) {
    for (std::int64_t y = 0; y < g.height; ++y) {
      for (std::int64_t z = 0; z < g.width; ++z) {
        map[static_cast<std::size_t>((y + g.pad_top) * g.map_row() + (z + g.pad_left) * g.channels + c)] =
            x[static_cast<std::size_t>((c * g.height + y) * g.width + z)];
      }
    }
  }
  return stored(map, format);
}

}  // namespace witin::testing
