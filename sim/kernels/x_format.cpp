#include "sim/kernels/x_format.hpp"

#include <algorithm>
#include <cassert>

namespace witin::kernels {
namespace {

template <typename From, typename To>
void convert(const void* codes, std::int64_t count, std::int32_t offset, void* out) {
  const auto* from = static_cast<const From*>(codes);
  auto* to = static_cast<To*>(out);
  for (std::int64_t i = 0; i < count; ++i) to[i] = static_cast<To>(from[i] + offset);
}

template <typename From>
void convert_from(const void* codes, std::int64_t count, XFormat format, void* out) {
  switch (format.storage) {
    case Storage::kS8:
      return convert<From, std::int8_t>(codes, count, format.offset, out);
    case Storage::kU8:
      return convert<From, std::uint8_t>(codes, count, format.offset, out);
    case Storage::kS16:
      return convert<From, std::int16_t>(codes, count, format.offset, out);
    case Storage::kS32:
      return convert<From, std::int32_t>(codes, count, format.offset, out);
  }
}

}  // namespace

XChoice choose_format(Isa isa, CodeRange x_range, std::span<const std::int16_t> weights) {
  assert(signed_range(16).contains(x_range));
  const bool wide = std::any_of(weights.begin(), weights.end(), [](std::int16_t w) { return w < -128 || w > 127; });
  const bool fits_u8 = unsigned_range(8).contains(x_range);
  const bool fits_s8 = signed_range(8).contains(x_range);
  switch (isa) {
    case Isa::kRef:
      return {{storage_for(x_range), 0}, wide};
    case Isa::kAvx512vnni:  // u8 x s8, else s16 x s16
      if (wide || !(fits_u8 || fits_s8)) return {{Storage::kS16, 0}, true};
      return {{Storage::kU8, fits_u8 ? 0 : 128}, false};
    case Isa::kNeon:  // s8 x s8, else s16 x s16
      if (wide || !(fits_u8 || fits_s8)) return {{Storage::kS16, 0}, true};
      return {{Storage::kS8, fits_s8 ? 0 : -128}, false};
    case Isa::kSse2:
    case Isa::kAvx2:
    case Isa::kAvx512bw:  // s16 x s8 widened on load, or s16 x s16
      return {{Storage::kS16, 0}, wide};
  }
  return {};
}

void convert_codes(Isa /*isa*/, const void* codes, Storage from, std::int64_t count, XFormat format, void* out) {
  switch (from) {
    case Storage::kS8:
      return convert_from<std::int8_t>(codes, count, format, out);
    case Storage::kU8:
      return convert_from<std::uint8_t>(codes, count, format, out);
    case Storage::kS16:
      return convert_from<std::int16_t>(codes, count, format, out);
    case Storage::kS32:
      return convert_from<std::int32_t>(codes, count, format, out);
  }
}

}  // namespace witin::kernels
