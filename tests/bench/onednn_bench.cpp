// A second opinion on speed, and with VNNI on values: oneDNN's u8 x s8 -> s32 primitives, no output rule. Without VNNI
// oneDNN saturates sums of two products.
#include <benchmark/benchmark.h>

#include <cstring>
#include <oneapi/dnnl/dnnl.hpp>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/bench/layers.hpp"

namespace {

using dnnl::memory;
using witin::kernels::Isa;

struct Case {
  memory::desc plain_weights;
  const std::vector<std::uint8_t>& x;
  const std::vector<std::int16_t>& w;
  const std::vector<std::int32_t>& expected;
  double macs;
};

// Runs a primitive with its weights reordered to the layout it likes best.
template <typename Primitive, typename Description>
void run(benchmark::State& state, const Description& description, const dnnl::engine& engine, const Case& given) {
  memory source(description.src_desc(), engine);
  memory plain(given.plain_weights, engine);
  memory weights(description.weights_desc(), engine);
  memory target(description.dst_desc(), engine);
  std::memcpy(source.get_data_handle(), given.x.data(), given.x.size());
  auto* const bytes = static_cast<std::int8_t*>(plain.get_data_handle());
  for (std::size_t i = 0; i < given.w.size(); ++i) bytes[i] = static_cast<std::int8_t>(given.w[i]);
  dnnl::stream stream(engine);
  dnnl::reorder(plain, weights).execute(stream, plain, weights);
  const Primitive primitive(description);
  const std::unordered_map<int, memory> arguments{
      {DNNL_ARG_SRC, source}, {DNNL_ARG_WEIGHTS, weights}, {DNNL_ARG_DST, target}};
  for (auto _ : state) {
    primitive.execute(stream, arguments);
    stream.wait();
  }
  state.counters["macs"] = given.macs;
  if (__builtin_cpu_supports("avx512vnni") == 0) return;
  if (std::memcmp(target.get_data_handle(), given.expected.data(), given.expected.size() * sizeof(std::int32_t)) != 0) {
    state.SkipWithError("the sums of oneDNN differ from ours");
  }
}

void run_matmul(benchmark::State& state, witin::bench::MatmulShape shape) {
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  const memory::desc x({shape.m, shape.k}, memory::data_type::u8, memory::format_tag::ab);
  const memory::desc w({shape.k, shape.n}, memory::data_type::s8, memory::format_tag::any);
  const memory::desc y({shape.m, shape.n}, memory::data_type::s32, memory::format_tag::ab);
  const dnnl::matmul::primitive_desc description(dnnl::matmul::desc(x, w, y), engine);
  const memory::desc plain({shape.k, shape.n}, memory::data_type::s8, memory::format_tag::ab);
  const witin::bench::MatmulLayer ours(witin::kernels::runnable_isas().back(), shape, witin::unsigned_range(8));
  std::vector<std::int32_t> expected(static_cast<std::size_t>(shape.m * shape.n));
  ours.run(nullptr, witin::Storage::kS32, expected.data());
  run<dnnl::matmul>(state, description, engine, {plain, ours.x(), ours.w(), expected, shape.macs()});
}

void run_conv(benchmark::State& state, witin::bench::ConvShape shape) {
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  const memory::dims map_x{1, shape.channels, shape.side, shape.side};
  const memory::dims map_y{1, shape.outputs, shape.side, shape.side};
  const memory::dims kernel =
      shape.depthwise ? memory::dims{shape.channels, 1, 1, 3, 3} : memory::dims{shape.outputs, shape.channels, 3, 3};
  const memory::desc x(map_x, memory::data_type::u8, memory::format_tag::nhwc);
  const memory::desc w(kernel, memory::data_type::s8, memory::format_tag::any);
  const memory::desc y(map_y, memory::data_type::s32, memory::format_tag::nhwc);
  const dnnl::convolution_forward::desc forward(dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct,
                                                x, w, y, {1, 1}, {1, 1}, {1, 1});
  const dnnl::convolution_forward::primitive_desc description(forward, engine);
  const memory::desc plain(kernel, memory::data_type::s8,
                           shape.depthwise ? memory::format_tag::goihw : memory::format_tag::hwio);
  const witin::bench::ConvLayer ours(witin::kernels::runnable_isas().back(), shape);
  std::vector<std::int32_t> expected(static_cast<std::size_t>(ours.values()));
  ours.run(nullptr, witin::Storage::kS32, false, expected.data());
  const std::vector<std::uint8_t> codes = ours.x();
  run<dnnl::convolution_forward>(state, description, engine, {plain, codes, ours.w(), expected, shape.macs()});
}

bool register_all() {
  for (const auto& shape : witin::bench::kMatmuls) {
    benchmark::RegisterBenchmark(("onednn/" + shape.name()).c_str(),
                                 [=](benchmark::State& s) { run_matmul(s, shape); });
  }
  for (const auto& shape : witin::bench::kConvs) {
    benchmark::RegisterBenchmark(("onednn/" + shape.name()).c_str(), [=](benchmark::State& s) { run_conv(s, shape); });
  }
  return true;
}

[[maybe_unused]] const bool kRegistered = register_all();

}  // namespace
