// The averaging of avg_pool, which global_avg_pool does over the whole map.
#pragma once

#include "sim/ops/pool.hpp"

namespace witin::ops {

[[nodiscard]] Result<std::unique_ptr<Operator>> make_avg_pool(const NodeContext& context, Windows windows,
                                                              bool count_padding);

}  // namespace witin::ops
