// The kernels of every path, output rule included.
#include <benchmark/benchmark.h>

#include <random>
#include <string>
#include <vector>

#include "sim/kernels/depthwise.hpp"
#include "sim/kernels/matmul.hpp"
#include "tests/bench/shapes.hpp"

namespace {

using namespace witin;           // NOLINT(google-build-using-namespace)
using namespace witin::kernels;  // NOLINT(google-build-using-namespace)

std::vector<std::int16_t> random_weights(std::int64_t count) {
  std::mt19937 random(1);
  std::uniform_int_distribution<int> pick(-128, 127);
  std::vector<std::int16_t> weights(static_cast<std::size_t>(count));
  for (std::int16_t& w : weights) w = static_cast<std::int16_t>(pick(random));
  return weights;
}

Buffer random_codes(std::int64_t count, XFormat format) {
  std::mt19937 random(2);
  std::uniform_int_distribution<int> pick(0, 255);
  std::vector<std::uint8_t> codes(static_cast<std::size_t>(count));
  for (std::uint8_t& code : codes) code = static_cast<std::uint8_t>(pick(random));
  Buffer buffer(static_cast<std::size_t>(count) * size_of(format.storage));
  convert_codes(Isa::kRef, codes.data(), Storage::kU8, count, format, buffer.data());
  return buffer;
}

FusedRule fused(Arithmetic arithmetic, int y_bits = 8) {
  return FusedRule::make(*arith::OutputRule::make({.arithmetic = arithmetic, .g = 1024, .y_bits = y_bits}));
}

void run_matmul(benchmark::State& state, Isa isa, bench::MatmulShape shape, Arithmetic arithmetic, CodeRange range) {
  const PackedMatrix packed = PackedMatrix::pack(choose_operands(isa, range, signed_range(8)),
                                                 random_weights(shape.k * shape.n), shape.k, shape.n, 1, {});
  const Buffer x = random_codes(shape.m * shape.k, packed.x_format());
  Buffer y(static_cast<std::size_t>(shape.m * shape.n));
  const FusedRule rule = fused(arithmetic);
  for (auto _ : state) {
    matmul(packed, {.x = x.data(), .count = shape.m, .stride = shape.k}, &rule,
           {.data = y.data(), .storage = Storage::kS8, .row_stride = shape.n});
    benchmark::ClobberMemory();
  }
  state.counters["macs"] = shape.macs();
}

void run_conv(benchmark::State& state, Isa isa, bench::ConvShape shape, bool chw) {
  const std::int64_t padded = shape.side + 2;
  const std::int64_t map_row = padded * shape.channels;
  const std::int64_t pixels = shape.side * shape.side;
  Buffer y(static_cast<std::size_t>(pixels * shape.outputs));
  const Output out{.data = y.data(),
                   .storage = Storage::kS8,
                   .row_stride = chw ? 1 : shape.outputs,
                   .column_stride = chw ? pixels : 1};
  const FusedRule rule = fused(Arithmetic::kWtm2101);
  state.counters["macs"] = shape.macs();
  const Operands operands = choose_operands(isa, unsigned_range(8), signed_range(8));
  if (shape.depthwise) {
    const PackedDepthwise packed = PackedDepthwise::pack(operands,
                                                         {.channels = shape.channels,
                                                          .kernel_h = 3,
                                                          .kernel_w = 3,
                                                          .step_y = map_row,
                                                          .step_x = shape.channels,
                                                          .tap_y = map_row,
                                                          .tap_x = shape.channels},
                                                         random_weights(9 * shape.channels), {});
    const Buffer x = random_codes(padded * map_row, packed.x_format());
    for (auto _ : state) {
      depthwise(packed, x.data(), {shape.side, shape.side}, &rule, out);
      benchmark::ClobberMemory();
    }
    return;
  }
  std::vector<std::int64_t> rows;
  for (std::int64_t m = 0; m < pixels; ++m) {
    rows.push_back(m / shape.side * map_row + m % shape.side * shape.channels);
  }
  const std::vector<std::int64_t> segments{0, map_row, 2 * map_row};
  const std::int64_t k = 9 * shape.channels;
  const PackedMatrix packed = PackedMatrix::pack(operands, random_weights(k * shape.outputs), k, shape.outputs, 3, {});
  const Buffer x = random_codes(padded * map_row, packed.x_format());
  for (auto _ : state) {
    matmul(packed, {.x = x.data(), .count = pixels, .offsets = rows.data(), .segment_offsets = segments.data()}, &rule,
           out);
    benchmark::ClobberMemory();
  }
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
