// Streaming convolutions that see frames after their own, against the same operator over one whole map.
#include <doctest/doctest.h>

#include <cstring>
#include <random>

#include "witin/array.hpp"

namespace {

using witin::Array;
using witin::Engine;
using witin::Package;

constexpr std::int64_t kChannels = 2, kHeight = 3, kOutputs = 3, kKernelH = 2;

struct Case {
  const char* op;
  std::int64_t kernel, dilation, left, right;
};

std::vector<std::int32_t> random_codes(std::size_t count, int lo, int hi, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::int32_t> out(count);
  for (auto& code : out) code = lo + static_cast<int>(random() % static_cast<unsigned>(hi - lo + 1));
  return out;
}

// One node over frames [C, H, width]; `streaming` takes width as 1.
Package network(const Case& c, std::int64_t width, bool streaming) {
  const bool transposed = std::strcmp(c.op, "conv2d") != 0;
  const witin::Shape shape = transposed ? witin::Shape{kChannels, kOutputs, kKernelH, c.kernel}
                                        : witin::Shape{kOutputs, kChannels, kKernelH, c.kernel};
  const auto codes = random_codes(static_cast<std::size_t>(witin::element_count(shape)), -128, 127, 7);
  const auto bytes = std::make_shared<std::vector<std::byte>>();
  for (const auto code : codes) bytes->push_back(static_cast<std::byte>(code));

  Package package;
  package.inputs.push_back({.name = "in", .shape = {kChannels, kHeight, streaming ? 1 : width}});
  package.tensors.push_back({"w", witin::DType::kI8, shape, *bytes});
  package.storage = bytes;
  witin::Node node;
  node.name = "n";
  node.op = c.op;
  node.inputs = {"in"};
  node.tensors["weight"] = 0;
  node.attributes["g"] = std::int64_t{256};
  node.attributes["pads"] = std::vector<std::int64_t>{0, c.left, 0, c.right};
  node.attributes["dilations"] = std::vector<std::int64_t>{1, c.dilation};
  node.attributes["streaming"] = streaming;
  package.nodes = {node};
  package.outputs = {"n"};
  return package;
}

// [T, C, H, 1] from [1, C, H, W], the first T columns.
Array as_frames(const Array& map, std::int64_t frames) {
  const std::int64_t channels = map.shape[1], height = map.shape[2], width = map.shape[3];
  Array out{{frames, channels, height, 1}, {}};
  for (std::int64_t t = 0; t < frames; ++t) {
    for (std::int64_t i = 0; i < channels * height; ++i) {
      out.codes.push_back(map.codes[static_cast<std::size_t>(i * width + t)]);
    }
  }
  return out;
}

}  // namespace

TEST_CASE("a stream that looks ahead equals the whole map, whatever the threads, blocks and part that is run") {
  constexpr std::int64_t kFrames = 11;
  const Case cases[] = {{"conv2d", 3, 1, 1, 1},           {"conv2d", 2, 3, 0, 3},
                        {"conv2d", 4, 1, 1, 2},           {"conv2d", 3, 1, 2, 0},
                        {"conv_transpose2d", 2, 1, 1, 0}, {"conv_transpose2d", 3, 2, 1, 3},
                        {"conv_transpose2d", 3, 1, 2, 0}, {"conv_transpose2d", 3, 1, 0, 0}};
  for (const Case& c : cases) {
    INFO(c.op, " kernel ", c.kernel, " dilation ", c.dilation, " pads ", c.left, " ", c.right);
    const Array map{{1, kChannels, kHeight, kFrames}, random_codes(kChannels * kHeight * kFrames, 0, 255, 3)};
    const auto whole = Engine::create(network(c, kFrames, false));
    const auto stream = Engine::create(network(c, kFrames, true));
    REQUIRE_MESSAGE(whole.ok(), whole.error().line());
    REQUIRE_MESSAGE(stream.ok(), stream.error().line());
    const auto expected = run_arrays(*whole, {{"in", map}});
    REQUIRE(expected.ok());
    const Array frames = as_frames(expected->at("n"), kFrames);
    const Array input = as_frames(map, kFrames);
    for (const int threads : {1, 3}) {
      for (const std::int64_t block : {0, 1, 4}) {
        const auto found = run_arrays(*stream, {{"in", input}}, {.threads = threads, .block_frames = block});
        REQUIRE_MESSAGE(found.ok(), found.error().line());
        CHECK(found->at("n") == frames);
      }
    }
    const auto part = trace_arrays(*stream, {{"in", input}}, {.first_frame = 2, .frames = 5});
    REQUIRE_MESSAGE(part.ok(), part.error().line());
    const std::int64_t size = witin::element_count(frames.shape) / kFrames;
    Array middle{frames.shape, {frames.codes.begin() + 2 * size, frames.codes.begin() + 7 * size}};
    middle.shape[0] = 5;
    CHECK(part->at("n/npu_y") == middle);
  }
}

TEST_CASE("pads that do not give one column a frame are refused") {
  for (const Case& c : {Case{"conv2d", 3, 1, 1, 0}, Case{"conv2d", 3, 1, 2, 1}, Case{"conv2d", 1, 1, 1, 0},
                        Case{"conv_transpose2d", 2, 1, 1, 1}, Case{"conv_transpose2d", 3, 1, 0, 3}}) {
    const auto engine = Engine::create(network(c, 1, true));
    REQUIRE(!engine.ok());
    CHECK(engine.error().code == "attribute.value");
  }
}
