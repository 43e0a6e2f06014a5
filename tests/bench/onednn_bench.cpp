// A second opinion on speed: oneDNN's u8 x s8 -> s32 primitives, no output rule.
#include <benchmark/benchmark.h>

#include <oneapi/dnnl/dnnl.hpp>
#include <string>
#include <vector>

#include "tests/bench/shapes.hpp"

namespace {

using dnnl::memory;

// Runs a primitive with its weights reordered to the layout it likes best.
template <typename Primitive, typename Description>
void run(benchmark::State& state, const Description& description, const memory::desc& any_weights,
         const dnnl::engine& engine, double macs) {
  memory source(description.src_desc(), engine);
  memory plain(any_weights, engine);
  memory weights(description.weights_desc(), engine);
  memory target(description.dst_desc(), engine);
  dnnl::stream stream(engine);
  dnnl::reorder(plain, weights).execute(stream, plain, weights);
  const Primitive primitive(description);
  const std::unordered_map<int, memory> arguments{
      {DNNL_ARG_SRC, source}, {DNNL_ARG_WEIGHTS, weights}, {DNNL_ARG_DST, target}};
  for (auto _ : state) {
    primitive.execute(stream, arguments);
    stream.wait();
  }
  state.counters["macs"] = macs;
}

void run_matmul(benchmark::State& state, witin::bench::MatmulShape shape) {
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  const memory::desc x({shape.m, shape.k}, memory::data_type::u8, memory::format_tag::ab);
  const memory::desc w({shape.k, shape.n}, memory::data_type::s8, memory::format_tag::any);
  const memory::desc y({shape.m, shape.n}, memory::data_type::s32, memory::format_tag::ab);
  const dnnl::matmul::primitive_desc description(dnnl::matmul::desc(x, w, y), engine);
  const memory::desc plain({shape.k, shape.n}, memory::data_type::s8, memory::format_tag::ab);
  run<dnnl::matmul>(state, description, plain, engine, shape.macs());
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
                           shape.depthwise ? memory::format_tag::goihw : memory::format_tag::oihw);
  run<dnnl::convolution_forward>(state, description, plain, engine, shape.macs());
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
