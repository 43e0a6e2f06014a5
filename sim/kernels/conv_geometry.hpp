// Convolutions as matmul over a padded HWC map: geometry, row tables, weight order, and the copy that pads.
//
//   padded map P[y, x, c], y < padded_height(), x < padded_width(); output pixel m = (oy, ox) starts at
//   P[oy * stride_h, ox * stride_w, 0]; run (i, j...) of its patch starts segment_offsets[s] further on.
//
// Width dilation 1: one run of kernel_w * channels per kernel row. Otherwise one run of `channels` per tap. With
// groups, one matmul per group: one run of channels / groups per tap, and Rows::x moved on by group * channels /
// groups.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/kernels/matmul.hpp"
#include "witin/types.hpp"

namespace witin::kernels {

struct ConvGeometry {
  std::int64_t channels = 1;  // of the map
  std::int64_t height = 1;
  std::int64_t width = 1;
  std::int64_t kernel_h = 1, kernel_w = 1;
  std::int64_t stride_h = 1, stride_w = 1;
  std::int64_t dilation_h = 1, dilation_w = 1;
  std::int64_t pad_top = 0, pad_left = 0, pad_bottom = 0, pad_right = 0;
  std::int64_t groups = 1;

  [[nodiscard]] std::int64_t padded_height() const { return height + pad_top + pad_bottom; }
  [[nodiscard]] std::int64_t padded_width() const { return width + pad_left + pad_right; }
  [[nodiscard]] std::int64_t padded_elements() const { return padded_height() * padded_width() * channels; }
  [[nodiscard]] std::int64_t out_height() const {
    return (padded_height() - dilation_h * (kernel_h - 1) - 1) / stride_h + 1;
  }
  [[nodiscard]] std::int64_t out_width() const {
    return (padded_width() - dilation_w * (kernel_w - 1) - 1) / stride_w + 1;
  }
  [[nodiscard]] std::int64_t out_pixels() const { return out_height() * out_width(); }
};

// For Rows::offsets, Rows::segment_offsets and PackedMatrix::pack. The padded map must have fewer than 2^31 elements.
struct ConvTables {
  std::vector<std::int32_t> offsets;          // [out_pixels]
  std::vector<std::int32_t> segment_offsets;  // [segments]
  std::int64_t k = 0;                         // of one group: kernel_h * kernel_w * channels / groups
  [[nodiscard]] std::int64_t segments() const { return static_cast<std::int64_t>(segment_offsets.size()); }
};
[[nodiscard]] ConvTables conv_tables(const ConvGeometry& geometry);

// OIHW weights [n, channels / groups, kernel_h, kernel_w] of one group (n outputs) -> the [k, n] matrix whose rows are
// ordered kernel row, kernel column, channel.
[[nodiscard]] std::vector<std::int16_t> conv_matrix(const ConvGeometry& geometry, std::int64_t n,
                                                    std::span<const std::int16_t> oihw);

// CHW codes -> padded HWC map in `format`; pads hold the code pad_code. out: padded_elements() + kReadSlack bytes.
void pad_map(Isa isa, const ConvGeometry& geometry, const void* codes, Storage from, XFormat format,
             std::int32_t pad_code, void* out);

}  // namespace witin::kernels
