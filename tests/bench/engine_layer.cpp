#include "tests/bench/engine_layer.hpp"

#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <random>

#include "tests/support/package_builder.hpp"

namespace witin::bench {
namespace {

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

}  // namespace

Engine linear_engine(const std::string& isa, std::int64_t k, std::int64_t n) {
  test::PackageBuilder builder;
  builder.tensors["w"] = test::npy(DType::kI8, {k, n}, random_bytes<std::int8_t>(k * n, -90, 90));
  builder.tensors["b"] = test::npy(DType::kI32, {n}, random_bytes<std::int32_t>(n, 0, 0));
  builder.manifest["inputs"][0]["shape"] = {k};
  builder.manifest["nodes"] = nlohmann::ordered_json::array({builder.manifest["nodes"][0]});
  builder.manifest["nodes"][0]["attributes"] = {{"g", 8192}};
  builder.manifest["outputs"] = {"fc"};
  builder.manifest["tensors"]["w"]["shape"] = {k, n};
  builder.manifest["tensors"]["b"]["shape"] = {n};
  Result<Package> package = builder.load();
  if (!package) fail(package.error());
  Result<Engine> engine = Engine::create(*std::move(package), {.isa = isa});
  if (!engine) fail(engine.error());
  return *std::move(engine);
}

Frames::Frames(std::int64_t frames, std::int64_t k)
    : frames_(frames), k_(k), codes_(random_bytes<std::uint8_t>(frames * k, 0, 255)) {}

Status Frames::read(std::size_t, std::int64_t first, std::int64_t count, Storage, void* codes) {
  __builtin_memcpy(codes, codes_.data() + first * k_, static_cast<std::size_t>(count * k_));
  return {};
}

Outputs::Outputs(std::int64_t frames, std::int64_t n) : n_(n), codes_(static_cast<std::size_t>(frames * n), '\0') {}

Status Outputs::write(std::size_t, std::size_t, std::int64_t first, std::int64_t count, const void* codes) {
  __builtin_memcpy(codes_.data() + first * n_, codes, static_cast<std::size_t>(count * n_));
  return {};
}

void fail(const Error& error) {
  std::fprintf(stderr, "%s\n", error.line().c_str());
  std::exit(1);
}

}  // namespace witin::bench
