// What one array holds (numerics.md).
#pragma once

#include <cstdint>

namespace witin::array {

inline constexpr std::int64_t kArrayColumns = 1024;
inline constexpr std::int64_t kArrayRows = 2048;  // weight rows; pn needs two for each row of the matrix
inline constexpr std::int64_t kArrayBiasUnits = 16;

}  // namespace witin::array
