// golden/noise/noise.json: digests of noisy traces that the NumPy oracle made (scripts/make_noise_golden.py). Every
// instruction set, thread count and split into blocks has these bits, by whatever compiler.
#include <doctest/doctest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <span>
#include <tuple>

#include "sim/kernels/isa.hpp"
#include "sim/package/digest.hpp"
#include "witin/array.hpp"
#include "witin/input.hpp"

using namespace witin;

namespace {

using Json = nlohmann::json;

Engine engine_of(const std::string& folder, const std::string& isa) {
  Result<Package> package = load_package(folder + "/model.wpkg");
  REQUIRE_MESSAGE(package.ok(), package.error().line());
  Result<Engine> engine = Engine::create(*std::move(package), {.isa = isa});
  REQUIRE_MESSAGE(engine.ok(), engine.error().line());
  return *std::move(engine);
}

std::map<std::string, Array> input_of(const Engine& engine, const std::string& folder, std::int64_t frames) {
  const InputFile file{"", folder + "/input.npy"};
  const auto source = open_inputs(engine.package(), {&file, 1});
  REQUIRE_MESSAGE(source.ok(), source.error().line());
  const Input& input = engine.package().inputs.front();
  Array array{input.shape, {}};
  array.shape.insert(array.shape.begin(), frames);
  array.codes.resize(static_cast<std::size_t>(element_count(array.shape)));
  const Status read = (*source)->read(0, 0, frames, Storage::kS32, array.codes.data());
  REQUIRE_MESSAGE(read.ok(), read.error().line());
  return {{input.name, array}};
}

// As scripts/make_noise_golden.py says.
std::string digest(const std::map<std::string, Array>& fields) {
  std::string bytes;
  for (const auto& [name, array] : fields) {
    bytes += name;
    bytes += '\0';
    for (const std::int32_t code : array.codes) {
      const auto word = static_cast<std::uint32_t>(code);
      for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(word >> shift & 255U);
    }
  }
  return package::sha256(std::as_bytes(std::span(bytes)));
}

}  // namespace

TEST_CASE("noise: the golden traces of the oracle, on every instruction set, with any threads and blocks") {
  const Json golden = Json::parse(std::ifstream("golden/noise/noise.json"));
  CHECK(golden["runs"].size() >= 40);
  for (const Json& run : golden["runs"]) {
    const std::string folder = "golden/" + run["case"].get<std::string>();
    const std::string model = run["noise"];
    CAPTURE(folder);
    CAPTURE(model);
    RunOptions options;
    options.noise.model = *NoiseModel::parse(model);
    options.noise.seed = run["seed"];
    options.noise.trial = run["trial"];
    for (const kernels::Isa isa : kernels::runnable_isas()) {
      const std::string name(kernels::name(isa));
      CAPTURE(name);
      const Engine engine = engine_of(folder, name);
      const auto input = input_of(engine, folder, run["frames"]);
      for (const auto& [threads, block] : {std::tuple{1, 0}, {2, 5}, {3, 1}}) {
        options.threads = threads;
        options.block_frames = block;
        const auto fields = trace_arrays(engine, input, options);
        REQUIRE_MESSAGE(fields.ok(), fields.error().line());
        CHECK(digest(*fields) == run["sha256"]);
        const auto outputs = run_arrays(engine, input, options);  // where no accumulator is wanted
        REQUIRE_MESSAGE(outputs.ok(), outputs.error().line());
        for (const auto& [output, array] : *outputs) CHECK(array == fields->at(output + "/npu_y"));
      }
    }
  }
}
