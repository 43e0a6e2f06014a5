// Integers of any dtype, widened.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "witin/types.hpp"

namespace witin::diff {

// Elements [first, first + count) of `bytes`, which hold an integer dtype and may be unaligned.
inline void widen(DType dtype, std::span<const std::byte> bytes, std::size_t first, std::size_t count,
                  std::int64_t* out) {
  const auto copy = [&]<typename Element>(Element) {
    const std::byte* from = bytes.data() + first * sizeof(Element);
    for (std::size_t i = 0; i < count; ++i) {
      Element element;
      std::memcpy(&element, from + i * sizeof(Element), sizeof(Element));
      out[i] = static_cast<std::int64_t>(element);
    }
  };
  switch (dtype) {
    case DType::kU8:
      return copy(std::uint8_t{});
    case DType::kI8:
      return copy(std::int8_t{});
    case DType::kU16:
      return copy(std::uint16_t{});
    case DType::kI16:
      return copy(std::int16_t{});
    case DType::kI32:
      return copy(std::int32_t{});
    default:
      return copy(std::int64_t{});
  }
}

}  // namespace witin::diff
