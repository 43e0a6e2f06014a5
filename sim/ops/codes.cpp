#include "sim/ops/codes.hpp"

namespace witin::ops {

void widen(Storage storage, const void* codes, std::size_t first, std::span<std::int32_t> out) {
  with_element(storage, [&]<typename T>(T*) {
    const T* const source = static_cast<const T*>(codes) + first;
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = source[i];
  });
}

void narrow(std::span<const std::int32_t> values, Storage storage, void* codes, std::size_t first) {
  with_element(storage, [&]<typename T>(T*) {
    T* const target = static_cast<T*>(codes) + first;
    for (std::size_t i = 0; i < values.size(); ++i) target[i] = static_cast<T>(values[i]);
  });
}

}  // namespace witin::ops
