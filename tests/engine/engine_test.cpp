#include "witin/engine.hpp"

#include <doctest/doctest.h>

#include <atomic>

#include "witin/array.hpp"

namespace {

using witin::Array;
using witin::Engine;
using witin::Node;
using witin::Package;

Node relu(std::size_t index, std::string name, std::string input) {
  Node node;
  node.index = index;
  node.name = std::move(name);
  node.op = "relu";
  node.inputs = {std::move(input)};
  return node;
}

Package relu_chain() {
  Package package;
  package.inputs.push_back({.name = "in", .shape = {3}, .bits = 8, .is_signed = true});
  package.nodes = {relu(0, "a", "in"), relu(1, "b", "a"), relu(2, "c", "in")};
  package.outputs = {"b", "c"};
  return package;
}

Array ramp(std::int64_t frames) {
  Array array{{frames, 3}, {}};
  for (std::int64_t i = 0; i < frames * 3; ++i) array.codes.push_back(static_cast<std::int32_t>(i * 7 % 256) - 128);
  return array;
}

Array positive_part(Array array) {
  for (auto& code : array.codes) code = code > 0 ? code : 0;
  return array;
}

}  // namespace

TEST_CASE("a run gives the outputs of the package, whatever the threads and blocks") {
  const auto engine = Engine::create(relu_chain());
  REQUIRE(engine.ok());
  for (const std::int64_t frames : {0, 1, 2, 257, 1000}) {
    for (const int threads : {1, 2, 3, 7}) {
      for (const std::int64_t block : {0, 1, 3, 256}) {
        const auto out = run_arrays(*engine, {{"in", ramp(frames)}}, {.threads = threads, .block_frames = block});
        REQUIRE(out.ok());
        CHECK(out->size() == 2);
        CHECK(out->at("b") == positive_part(ramp(frames)));
        CHECK(out->at("c") == positive_part(ramp(frames)));
      }
    }
  }
}

TEST_CASE("a part of the frames can be run") {
  const auto engine = Engine::create(relu_chain());
  REQUIRE(engine.ok());
  const auto out = run_arrays(*engine, {{"in", ramp(10)}}, {.first_frame = 4, .frames = 3});
  REQUIRE(out.ok());
  const Array whole = positive_part(ramp(10));
  CHECK(out->at("b") == Array{{3, 3}, {whole.codes.begin() + 12, whole.codes.begin() + 21}});
  CHECK(run_arrays(*engine, {{"in", ramp(10)}}, {.first_frame = 4, .frames = 7}).error().code == "run.frames");
  CHECK(run_arrays(*engine, {{"in", ramp(10)}}, {.first_frame = 11}).error().code == "run.frames");
}

TEST_CASE("inputs are checked before anything runs") {
  const auto engine = Engine::create(relu_chain());
  REQUIRE(engine.ok());
  CHECK(run_arrays(*engine, {}).error().code == "input.missing");
  CHECK(run_arrays(*engine, {{"in", ramp(1)}, {"x", ramp(1)}}).error().code == "input.unknown");
  CHECK(run_arrays(*engine, {{"in", Array{{1, 4}, {1, 2, 3, 4}}}}).error().code == "input.shape");
  const auto error = run_arrays(*engine, {{"in", Array{{2, 3}, {1, 2, 3, 4, 128, 6}}}}).error();
  CHECK(error.line() ==
        "input 'in' frame 1 element 1: a code is out of range; expected -128..127, found 128 [input.range]");
}

TEST_CASE("of several errors the one of the earliest frame is reported") {
  const auto engine = Engine::create(relu_chain());
  REQUIRE(engine.ok());
  Array bad = ramp(1000);
  for (const std::size_t frame : {900U, 500U, 123U}) bad.codes[frame * 3] = 1000;
  for (int repeat = 0; repeat < 20; ++repeat) {
    const auto result = run_arrays(*engine, {{"in", bad}}, {.threads = 4, .block_frames = 1});
    CHECK(result.error().where == "input 'in' frame 123 element 0");
  }
}

TEST_CASE("a run can be stopped") {
  const auto engine = Engine::create(relu_chain());
  REQUIRE(engine.ok());
  std::atomic<bool> cancel = false;
  const auto stop = [&](std::int64_t, std::int64_t) { cancel = true; };
  for (const int threads : {1, 2}) {
    cancel = false;
    const auto result = run_arrays(*engine, {{"in", ramp(1000)}},
                                   {.threads = threads, .block_frames = 1, .progress = stop, .cancel = &cancel});
    CHECK(result.error().code == "run.cancelled");
  }
}

TEST_CASE("preparing an engine can be stopped") {
  const std::atomic<bool> cancel = true;
  CHECK(Engine::create(relu_chain(), {.cancel = &cancel}).error().code == "run.cancelled");
}

TEST_CASE("an undefined input and an unknown operator are refused with their place") {
  Package dangling = relu_chain();
  dangling.nodes[1].inputs = {"nothing"};
  CHECK(Engine::create(dangling).error().where == "manifest.json/nodes/1/inputs (b)");
  Package unknown = relu_chain();
  unknown.nodes[2].op = "relux";
  const auto error = Engine::create(unknown).error();
  CHECK(error.code == "node.unknown_operator");
  CHECK(error.where == "manifest.json/nodes/2 (c)");
}

TEST_CASE("blocks of more frames than the machine has memory for are an error") {
  struct Endless final : witin::FrameSource {
    [[nodiscard]] std::int64_t frames() const override { return std::int64_t{1} << 62; }
    witin::Status read(std::size_t, std::int64_t, std::int64_t, witin::Storage, void*) override {
      return witin::Error{"test.read", "a block was read", "", "", "", ""};
    }
  } source;
  const auto engine = Engine::create(relu_chain());
  REQUIRE(engine.ok());
  const auto run = engine->run(source, {}, {.threads = 1, .block_frames = std::int64_t{1} << 62});
  REQUIRE(!run.ok());
  CHECK(run.error().code == "resource.memory");
}
