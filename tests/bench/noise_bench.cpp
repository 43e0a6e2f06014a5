// Noise: nanoseconds a normal sample on every path, and whole runs with noise beside the same run without it.
//
// A run is 1,000 frames through one linear layer, 800 x 256, on one thread: cells, packing and samples of the trial
// included, files and what all trials share not.
#include <benchmark/benchmark.h>

#include <array>
#include <string>
#include <vector>

#include "sim/kernels/isa.hpp"
#include "sim/kernels/normals.hpp"
#include "tests/bench/engine_layer.hpp"

namespace {

using namespace witin;  // NOLINT(google-build-using-namespace)

constexpr std::int64_t kFrames = 1000;
constexpr std::int64_t kRows = 800;
constexpr std::int64_t kColumns = 256;

struct Model {
  const char* name;
  const char* level;  // of the library's models
  const char* custom;
};
constexpr std::array<Model, 6> kModels{{{"none", "none", nullptr},
                                        {"normal", "normal:4", nullptr},
                                        {"simple", "simple:4", nullptr},
                                        {"mbs", "mbs:4", nullptr},
                                        {"output", nullptr, R"({"output": {"sigma_lsb": 1}})"},
                                        {"acc", nullptr, R"({"acc": {"sigma": 1000}})"}}};

void run_layer(benchmark::State& state, const std::string& isa, const Model& model) {
  const Engine engine = bench::linear_engine(isa, kRows, kColumns);
  bench::Frames frames(kFrames, kRows);
  bench::Outputs outputs(kFrames, kColumns);
  FrameSink* const sink = &outputs;
  Result<NoiseModel> noise =
      model.custom != nullptr ? NoiseModel::parse_custom(model.custom, model.name) : NoiseModel::parse(model.level);
  if (!noise) bench::fail(noise.error());
  RunOptions options;
  options.threads = 1;
  options.noise.model = *noise;
  const auto run = [&] {
    if (Status ran = engine.run(frames, std::span(&sink, 1), options); !ran) bench::fail(ran.error());
    ++options.noise.trial;
  };
  run();  // the first one prepares what all trials share, as create() packs the weights of runs without noise
  for (auto _ : state) run();
  state.counters["frames"] = kFrames;
}

void run_normals(benchmark::State& state, kernels::Isa isa) {
  std::vector<float> z(1 << 14);
  std::uint64_t first = 0;
  for (auto _ : state) {
    kernels::normals(isa, {{1, 2}, {3, 4}}, first, z);
    benchmark::ClobberMemory();
    first += z.size();
  }
  state.counters["samples"] = static_cast<double>(z.size());
}

bool register_all() {
  using benchmark::RegisterBenchmark;
  for (const kernels::Isa isa : kernels::runnable_isas()) {
    if (isa == kernels::Isa::kRef) continue;
    const std::string path(kernels::name(isa));
    RegisterBenchmark((path + "/normals").c_str(), [=](benchmark::State& s) { run_normals(s, isa); });
    for (const Model& model : kModels) {
      RegisterBenchmark((path + "/noise/" + model.name).c_str(),
                        [=](benchmark::State& s) { run_layer(s, path, model); });
    }
  }
  return true;
}

[[maybe_unused]] const bool kRegistered = register_all();

}  // namespace
