// A custom noise model: its description is one of the same model, and a network runs with it on every instruction set
// with the same codes.
#include <memory>
#include <string>

#include "sim/kernels/isa.hpp"
#include "sim/package/bytes.hpp"
#include "sim/package/load.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/fuzz/targets.hpp"
#include "tests/support/package_builder.hpp"
#include "witin/array.hpp"
#include "witin/noise.hpp"

namespace witin::fuzz {
namespace {

using nlohmann::json;

constexpr std::int64_t kFrames = 2;

const Package& network() {
  static const Package package = [] {
    test::PackageBuilder builder;
    builder.manifest["nodes"][0]["attributes"] = {{"g", 64}, {"bias_rows", 2}};
    Result<Package> loaded = builder.load();
    require_ok(loaded);
    return *std::move(loaded);
  }();
  return package;
}

std::map<std::string, Array> run(std::string_view isa, const NoiseModel& model) {
  const Result<Engine> engine = Engine::create(network(), {.isa = std::string(isa)});
  require_ok(engine);
  RunOptions options{.threads = 1};
  options.noise.model = model;
  const auto fields = trace_arrays(*engine, {{"in", {{kFrames, 2}, {0, 255, 3, 128}}}}, options);
  require_ok(fields);
  return *fields;
}

}  // namespace

void run_noise(Bytes bytes) {
  const Result<NoiseModel> model = NoiseModel::parse_custom(package::as_text(bytes), "model");
  if (!succeeded(model)) return;
  const json document = json::parse(model->json(), nullptr, false);
  require(document.is_object() && document.value("model", "") == "custom", "a description that is no JSON");
  const Result<NoiseModel> again = NoiseModel::parse_custom(document["terms"].dump(), "again");
  require_ok(again);
  const auto expected = run("ref", *model);
  require(run("ref", *again) == expected, "the description is of another model");
  for (const kernels::Isa isa : kernels::runnable_isas()) {
    require(run(kernels::name(isa), *model) == expected, "other codes on " + std::string(kernels::name(isa)));
  }
}

}  // namespace witin::fuzz
