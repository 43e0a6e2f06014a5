// Codes as a sink gets them -> elements as files hold them.
#pragma once

#include <vector>

#include "witin/types.hpp"

namespace witin::trace {

// uint8 codes become int16, because readers take int8 and int16 for codes; all other storages stay as they are.
[[nodiscard]] constexpr DType dtype_of(Storage storage) {
  switch (storage) {
    case Storage::kS8:
      return DType::kI8;
    case Storage::kU8:
    case Storage::kS16:
      return DType::kI16;
    case Storage::kS32:
      break;
  }
  return DType::kI32;
}

// The codes in dtype_of(storage); `converted` is used where they have to be changed.
[[nodiscard]] const void* as_file_elements(Storage storage, const void* codes, std::size_t count,
                                           std::vector<std::int16_t>& converted);

}  // namespace witin::trace
