// A peer of the AVX2 path: XNNPACK's qs8 operators, requantisation included, held to AVX2.
#include <benchmark/benchmark.h>
#include <cpuinfo.h>
#include <xnnpack.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tests/bench/shapes.hpp"

namespace {

// XNNPACK chooses its kernels by what libcpuinfo says.
bool start() {
  static const bool kStarted = [] {
    if (!cpuinfo_initialize()) return false;
    cpuinfo_isa.avx512f = false;
    return xnn_initialize(nullptr) == xnn_status_success;
  }();
  return kStarted;
}

std::vector<std::int8_t> random_bytes(std::int64_t count) {
  std::vector<std::int8_t> bytes(static_cast<std::size_t>(count));
  std::uint32_t state = 1;
  for (std::int8_t& byte : bytes) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<std::int8_t>(state >> 24);
  }
  return bytes;
}

constexpr std::size_t kSlack = 64;  // XNN_EXTRA_BYTES and more behind the input

template <typename Operator>
void run(benchmark::State& state, Operator made, double macs) {
  for (auto _ : state) {
    if (xnn_run_operator(made, nullptr) != xnn_status_success) state.SkipWithError("xnn_run_operator failed");
  }
  state.counters["macs"] = macs;
  xnn_delete_operator(made);
}

void run_matmul(benchmark::State& state, witin::bench::MatmulShape shape) {
  const auto m = static_cast<std::size_t>(shape.m), k = static_cast<std::size_t>(shape.k),
             n = static_cast<std::size_t>(shape.n);
  std::vector<std::int8_t> x = random_bytes(shape.m * shape.k), y(m * n);
  x.resize(x.size() + kSlack);
  const std::vector<std::int8_t> w = random_bytes(shape.k * shape.n);
  const std::vector<std::int32_t> bias(n);
  xnn_operator_t made = nullptr;
  if (!start() ||
      xnn_create_fully_connected_nc_qs8(k, n, k, n, 0, 1.0F, 1.0F, w.data(), bias.data(), 0, 1024.0F, -128, 127, 0,
                                        &made) != xnn_status_success ||
      xnn_setup_fully_connected_nc_qs8(made, m, x.data(), y.data(), nullptr) != xnn_status_success) {
    state.SkipWithError("XNNPACK refused the layer");
    return;
  }
  run(state, made, shape.macs());
}

void run_conv(benchmark::State& state, witin::bench::ConvShape shape) {
  const auto side = static_cast<std::size_t>(shape.side), in = static_cast<std::size_t>(shape.channels),
             out = static_cast<std::size_t>(shape.outputs);
  std::vector<std::int8_t> x = random_bytes(shape.side * shape.side * shape.channels), y(side * side * out);
  x.resize(x.size() + kSlack);
  const std::vector<std::int8_t> w = random_bytes(9 * shape.outputs * (shape.depthwise ? 1 : shape.channels));
  const std::vector<std::int32_t> bias(out);
  const auto groups = static_cast<std::uint32_t>(shape.depthwise ? in : 1);
  xnn_operator_t made = nullptr;
  if (!start() ||
      xnn_create_convolution2d_nhwc_qs8(1, 1, 1, 1, 3, 3, 1, 1, 1, 1, groups, in / groups, out / groups, in, out, 0,
                                        1.0F, 1.0F, w.data(), bias.data(), 0, 1024.0F, -128, 127, 0,
                                        &made) != xnn_status_success ||
      xnn_setup_convolution2d_nhwc_qs8(made, 1, side, side, x.data(), y.data(), nullptr) != xnn_status_success) {
    state.SkipWithError("XNNPACK refused the layer");
    return;
  }
  run(state, made, shape.macs());
}

bool register_all() {
  if (__builtin_cpu_supports("avx2") == 0) return false;
  for (const auto& shape : witin::bench::kMatmuls) {
    benchmark::RegisterBenchmark(("xnnpack/" + shape.name()).c_str(),
                                 [=](benchmark::State& s) { run_matmul(s, shape); });
  }
  for (const auto& shape : witin::bench::kConvs) {
    benchmark::RegisterBenchmark(("xnnpack/" + shape.name()).c_str(), [=](benchmark::State& s) { run_conv(s, shape); });
  }
  return true;
}

[[maybe_unused]] const bool kRegistered = register_all();

}  // namespace
