// Whole runs of one linear layer on one and two threads, in wall time: input and output in memory.
#include <benchmark/benchmark.h>

#include <string>

#include "tests/bench/engine_layer.hpp"
#include "tests/bench/shapes.hpp"

namespace {

using namespace witin;  // NOLINT(google-build-using-namespace)

void run_layer(benchmark::State& state, bench::MatmulShape shape, int threads) {
  const Engine engine = bench::linear_engine("", shape.k, shape.n);
  bench::Frames frames(shape.m, shape.k);
  bench::Outputs outputs(shape.m, shape.n);
  FrameSink* const sink = &outputs;
  RunOptions options;
  options.threads = threads;
  for (auto _ : state) {
    if (Status ran = engine.run(frames, std::span(&sink, 1), options); !ran) bench::fail(ran.error());
  }
  state.counters["macs"] = shape.macs();
}

bool register_all() {
  for (const bench::MatmulShape shape : bench::kMatmuls) {
    if (shape.m < 1000) continue;
    for (const int threads : {1, 2}) {
      benchmark::RegisterBenchmark(("threads/" + std::to_string(threads) + "/" + shape.name()).c_str(),
                                   [=](benchmark::State& s) { run_layer(s, shape, threads); })
          ->UseRealTime();
    }
  }
  return true;
}

[[maybe_unused]] const bool kRegistered = register_all();

}  // namespace
