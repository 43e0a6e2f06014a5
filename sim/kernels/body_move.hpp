// Moving and converting elements: byte transposition, change of storage. Part of body.hpp.
#pragma once

namespace {

WITIN_INLINE void copy_bytes(void* to, const void* from, std::int64_t count) {
  __builtin_memcpy(to, from, static_cast<std::size_t>(count));
}

constexpr int kBytesAcross = 16;               // a block of the transposition is 16 x 16 bytes
constexpr int kBlockLanes = Simd::kLanes / 4;  // blocks in a vector, one in each 128-bit lane

// Rows of kBlocks * 16 bytes. A vector holds one row of kBlocks blocks, or where these are fewer than its lanes, rows i
// of several groups of 16 rows.
template <int kBlocks>
struct ByteBlocks {
  static constexpr int kGroups = kBlockLanes / kBlocks > 0 ? kBlockLanes / kBlocks : 1;
  static constexpr int kAcross = kBlocks < kBlockLanes ? kBlocks : kBlockLanes;  // blocks of one group
  static constexpr std::int64_t kRows = 16 * kGroups;
  static constexpr std::int64_t kColumns = 16 * kAcross;

  // in: kRows x kColumns. Four rounds of interleaving vector i with vector i + 8 transpose every block.
  static WITIN_INLINE void run(const char* in, std::int64_t in_stride, char* out, std::int64_t out_stride,
                               Simd::I flip) {
    Simd::I a[kBytesAcross];
    WITIN_UNROLL
    for (int i = 0; i < 16; ++i) {
      a[i] = Simd::flip(Simd::template load_lanes<kAcross>(in + i * in_stride, 16 * in_stride), flip);
    }
    WITIN_UNROLL
    for (int round = 0; round < 4; ++round) {
      Simd::I b[kBytesAcross];
      WITIN_UNROLL
      for (int i = 0; i < 8; ++i) {
        b[2 * i] = Simd::interleave8_low(a[i], a[i + 8]);
        b[2 * i + 1] = Simd::interleave8_high(a[i], a[i + 8]);
      }
      WITIN_UNROLL
      for (int i = 0; i < 16; ++i) a[i] = b[i];
    }
    WITIN_UNROLL
    for (int lane = 0; lane < kGroups * kAcross; ++lane) {
      char* const to = out + 16 * (lane % kAcross) * out_stride + 16 * (lane / kAcross);
      WITIN_UNROLL
      for (int i = 0; i < 16; ++i) Simd::store_lane(to + i * out_stride, a[i], lane);
    }
  }

  // Any block: by way of the stack.
  static WITIN_NOINLINE void run_part(const char* in, std::int64_t in_stride, std::int64_t rows, std::int64_t columns,
                                      char* out, std::int64_t out_stride, Simd::I flip) {
    alignas(64) char from[extent(kRows * kColumns) + 64] = {};
    alignas(64) char to[extent(kColumns * kRows)];
    for (std::int64_t i = 0; i < rows; ++i) copy_bytes(from + i * kColumns, in + i * in_stride, columns);
    run(from, kColumns, to, kRows, flip);
    for (std::int64_t i = 0; i < columns; ++i) copy_bytes(out + i * out_stride, to + i * kRows, rows);
  }

  // The last rows are done together with some before them, where there are any: the bytes come out the same.
  static void run_all(const char* in, std::int64_t in_stride, std::int64_t rows, std::int64_t columns, char* out,
                      std::int64_t out_stride, std::uint8_t flip_byte) {
    const Simd::I flip = Simd::splat8(flip_byte);
    for (std::int64_t c = 0; c < columns; c += kColumns) {
      for (std::int64_t r = 0; r < rows; r += kRows) {
        const std::int64_t first = r + kRows <= rows || rows < kRows ? r : rows - kRows;
        const char* const block = in + first * in_stride + c;
        char* const to = out + c * out_stride + first;
        if (first + kRows <= rows && c + kColumns <= columns) {
          run(block, in_stride, to, out_stride, flip);
        } else {
          const std::int64_t rows_left = rows - first < kRows ? rows - first : kRows;
          run_part(block, in_stride, rows_left, columns - c < kColumns ? columns - c : kColumns, to, out_stride, flip);
        }
      }
    }
  }
};

void transpose(const witin::kernels::TransposeArgs& t) {
  const auto* in = static_cast<const char*>(t.in);
  auto* out = static_cast<char*>(t.out);
  const auto run = t.columns > 2 * kBytesAcross ? &ByteBlocks<4>::run_all
                   : t.columns > kBytesAcross   ? &ByteBlocks<2>::run_all
                                                : &ByteBlocks<1>::run_all;
  run(in, t.in_stride, t.rows, t.columns, out, t.out_stride, t.flip);
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

// kShift: 0 or 8; a shift the compiler knows keeps the lanes as wide as Work.
template <typename Work, int kShift, typename From, typename To>
void part_loop(const witin::kernels::PartArgs& a) {
  constexpr int kSign = 8 * static_cast<int>(sizeof(Work)) - 1;
  const auto mask = static_cast<Work>(a.mask);
  const auto positive = static_cast<Work>(a.positive ? -1 : 0);
  const auto negative = static_cast<Work>(a.negative ? -1 : 0);
  const auto with_sign = static_cast<Work>(a.with_sign ? -1 : 0);
  const auto offset = static_cast<Work>(a.offset);
  for (std::int64_t row = 0; row < a.rows; ++row) {
    const auto* from = static_cast<const From*>(a.codes) + row * a.in_stride;
    auto* to = static_cast<To*>(a.out) + row * a.out_stride;
    for (std::int64_t i = 0; i < a.count; ++i) {
      const auto code = static_cast<Work>(from[i]);
      const auto sign = static_cast<Work>(code >> kSign);
      const auto magnitude = static_cast<Work>((code ^ sign) - sign);
      const auto taken = static_cast<Work>((sign & negative) | (~sign & positive));
      const auto part = static_cast<Work>((magnitude >> kShift) & mask & taken);
      const auto back = static_cast<Work>(sign & with_sign);
      to[i] = static_cast<To>(((part ^ back) - back) + offset);
    }
  }
}

template <typename Work, int kShift, typename From>
void part_to(const witin::kernels::PartArgs& a) {
  if (a.to == Element::kU8) return part_loop<Work, kShift, From, std::uint8_t>(a);
  if (a.to == Element::kS8) return part_loop<Work, kShift, From, std::int8_t>(a);
  part_loop<Work, kShift, From, std::int16_t>(a);
}

template <typename Work, typename From>
void part_from(const witin::kernels::PartArgs& a) {
  if (a.shift == 0) return part_to<Work, 0, From>(a);
  part_to<Work, 8, From>(a);
}

void part(const witin::kernels::PartArgs& a) {
  switch (a.from) {
    case Element::kS8:
      return part_from<std::int16_t, std::int8_t>(a);
    case Element::kU8:
      return part_from<std::int16_t, std::uint8_t>(a);
    case Element::kS16:
      return part_from<std::int16_t, std::int16_t>(a);
    case Element::kS32:
      return part_from<std::int32_t, std::int32_t>(a);
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
