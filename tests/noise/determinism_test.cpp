// Noisy results depend on seed, trial, model and node alone: not on instruction set, threads, blocks, the part of the
// input that runs, or the nodes that are noisy beside.
#include <doctest/doctest.h>

#include "sim/kernels/isa.hpp"
#include "sim/package/digest.hpp"
#include "tests/support/noise_case.hpp"
#include "witin/input.hpp"

using namespace witin;

namespace {

const char* const kModels[] = {"normal:4", "simple:2.5", "mbs:9"};

std::vector<std::int32_t> ramp(std::size_t size, std::int32_t step, std::int32_t modulus, std::int32_t lowest) {
  std::vector<std::int32_t> out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::int32_t>(i) * step % modulus + lowest;
  return out;
}

test::NoiseCase convolution(Arithmetic arithmetic) {
  test::NoiseCase network("conv2d", arithmetic);
  network.input({3, 5, 6}, 8, false, NegIn::kPn).weight({4, 3, 3, 2}, ramp(72, 37, 255, -127));
  network.bias({128, 0, -256, 1280}).attribute("g", 1024).attribute("pads", nlohmann::json{1, 0, 1, 1});
  network.attribute("split", true);
  return network;
}

test::NoiseCase wide_linear() {
  test::NoiseCase network("linear", Arithmetic::kWitinNn);
  network.input({70}, 10, false, NegIn::kPn).weight({70, 33}, ramp(70 * 33, 91, 255, -127));
  network.bias(ramp(33, 128, 1280, 0)).bias_d(ramp(33, 128, 640, -256)).attribute("g", 300.0).attribute("y_bits", 10);
  return network;
}

std::map<std::string, Array> traces(const test::NoiseCase& network, const EngineOptions& engine,
                                    const std::vector<std::int32_t>& x, const RunOptions& options) {
  const auto out = network.traces(network.engine(engine), x, options);
  REQUIRE_MESSAGE(out.ok(), (out.ok() ? "" : out.error().line()));
  return *out;
}

void check(const test::NoiseCase& network, const std::vector<std::int32_t>& x, const std::string& model) {
  CAPTURE(model);
  RunOptions options;
  options.noise.model = *NoiseModel::parse(model);
  options.noise.seed = 0x123456789abcdef;
  options.noise.trial = 3;
  options.threads = 1;
  const auto expected = traces(network, {.isa = "ref"}, x, options);
  CHECK(expected != traces(network, {.isa = "ref"}, x, {}));
  for (const kernels::Isa isa : kernels::runnable_isas()) {
    CAPTURE(name(isa));
    CHECK(traces(network, {.isa = std::string(name(isa))}, x, options) == expected);
  }
  for (const int threads : {1, 2, 3}) {
    for (const std::int64_t block : {1, 3, 7}) {
      options.threads = threads;
      options.block_frames = block;
      CHECK(traces(network, {}, x, options) == expected);
    }
  }
  options.noise.trial = 4;
  CHECK(traces(network, {}, x, options) != expected);
  options.noise.trial = 3;
  options.noise.seed += 1;
  CHECK(traces(network, {}, x, options) != expected);
}

}  // namespace

TEST_CASE("noise: the same bits on every instruction set, thread count and block size") {
  for (const char* const model : kModels) {
    check(convolution(Arithmetic::kWtm2101), ramp(90 * 11, 53, 511, -255), model);
    check(convolution(Arithmetic::kWitinNn), ramp(90 * 11, 53, 511, -255), model);
    check(wide_linear(), ramp(70 * 11, 119, 2047, -1023), model);
  }
}

TEST_CASE("noise: a frame's noise is its own, whichever frames run") {
  const test::NoiseCase network = convolution(Arithmetic::kWtm2101);
  const std::vector<std::int32_t> x = ramp(90 * 9, 53, 511, -255);
  for (const char* const model : kModels) {
    RunOptions options;
    options.noise.model = *NoiseModel::parse(model);
    const Engine engine = network.engine();
    const std::vector<std::int32_t> all = network.run(engine, x, options, "npu_acc");
    options.first_frame = 4;
    options.frames = 3;
    const std::vector<std::int32_t> some = network.run(engine, x, options, "npu_acc");
    const auto each = static_cast<std::ptrdiff_t>(all.size() / 9);
    CHECK(some == std::vector<std::int32_t>(all.begin() + 4 * each, all.begin() + 7 * each));
  }
}

TEST_CASE("noise: level 0 and none change nothing") {
  const test::NoiseCase network = wide_linear();
  const std::vector<std::int32_t> x = ramp(70 * 4, 119, 2047, -1023);
  const Engine engine = network.engine();
  for (const char* const model : {"none", "normal:0", "simple:0", "mbs:0.0"}) {
    RunOptions options;
    options.noise.model = *NoiseModel::parse(model);
    CHECK(network.run(engine, x, options, "npu_acc") == network.run(engine, x, {}, "npu_acc"));
  }
}

// Codes come from binary32 where nobody looks at accumulators, exactly where somebody does: of sums that a
// bias as large takes back: binary32 is often wrong about those.
TEST_CASE("noise: codes without a trace are those of the trace") {
  constexpr std::int64_t kRows = 8, kColumns = 70, kFrames = 3000;
  const std::vector<std::int32_t> x = ramp(kFrames * kRows, 7919, 16, 240);
  for (const Arithmetic arithmetic : {Arithmetic::kWtm2101, Arithmetic::kWitinNn}) {
    for (const double g : {32.0, 43.0}) {
      test::NoiseCase network("linear", arithmetic);
      network.input({kRows}, 8, false, NegIn::kNone).weight({kRows, kColumns}, ramp(kRows * kColumns, 91, 8, 120));
      network.bias(std::vector<std::int32_t>(kColumns, -128 * 1910)).attribute("bias_rows", 16).attribute("g", g);
      for (const kernels::Isa isa : kernels::runnable_isas()) {
        CAPTURE(name(isa));
        const Engine engine = network.engine({.isa = std::string(name(isa))});
        for (const std::string model : {"normal:4", "mbs:4", R"({"output": {"sigma_lsb": 1}})"}) {
          CAPTURE(model);
          RunOptions options;
          options.threads = 1;
          options.noise.model =
              model[0] == '{' ? *NoiseModel::parse_custom(model, "custom") : *NoiseModel::parse(model);
          const auto untraced = run_arrays(engine, {{"in", {{kFrames, kRows}, x}}}, options);
          REQUIRE(untraced.ok());
          CHECK(untraced->at("n").codes == network.run(engine, x, options));
        }
      }
    }
  }
}
