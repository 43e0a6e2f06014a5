#include "sim/trace/field_bytes.hpp"

#include <algorithm>

namespace witin::trace {

const void* as_file_elements(Storage storage, const void* codes, std::size_t count,
                             std::vector<std::int16_t>& converted) {
  if (storage != Storage::kU8) return codes;
  const auto* const bytes = static_cast<const std::uint8_t*>(codes);
  converted.resize(count);
  std::copy(bytes, bytes + count, converted.begin());
  return converted.data();
}

}  // namespace witin::trace
