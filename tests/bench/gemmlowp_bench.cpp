// A second opinion on speed and on values: gemmlowp's u8 x u8 -> s32 product, weights moved by 128, no output rule.
#include <benchmark/benchmark.h>

#include <gemmlowp/public/gemmlowp.h>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "tests/bench/layers.hpp"

namespace {

using gemmlowp::MapOrder;

void run_matmul(benchmark::State& state, witin::bench::MatmulShape shape) {
  const witin::bench::MatmulLayer ours(witin::kernels::runnable_isas().back(), shape, witin::unsigned_range(8));
  std::vector<std::int32_t> expected(static_cast<std::size_t>(shape.m * shape.n)), sums(expected.size());
  ours.run(nullptr, witin::Storage::kS32, expected.data());
  std::vector<std::uint8_t> moved;
  for (const std::int16_t w : ours.w()) moved.push_back(static_cast<std::uint8_t>(w + 128));

  const int m = static_cast<int>(shape.m), k = static_cast<int>(shape.k), n = static_cast<int>(shape.n);
  const gemmlowp::MatrixMap<const std::uint8_t, MapOrder::RowMajor> x(ours.x().data(), m, k);
  const gemmlowp::MatrixMap<const std::uint8_t, MapOrder::RowMajor> w(moved.data(), k, n);
  gemmlowp::MatrixMap<std::int32_t, MapOrder::RowMajor> y(sums.data(), m, n);
  gemmlowp::GemmContext context;
  context.set_max_num_threads(1);
  for (auto _ : state) {
    gemmlowp::GemmWithOutputPipeline<std::uint8_t, std::int32_t, gemmlowp::DefaultL8R8BitDepthParams>(
        &context, x, w, &y, 0, -128, std::tuple<>());
  }
  state.counters["macs"] = shape.macs();
  if (sums != expected) state.SkipWithError("the sums of gemmlowp differ from ours");
}

bool register_all() {
  for (const auto& shape : witin::bench::kMatmuls) {
    benchmark::RegisterBenchmark(("gemmlowp/" + shape.name()).c_str(),
                                 [=](benchmark::State& s) { run_matmul(s, shape); });
  }
  return true;
}

[[maybe_unused]] const bool kRegistered = register_all();

}  // namespace
