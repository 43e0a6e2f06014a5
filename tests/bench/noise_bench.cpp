// Noise: nanoseconds a normal sample on every path, and whole runs with noise beside the same run without it.
//
// A run is 1,000 frames through one linear layer, 800 x 256, on one thread: cells, packing and samples of the trial
// included, files not.
#include <benchmark/benchmark.h>

#include <array>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "sim/kernels/isa.hpp"
#include "sim/kernels/normals.hpp"
#include "tests/support/package_builder.hpp"
#include "witin/engine.hpp"

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

template <typename T>
std::string random_bytes(std::int64_t count, int lo, int hi) {
  std::mt19937 random(1);
  std::uniform_int_distribution<int> pick(lo, hi);
  std::string out(static_cast<std::size_t>(count) * sizeof(T), '\0');
  for (std::size_t i = 0; i < out.size(); i += sizeof(T)) {
    const T value = static_cast<T>(pick(random));
    __builtin_memcpy(out.data() + i, &value, sizeof(T));
  }
  return out;
}

class Frames final : public FrameSource {
 public:
  [[nodiscard]] std::int64_t frames() const override { return kFrames; }
  Status read(std::size_t, std::int64_t first, std::int64_t count, Storage, void* codes) override {
    __builtin_memcpy(codes, codes_.data() + first * kRows, static_cast<std::size_t>(count * kRows));
    return {};
  }

 private:
  std::string codes_ = random_bytes<std::uint8_t>(kFrames * kRows, 0, 255);
};

class Outputs final : public FrameSink {
 public:
  [[nodiscard]] bool wants(std::size_t, std::size_t field) const override { return field == 0; }
  Status write(std::size_t, std::size_t, std::int64_t first, std::int64_t count, const void* codes) override {
    __builtin_memcpy(codes_.data() + first * kColumns, codes, static_cast<std::size_t>(count * kColumns));
    return {};
  }

 private:
  std::string codes_ = std::string(static_cast<std::size_t>(kFrames * kColumns), '\0');
};

[[noreturn]] void fail(const Error& error) {
  std::fprintf(stderr, "%s\n", error.line().c_str());
  std::exit(1);
}

Engine layer(const std::string& isa) {
  test::PackageBuilder builder;
  builder.tensors["w"] = test::npy(DType::kI8, {kRows, kColumns}, random_bytes<std::int8_t>(kRows * kColumns, -90, 90));
  builder.tensors["b"] = test::npy(DType::kI32, {kColumns}, random_bytes<std::int32_t>(kColumns, 0, 0));
  builder.manifest["inputs"][0]["shape"] = {kRows};
  builder.manifest["nodes"] = nlohmann::ordered_json::array({builder.manifest["nodes"][0]});
  builder.manifest["nodes"][0]["attributes"] = {{"g", 8192}};
  builder.manifest["outputs"] = {"fc"};
  builder.manifest["tensors"]["w"]["shape"] = {kRows, kColumns};
  builder.manifest["tensors"]["b"]["shape"] = {kColumns};
  Result<Package> package = builder.load();
  if (!package) fail(package.error());
  Result<Engine> engine = Engine::create(*std::move(package), {.isa = isa});
  if (!engine) fail(engine.error());
  return *std::move(engine);
}

void run_layer(benchmark::State& state, const std::string& isa, const Model& model) {
  const Engine engine = layer(isa);
  Frames frames;
  Outputs outputs;
  FrameSink* const sink = &outputs;
  Result<NoiseModel> noise =
      model.custom != nullptr ? NoiseModel::parse_custom(model.custom, model.name) : NoiseModel::parse(model.level);
  if (!noise) fail(noise.error());
  RunOptions options;
  options.threads = 1;
  options.noise.model = *noise;
  for (auto _ : state) {
    if (Status ran = engine.run(frames, std::span(&sink, 1), options); !ran) fail(ran.error());
    ++options.noise.trial;
  }
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
