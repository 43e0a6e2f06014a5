// Codes in any storage, seen as int32 or back: for operators that do not care how codes lie in memory.
#pragma once

#include <cstdint>
#include <span>
#include <utility>

#include "witin/types.hpp"

namespace witin::ops {

// Copies out.size() codes from `codes`, starting at element `first`.
void widen(Storage storage, const void* codes, std::size_t first, std::span<std::int32_t> out);
// Writes codes that fit the storage to `codes`, starting at element `first`.
void narrow(std::span<const std::int32_t> values, Storage storage, void* codes, std::size_t first);

// Calls `function` with a null pointer of the element type of `storage`: the one switch over storages.
template <typename Function>
decltype(auto) with_element(Storage storage, Function&& function) {
  switch (storage) {
    case Storage::kS8:
      return std::forward<Function>(function)(static_cast<std::int8_t*>(nullptr));
    case Storage::kU8:
      return std::forward<Function>(function)(static_cast<std::uint8_t*>(nullptr));
    case Storage::kS16:
      return std::forward<Function>(function)(static_cast<std::int16_t*>(nullptr));
    case Storage::kS32:
      break;
  }
  return std::forward<Function>(function)(static_cast<std::int32_t*>(nullptr));
}

}  // namespace witin::ops
