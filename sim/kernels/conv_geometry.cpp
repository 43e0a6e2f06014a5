#include "sim/kernels/conv_geometry.hpp"

#include <algorithm>
#include <cassert>

namespace witin::kernels {
namespace {

template <typename From, typename To>
void pad(const ConvGeometry& g, const From* codes, std::int32_t offset, std::int32_t pad_code, To* out) {
  std::fill_n(out, g.padded_elements(), static_cast<To>(pad_code + offset));
  for (std::int64_t c = 0; c < g.channels; ++c) {
    for (std::int64_t y = 0; y < g.height; ++y) {
      const From* row = codes + (c * g.height + y) * g.width;
      To* to = out + ((y + g.pad_top) * g.padded_width() + g.pad_left) * g.channels + c;
      for (std::int64_t x = 0; x < g.width; ++x) to[x * g.channels] = static_cast<To>(row[x] + offset);
    }
  }
}

template <typename From>
void pad_from(const ConvGeometry& g, const void* codes, XFormat format, std::int32_t pad_code, void* out) {
  const auto* from = static_cast<const From*>(codes);
  switch (format.storage) {
    case Storage::kS8:
      return pad(g, from, format.offset, pad_code, static_cast<std::int8_t*>(out));
    case Storage::kU8:
      return pad(g, from, format.offset, pad_code, static_cast<std::uint8_t*>(out));
    case Storage::kS16:
      return pad(g, from, format.offset, pad_code, static_cast<std::int16_t*>(out));
    case Storage::kS32:
      return pad(g, from, format.offset, pad_code, static_cast<std::int32_t*>(out));
  }
}

}  // namespace

ConvTables conv_tables(const ConvGeometry& g) {
  assert(g.padded_elements() < (std::int64_t{1} << 31));
  ConvTables tables;
  tables.k = g.kernel_h * g.kernel_w * (g.channels / g.groups);
  const std::int64_t map_row = g.padded_width() * g.channels;
  for (std::int64_t oy = 0; oy < g.out_height(); ++oy) {
    for (std::int64_t ox = 0; ox < g.out_width(); ++ox) {
      tables.offsets.push_back(static_cast<std::int32_t>(oy * g.stride_h * map_row + ox * g.stride_w * g.channels));
    }
  }
  const bool whole_rows = g.dilation_w == 1 && g.groups == 1;
  for (std::int64_t i = 0; i < g.kernel_h; ++i) {
    for (std::int64_t j = 0; j < (whole_rows ? 1 : g.kernel_w); ++j) {
      tables.segment_offsets.push_back(
          static_cast<std::int32_t>(i * g.dilation_h * map_row + j * g.dilation_w * g.channels));
    }
  }
  return tables;
}

std::vector<std::int16_t> conv_matrix(const ConvGeometry& g, std::int64_t n, std::span<const std::int16_t> oihw) {
  const std::int64_t channels = g.channels / g.groups;
  const std::int64_t taps = g.kernel_h * g.kernel_w;
  assert(oihw.size() == static_cast<std::size_t>(n * channels * taps));
  std::vector<std::int16_t> matrix(oihw.size());
  std::size_t from = 0;
  for (std::int64_t o = 0; o < n; ++o) {
    for (std::int64_t c = 0; c < channels; ++c) {
      for (std::int64_t tap = 0; tap < taps; ++tap) {
        matrix[static_cast<std::size_t>((tap * channels + c) * n + o)] = oihw[from++];
      }
    }
  }
  return matrix;
}

void pad_map(Isa /*isa*/, const ConvGeometry& geometry, const void* codes, Storage from, XFormat format,
             std::int32_t pad_code, void* out) {
  switch (from) {
    case Storage::kS8:
      return pad_from<std::int8_t>(geometry, codes, format, pad_code, out);
    case Storage::kU8:
      return pad_from<std::uint8_t>(geometry, codes, format, pad_code, out);
    case Storage::kS16:
      return pad_from<std::int16_t>(geometry, codes, format, pad_code, out);
    case Storage::kS32:
      return pad_from<std::int32_t>(geometry, codes, format, pad_code, out);
  }
}

}  // namespace witin::kernels
