#include "sim/sweep/subject.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/support/temp_dir.hpp"
#include "witin/array.hpp"
#include "witin/input.hpp"

using namespace witin;
using namespace witin::sweep;

namespace {

const std::filesystem::path kCase = "golden/digits_mlp";

Engine digits() {
  Result<Package> package = load_package(kCase / "model.wpkg");
  REQUIRE(package.ok());
  Result<Engine> engine = Engine::create(std::move(package).value());
  REQUIRE(engine.ok());
  return std::move(engine).value();
}

std::unique_ptr<FrameSource> images(const Package& package) {
  const std::vector<InputFile> files{{"", kCase / "input.npy"}};
  auto source = open_inputs(package, files);
  REQUIRE(source.ok());
  return std::move(source).value();
}

Result<Subject> subject(const SubjectOptions& options) {
  Engine engine = digits();
  auto source = images(engine.package());
  return Subject::create(std::move(engine), std::move(source), options);
}

// The 360 images in memory.
Array image_codes(const Engine& engine) {
  const auto source = images(engine.package());
  Array array{{source->frames(), 64}, {}};
  array.codes.resize(static_cast<std::size_t>(source->frames()) * 64);
  REQUIRE(source->read(0, 0, source->frames(), Storage::kS32, array.codes.data()).ok());
  return array;
}

std::vector<std::ptrdiff_t> answers(const Array& scores) {
  std::vector<std::ptrdiff_t> places;
  for (std::size_t i = 0; i < scores.codes.size(); i += 10) {
    const auto first = scores.codes.begin() + static_cast<std::ptrdiff_t>(i);
    places.push_back(std::max_element(first, first + 10) - first);
  }
  return places;
}

}  // namespace

TEST_CASE("the noiseless run is measured once, with its labels") {
  const auto digits = subject({.labels = kCase / "labels.npy"});
  REQUIRE(digits.ok());
  const Network& network = digits->network();
  CHECK(network.name == "digits_mlp");
  CHECK(network.frames == 360);
  CHECK(network.metric() == Metric::kAccuracy);
  CHECK(network.layers == std::vector<std::size_t>{0, 1, 2});
  REQUIRE(network.watched.size() == 3);
  CHECK(network.watched[0].name == "fc_1");
  CHECK(network.watched[0].values == 360 * 128);
  CHECK(!network.watched[0].output);
  CHECK(network.watched[2].output);
  // golden/digits_mlp/case.json, as the oracle measured it.
  CHECK(network.noiseless == Measurement{358, 360, std::vector<NodeError>(3)});
  CHECK(score(network, network.noiseless) == 358.0 / 360.0);
  CHECK(digits->measure({}, std::nullopt, 1, nullptr).value() == network.noiseless);
}

TEST_CASE("what is noised is chosen by name") {
  const auto some = subject({.noise_nodes = "fc_[13]"});
  REQUIRE(some.ok());
  CHECK(some->network().layers == std::vector<std::size_t>{0, 2});
  CHECK(some->network().metric() == Metric::kAgreement);
  CHECK(subject({.noise_nodes = "relu_1"}).error().code == "noise.nodes");
  CHECK(subject({.noise_nodes = "conv*"}).error().code == "noise.nodes");
}

TEST_CASE("errors are those between the codes of a noisy and a noiseless run") {
  const auto measured = subject({.labels = kCase / "labels.npy"});
  REQUIRE(measured.ok());
  const Engine engine = digits();
  const std::map<std::string, Array> inputs{{engine.package().inputs.front().name, image_codes(engine)}};
  const auto clean = trace_arrays(engine, inputs);
  REQUIRE(clean.ok());
  NoiseOptions noise;
  noise.model = NoiseModel::parse("normal:6").value();
  noise.seed = 11;
  noise.trial = 3;
  for (const std::optional<std::size_t> layer : {std::optional<std::size_t>(), std::optional<std::size_t>(1)}) {
    RunOptions options;
    options.noise = noise;
    if (layer) options.noise.nodes = "fc_2";
    const auto noisy = trace_arrays(engine, inputs, options);
    REQUIRE(noisy.ok());
    Measurement expected;
    for (const char* node : {"fc_1/npu_y", "fc_2/npu_y", "fc_3/npu_y"}) {
      const Array& a = noisy->at(node);
      const Array& b = clean->at(node);
      NodeError& error = expected.nodes.emplace_back();
      for (std::size_t i = 0; i < a.codes.size(); ++i) {
        const std::int64_t difference = std::abs(std::int64_t{a.codes[i]} - b.codes[i]);
        error.different += difference != 0 ? 1 : 0;
        error.squares += static_cast<std::uint64_t>(difference * difference);
        error.largest = std::max(error.largest, difference);
      }
    }
    const auto left = answers(noisy->at("fc_3/npu_y"));
    const auto right = answers(clean->at("fc_3/npu_y"));
    for (std::size_t i = 0; i < left.size(); ++i) expected.agreeing += left[i] == right[i] ? 1 : 0;
    for (const int threads : {1, 2, 3}) {
      auto found = measured->measure(noise, layer, threads, nullptr);
      REQUIRE(found.ok());
      CHECK(found->nodes == expected.nodes);
      CHECK(found->agreeing == expected.agreeing);
      CHECK(std::abs(found->correct - found->agreeing) <= 2);  // two images are not answered right without noise
    }
    CHECK(expected.nodes[1].different > 0);
    CHECK((expected.nodes[0].different > 0) == !layer);
  }
}

TEST_CASE("labels that do not fit are refused") {
  const test::TempDir dir;
  std::string header =
      std::string("\x93NUMPY\x01\x00\x76\x00", 10) + "{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }";
  header.resize(127, ' ');
  test::write_text(dir / "labels.npy", header + "\n" + std::string(2, '\x01'));
  CHECK(subject({.labels = dir / "labels.npy"}).error().code == "labels.frames");
}
