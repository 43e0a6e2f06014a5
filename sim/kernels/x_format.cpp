#include "sim/kernels/x_format.hpp"

#include <algorithm>
#include <cassert>

#include "sim/kernels/arguments.hpp"

namespace witin::kernels {
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
    case Isa::kSse2:  // s16 x s16
    case Isa::kAvx2:
    case Isa::kAvx512bw:
      return {{Storage::kS16, 0}, true};
  }
  return {};
}

void convert_codes(Isa isa, const void* codes, Storage from, std::int64_t count, XFormat format, void* out) {
  kernel_table(isa).convert(codes, element(from), count, out, element(format.storage), format.offset);
}

}  // namespace witin::kernels
