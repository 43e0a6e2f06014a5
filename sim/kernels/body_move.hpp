// Moving and converting elements: byte transposition, change of storage. Part of body.hpp.
#pragma once

namespace {

WITIN_INLINE void copy_bytes(void* to, const void* from, std::int64_t count) {
  __builtin_memcpy(to, from, static_cast<std::size_t>(count));
}

constexpr std::int64_t kTransposeRows = 16;
constexpr std::int64_t kTransposeColumns = 4 * Simd::kLanes;

// 16 rows of kTransposeColumns bytes -> kTransposeColumns rows of 16 bytes. Four rounds of interleaving row i with row
// i + 8 transpose each 16 x 16 block, one block in each 128-bit lane.
WITIN_INLINE void transpose_block(const char* in, std::int64_t in_stride, char* out, std::int64_t out_stride,
                                  Simd::I flip) {
  Simd::I a[16];
  WITIN_UNROLL
  for (int i = 0; i < 16; ++i) a[i] = Simd::flip(Simd::load(in + i * in_stride), flip);
  WITIN_UNROLL
  for (int round = 0; round < 4; ++round) {
    Simd::I b[16];
    WITIN_UNROLL
    for (int i = 0; i < 8; ++i) {
      b[2 * i] = Simd::interleave8_low(a[i], a[i + 8]);
      b[2 * i + 1] = Simd::interleave8_high(a[i], a[i + 8]);
    }
    WITIN_UNROLL
    for (int i = 0; i < 16; ++i) a[i] = b[i];
  }
  WITIN_UNROLL
  for (int lane = 0; lane < Simd::kLanes / 4; ++lane) {
    WITIN_UNROLL
    for (int i = 0; i < 16; ++i) Simd::store_lane(out + (16 * lane + i) * out_stride, a[i], lane);
  }
}

void transpose(const witin::kernels::TransposeArgs& t) {
  const auto* in = static_cast<const char*>(t.in);
  auto* out = static_cast<char*>(t.out);
  const Simd::I flip = Simd::splat8(t.flip);
  alignas(64) char from[kTransposeRows * kTransposeColumns] = {};
  alignas(64) char to[kTransposeColumns * kTransposeRows];
  for (std::int64_t r = 0; r < t.rows; r += kTransposeRows) {
    const std::int64_t rows = t.rows - r < kTransposeRows ? t.rows - r : kTransposeRows;
    for (std::int64_t c = 0; c < t.columns; c += kTransposeColumns) {
      const std::int64_t columns = t.columns - c < kTransposeColumns ? t.columns - c : kTransposeColumns;
      const char* block = in + r * t.in_stride + c;
      char* target = out + c * t.out_stride + r;
      const bool whole_rows = rows == kTransposeRows;
      if (whole_rows && columns == kTransposeColumns) {
        transpose_block(block, t.in_stride, target, t.out_stride, flip);
        continue;
      }
      for (std::int64_t i = 0; i < rows; ++i)
        copy_bytes(from + i * kTransposeColumns, block + i * t.in_stride, columns);
      transpose_block(from, kTransposeColumns, to, kTransposeRows, flip);
      for (std::int64_t i = 0; i < columns; ++i) {
        if (whole_rows) {
          copy_bytes(target + i * t.out_stride, to + i * kTransposeRows, kTransposeRows);
        } else {
          copy_bytes(target + i * t.out_stride, to + i * kTransposeRows, rows);
        }
      }
    }
  }
}

template <typename From, typename To>
void convert_loop(const void* codes, std::int64_t count, void* out, std::int32_t offset) {
  const auto* from = static_cast<const From*>(codes);
  auto* to = static_cast<To*>(out);
  for (std::int64_t i = 0; i < count; ++i) to[i] = static_cast<To>(from[i] + offset);
}

template <typename From>
void convert_from(const void* codes, std::int64_t count, void* out, Element to, std::int32_t offset) {
  switch (to) {
    case Element::kS8:
      return convert_loop<From, std::int8_t>(codes, count, out, offset);
    case Element::kU8:
      return convert_loop<From, std::uint8_t>(codes, count, out, offset);
    case Element::kS16:
      return convert_loop<From, std::int16_t>(codes, count, out, offset);
    case Element::kS32:
      return convert_loop<From, std::int32_t>(codes, count, out, offset);
  }
}

void convert(const void* codes, Element from, std::int64_t count, void* out, Element to, std::int32_t offset) {
  switch (from) {
    case Element::kS8:
      return convert_from<std::int8_t>(codes, count, out, to, offset);
    case Element::kU8:
      return convert_from<std::uint8_t>(codes, count, out, to, offset);
    case Element::kS16:
      return convert_from<std::int16_t>(codes, count, out, to, offset);
    case Element::kS32:
      return convert_from<std::int32_t>(codes, count, out, to, offset);
  }
}

}  // namespace
