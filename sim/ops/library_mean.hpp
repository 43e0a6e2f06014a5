// The training library's mean: rne(f32(f32(clip(sum)) / f32(n))), n <= 4096. Shared by mean and cln_bn.
//
// The sum is exact here; the library adds in float32, which is the same below 2^24.
#pragma once

#include <algorithm>

#include "sim/ops/attributes.hpp"
#include "sim/package/limits.hpp"

namespace witin::ops {

// sum_bits: the sum is clipped to [-2^(sum_bits-1), 2^(sum_bits-1) - 1]; default 55.
[[nodiscard]] inline AttributeRule sum_bits_rule() { return {"sum_bits", AttributeKind::kInteger, false, 2, 63}; }

struct LibraryMean {
  std::int64_t limit = 0;  // 2^(sum_bits-1)
  float count = 1;

  LibraryMean(const NodeContext& context, std::size_t values)
      : limit(std::int64_t{1} << (context.integer("sum_bits", 55) - 1)), count(static_cast<float>(values)) {}

  [[nodiscard]] std::int64_t operator()(std::int64_t sum) const {
    return arith::rne(static_cast<float>(std::clamp(sum, -limit, limit - 1)) / count);
  }
};

[[nodiscard]] inline Status check_mean_values(const NodeContext& context, std::size_t values) {
  if (1 <= values && values <= package::limits::kMeanValues) return {};
  return context.node_error("node.shape", "a mean of too many values",
                            "1.." + std::to_string(package::limits::kMeanValues), std::to_string(values));
}

}  // namespace witin::ops
