// The kernels of every path, output rule included.
#include <benchmark/benchmark.h>

#include <string>

#include "tests/bench/layers.hpp"

namespace {

using namespace witin;           // NOLINT(google-build-using-namespace)
using namespace witin::kernels;  // NOLINT(google-build-using-namespace)

FusedRule fused(Arithmetic arithmetic) {
  return FusedRule::make(*arith::OutputRule::make({.arithmetic = arithmetic, .g = 1024, .y_bits = 8}));
}

void run_matmul(benchmark::State& state, Isa isa, bench::MatmulShape shape, Arithmetic arithmetic, CodeRange range) {
  const bench::MatmulLayer layer(isa, shape, range);
  Buffer y(static_cast<std::size_t>(shape.m * shape.n));
  const FusedRule rule = fused(arithmetic);
  for (auto _ : state) {
    layer.run(&rule, Storage::kS8, y.data());
    benchmark::ClobberMemory();
  }
  state.counters["macs"] = shape.macs();
}

void run_conv(benchmark::State& state, Isa isa, bench::ConvShape shape, bool chw) {
  const bench::ConvLayer layer(isa, shape);
  Buffer y(static_cast<std::size_t>(layer.values()));
  const FusedRule rule = fused(Arithmetic::kWtm2101);
  for (auto _ : state) {
    layer.run(&rule, Storage::kS8, chw, y.data());
    benchmark::ClobberMemory();
  }
  state.counters["macs"] = shape.macs();
}

bool register_all() {
  using benchmark::RegisterBenchmark;
  for (const Isa isa : runnable_isas()) {
    if (isa == Isa::kRef) continue;
    const std::string path(name(isa));
    for (const bench::MatmulShape shape : bench::kMatmuls) {
      RegisterBenchmark((path + "/" + shape.name()).c_str(), [=](benchmark::State& s) {
        run_matmul(s, isa, shape, Arithmetic::kWtm2101, unsigned_range(8));
      });
      if (shape.m < 100) continue;
      RegisterBenchmark((path + "/" + shape.name() + "/witin_nn").c_str(), [=](benchmark::State& s) {
        run_matmul(s, isa, shape, Arithmetic::kWitinNn, unsigned_range(8));
      });
      RegisterBenchmark((path + "/" + shape.name() + "/12bit").c_str(), [=](benchmark::State& s) {
        run_matmul(s, isa, shape, Arithmetic::kWtm2101, unsigned_range(12));
      });
    }
    for (const bench::ConvShape shape : bench::kConvs) {
      for (const bool chw : {false, true}) {
        RegisterBenchmark((path + "/" + shape.name() + (chw ? "/chw" : "")).c_str(),
                          [=](benchmark::State& s) { run_conv(s, isa, shape, chw); });
      }
    }
  }
  return true;
}

[[maybe_unused]] const bool kRegistered = register_all();

}  // namespace
