// global_avg_pool: y[c] = rescale(trunc(sum over H and W / (H * W))), [C, H, W] to [C, 1, 1]
//
// scale_in, scale_out and the rescaling: sim/ops/pool.hpp. The output is int8, wrapping.
#include "sim/ops/avg_pool.hpp"
#include "sim/ops/defs.hpp"

namespace witin::ops {
namespace {

Result<std::unique_ptr<Operator>> prepare_global_avg_pool(const NodeContext& context) {
  auto windows = whole_map(context);
  if (!windows) return std::move(windows).error();
  return make_avg_pool(context, std::move(*windows), true);
}

}  // namespace

const OpDef kGlobalAvgPool{
    "global_avg_pool",      kOnAll, 1, 1, {}, {scale_rule("scale_in", false), scale_rule("scale_out", false)},
    prepare_global_avg_pool};

}  // namespace witin::ops
