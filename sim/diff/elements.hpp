// Integers of any dtype, widened.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "witin/types.hpp"

namespace witin::diff {

template <typename Element>
void widen_as(std::span<const std::byte> bytes, std::size_t first, std::size_t count, std::int64_t* out) {
  const std::byte* from = bytes.data() + first * sizeof(Element);
  for (std::size_t i = 0; i < count; ++i) {
    Element element;
    std::memcpy(&element, from + i * sizeof(Element), sizeof(Element));
    out[i] = static_cast<std::int64_t>(element);
  }
}

// Elements [first, first + count) of `bytes`, which hold an integer dtype and may be unaligned.
inline void widen(DType dtype, std::span<const std::byte> bytes, std::size_t first, std::size_t count,
                  std::int64_t* out) {
  switch (dtype) {
    case DType::kU8:
      return widen_as<std::uint8_t>(bytes, first, count, out);
    case DType::kI8:
      return widen_as<std::int8_t>(bytes, first, count, out);
    case DType::kU16:
      return widen_as<std::uint16_t>(bytes, first, count, out);
    case DType::kI16:
      return widen_as<std::int16_t>(bytes, first, count, out);
    case DType::kI32:
      return widen_as<std::int32_t>(bytes, first, count, out);
    default:
      return widen_as<std::int64_t>(bytes, first, count, out);
  }
}

}  // namespace witin::diff
